// A 32-bit index or nothing, in one register.
//
// As std::optional<std::uint32_t>, but that is returned in two parts, which the caller reads as one
// right after they were written: the processor waits some fifteen cycles for it. For what is asked
// for every span.
#pragma once

#include <cstdint>
#include <optional>

namespace betrace {

/// A value type. 0xFFFFFFFF is no index.
class OptionalIndex {
 public:
  constexpr OptionalIndex() = default;
  constexpr OptionalIndex(std::nullopt_t /*nothing*/) noexcept {}
  constexpr OptionalIndex(std::uint32_t index) noexcept : index_(index) {}

  [[nodiscard]] constexpr bool has_value() const noexcept { return index_ != kNone; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  /// Requires: has_value().
  [[nodiscard]] constexpr std::uint32_t operator*() const noexcept { return index_; }

  friend constexpr bool operator==(OptionalIndex, OptionalIndex) = default;

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::uint32_t index_ = kNone;
};

}  // namespace betrace
