// Deadlines of things that are named by small indexes: one each, moved often, read in order.
//
// traces/trace_table.h keeps one per open trace. A heap whose outdated entries are skipped when
// they come up, so that moving a deadline costs no search.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "betrace/base/time.h"

namespace betrace::traces {

/// Shard-owned.
class DeadlineQueue {
 public:
  struct Entry {
    MonotonicTime deadline;
    std::uint32_t index = 0;
  };

  /// Sets the deadline of `index`, replacing the one it had. Cost: O(log n), nothing if unchanged.
  void arm(std::uint32_t index, MonotonicTime deadline);

  /// Removes the deadline of `index`, if it has one.
  void disarm(std::uint32_t index) noexcept;

  /// The deadline of `index`, or nothing.
  [[nodiscard]] std::optional<MonotonicTime> deadline(std::uint32_t index) const noexcept;

  /// Removes and returns the earliest deadline if it is at or before `now`; of equal ones the one
  /// with the lowest index.
  [[nodiscard]] std::optional<Entry> pop_due(MonotonicTime now);

  /// The earliest deadline, or one that was earlier before it moved: never too late.
  [[nodiscard]] std::optional<MonotonicTime> earliest() const noexcept;

 private:
  struct Later {
    bool operator()(const Entry& left, const Entry& right) const noexcept {
      return left.deadline != right.deadline ? left.deadline > right.deadline
                                             : left.index > right.index;
    }
  };

  [[nodiscard]] bool is_current(const Entry& entry) const noexcept;
  void sweep();

  std::priority_queue<Entry, std::vector<Entry>, Later> heap_;
  std::vector<std::optional<MonotonicTime>> armed_;  // by index
  std::size_t armed_count_ = 0;
};

}  // namespace betrace::traces
