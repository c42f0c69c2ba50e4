// The ids of the keys that spans are sent with, as small numbers that a trace has room for.
//
// The engine's door gives a number to each request; the shard looks the id up when it records a
// violation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace betrace::engine {

/// Thread-safe.
class SenderNames {
 public:
  /// Keys come and go; those beyond so many in the life of a process have no number.
  static constexpr std::size_t kNamesMax = 10'000;

  /// Returns the number of `name`, from 1; 0 if it is empty or one too many.
  [[nodiscard]] std::uint16_t number_of(std::string_view name);
  /// Returns the name; empty for 0. Requires: given out by number_of().
  [[nodiscard]] std::string name_of(std::uint16_t number) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint16_t, std::less<>> numbers_;
  std::deque<std::string> names_;  // the first has number 1
};

}  // namespace betrace::engine
