// Trace and span ids: raw bytes, compared and printed as OpenTelemetry does.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "betrace/base/hex.h"

namespace betrace::model {

/// `N` raw bytes; all zero means "none", as on the wire. Source: OTLP Span.trace_id, span_id.
template <std::size_t N>
struct Id {
  std::array<std::uint8_t, N> bytes{};

  friend auto operator<=>(const Id&, const Id&) = default;
  [[nodiscard]] bool is_zero() const noexcept { return *this == Id{}; }
  /// Lower-case hex, 2 * N digits.
  [[nodiscard]] std::string hex() const { return to_hex(bytes); }
  /// Reads 2 * N hex digits of either case into `*id`; false if `text` is anything else.
  [[nodiscard]] static bool parse(std::string_view text, Id* id) noexcept {
    return from_hex(text, id->bytes);
  }
};

using TraceId = Id<16>;
using SpanId = Id<8>;

}  // namespace betrace::model

template <std::size_t N>
struct std::hash<betrace::model::Id<N>> {
  std::size_t operator()(const betrace::model::Id<N>& id) const noexcept {
    return std::hash<std::string_view>()(
        std::string_view(reinterpret_cast<const char*>(id.bytes.data()), N));
  }
};
