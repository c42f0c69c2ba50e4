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
  static_assert(N % sizeof(std::uint64_t) == 0);

  std::array<std::uint8_t, N> bytes{};

  friend auto operator<=>(const Id&, const Id&) = default;
  /// By words: every span of a trace asks this.
  friend bool operator==(const Id& left, const Id& right) noexcept {
    std::uint64_t difference = 0;
    for (std::size_t at = 0; at < N; at += sizeof difference) {
      difference |= left.word(at) ^ right.word(at);
    }
    return difference == 0;
  }
  [[nodiscard]] bool is_zero() const noexcept { return *this == Id{}; }
  /// Eight bytes from `at` on as they lie in memory. Requires: they are there.
  [[nodiscard]] std::uint64_t word(std::size_t at = 0) const noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
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
