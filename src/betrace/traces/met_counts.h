// How many spans of a trace met each predicate, for the few predicates that any of them met.
//
// trace_state.h keeps one; what a number stands for is the business of engine/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "betrace/traces/pooled_array.h"

namespace betrace::traces {

/// Shard-owned.
class MetCounts {
 public:
  struct Entry {
    std::uint32_t predicate = 0;
    std::uint32_t count = 0;
  };

  /// Counts one more span for each of `predicates`.
  void add(std::span<const std::uint32_t> predicates, BlockPool& pool) {
    for (const std::uint32_t predicate : predicates) {
      Entry* const at = std::lower_bound(entries_.begin(), entries_.end(), predicate, is_before);
      if (at != entries_.end() && at->predicate == predicate) {
        ++at->count;
      } else {
        const auto place = at - entries_.begin();
        entries_.push_back({predicate, 1}, pool);
        std::rotate(entries_.begin() + place, entries_.end() - 1, entries_.end());
      }
    }
  }
  void clear(BlockPool& pool) noexcept { entries_.clear(pool); }

  [[nodiscard]] std::uint32_t count(std::uint32_t predicate) const noexcept {
    const auto* const at = std::lower_bound(entries_.begin(), entries_.end(), predicate, is_before);
    return at != entries_.end() && at->predicate == predicate ? at->count : 0;
  }

  /// Those that were met, ascending.
  [[nodiscard]] std::span<const Entry> entries() const noexcept {
    return {entries_.begin(), entries_.size()};
  }

 private:
  static bool is_before(const Entry& entry, std::uint32_t predicate) noexcept {
    return entry.predicate < predicate;
  }

  PooledArray<Entry> entries_;
};

}  // namespace betrace::traces
