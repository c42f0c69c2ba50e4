#include "betrace/otlp/text_ids.h"

#include <algorithm>

#include "betrace/base/sha256.h"

namespace betrace::otlp {
namespace {

template <typename IdType>
std::optional<TextId<IdType>> id_of_text(std::string_view text) {
  TextId<IdType> found;
  if (IdType::parse(text, &found.id)) {
    if (found.id.is_zero()) return std::nullopt;
    return found;
  }
  if (text.empty() || text.size() > kTextIdBytesMax) return std::nullopt;
  const Sha256 digest = sha256(text);
  std::copy_n(digest.begin(), found.id.bytes.size(), found.id.bytes.begin());
  found.is_mapped = true;
  return found;
}

}  // namespace

std::optional<TextId<model::TraceId>> trace_id_of_text(std::string_view text) {
  return id_of_text<model::TraceId>(text);
}

std::optional<TextId<model::SpanId>> span_id_of_text(std::string_view text) {
  return id_of_text<model::SpanId>(text);
}

}  // namespace betrace::otlp
