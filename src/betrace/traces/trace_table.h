// All traces of one shard: the open ones, and the closed ones that are kept for late spans.
//
// It finds, times, closes and evicts traces within a memory budget; engine/shard.cc asks what is
// due and decides the rules. A trace is named by its index, which is reused after it is evicted, so
// that the owner can keep data of its own beside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "betrace/traces/closure.h"
#include "betrace/traces/deadline_queue.h"
#include "betrace/traces/evicted_filter.h"
#include "betrace/traces/keyed_hash.h"
#include "betrace/traces/trace_state.h"

namespace betrace::traces {

using TraceIndex = std::uint32_t;

struct TableLimits {
  ClosureLimits closure;
  std::chrono::milliseconds late_max{60'000};      ///< `trace.late`
  std::uint64_t bytes_max = 512ULL * 1024 * 1024;  ///< `limits.traces_bytes` of this shard
  HashKey hash_key{0x8F14E45FCEEA167AULL, 0x1B2E9D8C7A6F5043ULL};  ///< Random in `serve`.
};

/// A trace that must close now.
struct DueTrace {
  TraceIndex index = 0;
  CloseReason reason = CloseReason::Idle;
  MonotonicTime deadline;  ///< When it became due.
};

/// What happened to a span that was offered to a trace of the table.
enum class TableAdd : std::uint8_t { Added, Duplicate, Conflicting, Limited };

/// Shard-owned.
class TraceTable {
 public:
  explicit TraceTable(const TableLimits& limits);

  [[nodiscard]] std::optional<TraceIndex> find(const model::TraceId& id) const;

  /// Opens a trace whose first span is about to be added. Requires: find(id) is nothing.
  TraceIndex open(const model::TraceId& id, MonotonicTime now);

  /// Adds a span to an open or closed trace. Limited: the trace holds its limit of spans or bytes,
  /// and nothing changed.
  TableAdd add(TraceIndex index, ArrivingSpan span, MonotonicTime now);

  [[nodiscard]] TraceState& state(TraceIndex index) noexcept;
  /// Why it closed; nothing while it is open.
  [[nodiscard]] std::optional<CloseReason> closed_for(TraceIndex index) const noexcept;

  /// True once the trace holds its limit of spans or bytes: an open one must close at once.
  [[nodiscard]] bool is_full(TraceIndex index) const noexcept;

  /// Takes the open trace that has been due for longest; the owner must close() it. Cost: O(log n).
  [[nodiscard]] std::optional<DueTrace> next_due(MonotonicTime now);

  /// The open trace that was opened first; nothing if none is open.
  [[nodiscard]] std::optional<TraceIndex> oldest_open() const noexcept;

  /// Keeps an open trace as closed from `now` on.
  void close(TraceIndex index, CloseReason reason, MonotonicTime now);

  /// The closed trace that must be evicted now, oldest first: its late window is over, or memory is
  /// spent. Nothing if there is none.
  [[nodiscard]] std::optional<TraceIndex> next_eviction(MonotonicTime now) const noexcept;

  /// The open trace that is idle for longest, if memory is spent and no closed trace is left.
  [[nodiscard]] std::optional<TraceIndex> next_shed() const noexcept;

  /// Forgets a closed trace; only a bounded filter remembers its id.
  void evict(TraceIndex index, MonotonicTime now);

  /// Counts bytes that the owner keeps beside a trace; given back when it is evicted.
  void charge(TraceIndex index, std::uint64_t bytes) noexcept;

  /// The earliest time at which something may be due.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const noexcept;

  [[nodiscard]] std::size_t open_count() const noexcept { return open_by_arrival_.size(); }
  [[nodiscard]] std::size_t closed_count() const noexcept { return closed_.size(); }
  /// Memory of open and closed traces and of the filter, as allocated.
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept {
    return bytes_ + filter_.byte_count();
  }
  /// How long the trace that was evicted last had been kept closed; `late_max` before the first.
  [[nodiscard]] std::chrono::nanoseconds late_window() const noexcept { return late_window_; }

 private:
  struct Entry {
    std::optional<TraceState> state;  // nothing while the index is free
    std::optional<CloseReason> closed_for;
    MonotonicTime closed_at;
    std::uint64_t bytes = 0;  // accounted for this trace
    std::uint64_t extra_bytes = 0;
    std::list<TraceIndex>::iterator by_arrival;  // in open_by_arrival_ or closed_
    std::list<TraceIndex>::iterator by_opening;  // in open_by_opening_
  };

  [[nodiscard]] bool is_memory_spent() const noexcept;
  void account(Entry* entry) noexcept;
  void arm(TraceIndex index);

  TableLimits limits_;
  std::vector<Entry> entries_;
  std::vector<TraceIndex> free_;
  std::unordered_map<model::TraceId, TraceIndex, KeyedHash> by_id_;
  std::list<TraceIndex> open_by_arrival_;  // idle for longest first
  std::list<TraceIndex> open_by_opening_;
  std::list<TraceIndex> closed_;  // closed first first
  DeadlineQueue deadlines_;
  EvictedFilter filter_;
  std::uint64_t bytes_ = 0;
  std::chrono::nanoseconds late_window_;
};

}  // namespace betrace::traces
