// How many spans of a trace met each predicate, for the few predicates that any of them met.
//
// trace_state.h keeps one; what a number stands for is the business of engine/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace betrace::traces {

/// A value type.
class MetCounts {
 public:
  struct Entry {
    std::uint32_t predicate = 0;
    std::uint32_t count = 0;
  };

  /// Counts one more span for each of `predicates`.
  void add(std::span<const std::uint32_t> predicates) {
    for (const std::uint32_t predicate : predicates) {
      const auto at = position(predicate);
      if (at != entries_.end() && at->predicate == predicate) {
        ++at->count;
      } else {
        entries_.insert(at, {predicate, 1});
      }
    }
  }

  [[nodiscard]] std::uint32_t count(std::uint32_t predicate) const noexcept {
    const auto at = std::lower_bound(entries_.begin(), entries_.end(), predicate, is_before);
    return at != entries_.end() && at->predicate == predicate ? at->count : 0;
  }

  /// Those that were met, ascending.
  [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }
  [[nodiscard]] std::uint64_t byte_count() const noexcept {
    return entries_.capacity() * sizeof(Entry);
  }

 private:
  static bool is_before(const Entry& entry, std::uint32_t predicate) noexcept {
    return entry.predicate < predicate;
  }
  [[nodiscard]] std::vector<Entry>::iterator position(std::uint32_t predicate) noexcept {
    return std::lower_bound(entries_.begin(), entries_.end(), predicate, is_before);
  }

  std::vector<Entry> entries_;
};

}  // namespace betrace::traces
