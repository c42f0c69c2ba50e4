// Ids that people write in JSON: hex, or any short text that stands for an id.
//
// Used by the JSON span reader and by the API's `trace_id` filters, so that a lookup by the
// original text works. OTLP ids do not pass here: they must be legal.
#pragma once

#include <optional>
#include <string_view>

#include "betrace/model/ids.h"

namespace betrace::otlp {

/// Longest text that can stand for an id, in bytes.
inline constexpr std::size_t kTextIdBytesMax = 128;

/// An id and whether it is a digest of the text instead of its hex value.
template <typename IdType>
struct TextId {
  IdType id;
  bool is_mapped = false;
};

/// Returns the value of 32 hex digits (16 for a span id), else the first bytes of the text's
/// SHA-256. Nothing: the text is empty, longer than `kTextIdBytesMax`, or all zeros.
[[nodiscard]] std::optional<TextId<model::TraceId>> trace_id_of_text(std::string_view text);
[[nodiscard]] std::optional<TextId<model::SpanId>> span_id_of_text(std::string_view text);

}  // namespace betrace::otlp
