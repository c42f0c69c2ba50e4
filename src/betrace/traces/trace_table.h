// All traces of one shard: the open ones, and the closed ones that are kept for late spans.
//
// It finds, times, closes and evicts traces within a memory budget; engine/shard.cc asks what is
// due and decides the rules. A trace is named by its index, which is reused after it is evicted, so
// that the owner can keep data of its own beside it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "betrace/base/optional_index.h"
#include "betrace/traces/closure.h"
#include "betrace/traces/evicted_filter.h"
#include "betrace/traces/id_table.h"
#include "betrace/traces/index_chains.h"
#include "betrace/traces/keyed_hash.h"
#include "betrace/traces/slab.h"
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

  /// A part of the keyed hash of an id, by which it is found.
  using Tag = std::uint32_t;
  [[nodiscard]] Tag tag_of(const model::TraceId& id) const noexcept {
    return static_cast<Tag>(context_.hash(id));
  }

  [[nodiscard]] OptionalIndex find(const model::TraceId& id) const { return find(id, tag_of(id)); }
  /// Requires: tag_of(id).
  [[nodiscard]] OptionalIndex find(const model::TraceId& id, Tag tag) const {
    return ids_.find(tag,
                     [this, &id](TraceIndex index) { return slots_[index].state->id() == id; });
  }

  /// Asks the processor, in three steps some spans apart, for what find(), open() and add() will
  /// read. The second returns what find() most likely returns, which the third takes; whatever
  /// happened in between.
  void prefetch_slot(Tag tag) const noexcept { ids_.prefetch(tag); }
  [[nodiscard]] OptionalIndex prefetch_state(const model::TraceId& id, Tag tag) const noexcept;
  void prefetch_spans(TraceIndex index) const noexcept;

  /// Opens a trace whose first span is about to be added. Requires: find(id) is nothing.
  TraceIndex open(const model::TraceId& id, MonotonicTime now);

  /// Adds a span to an open or closed trace. Limited: the trace holds its limit of spans or bytes,
  /// and nothing changed.
  TableAdd add(TraceIndex index, const ArrivingSpan& span, MonotonicTime now);

  [[nodiscard]] TraceState& state(TraceIndex index) noexcept { return *slots_[index].state; }
  /// Why it closed; nothing while it is open.
  [[nodiscard]] std::optional<CloseReason> closed_for(TraceIndex index) const noexcept {
    return slots_[index].closed_for;
  }

  /// True once the trace holds its limit of spans or bytes: an open one must close at once.
  [[nodiscard]] bool is_full(TraceIndex index) const noexcept {
    return traces::is_full(slots_[index].state->activity(), limits_.closure);
  }

  /// Takes the open trace that has been due for longest; the owner must close() it. Traces that
  /// became due together come in order of arrival. Cost: O(1) amortized.
  [[nodiscard]] std::optional<DueTrace> next_due(MonotonicTime now);

  /// The open trace that was opened first; nothing if none is open.
  [[nodiscard]] OptionalIndex oldest_open() const noexcept;

  /// Keeps an open trace as closed from `now` on.
  void close(TraceIndex index, CloseReason reason, MonotonicTime now);

  /// The closed trace that must be evicted now, oldest first: its late window is over, or memory is
  /// spent. Nothing if there is none.
  [[nodiscard]] OptionalIndex next_eviction(MonotonicTime now) const noexcept;

  /// The open trace that is idle for longest, if memory is spent and no closed trace is left.
  [[nodiscard]] OptionalIndex next_shed() const noexcept;

  /// Forgets a closed trace; only a bounded filter remembers its id.
  void evict(TraceIndex index, MonotonicTime now);

  /// Counts bytes that the owner keeps beside a trace; given back when it is evicted.
  void charge(TraceIndex index, std::uint64_t bytes) noexcept;

  /// True if traces must go: then next_eviction() or next_shed() names one. Cost: O(1), for every
  /// span.
  [[nodiscard]] bool is_memory_spent() const noexcept { return memory_bytes() > limits_.bytes_max; }

  /// The earliest time at which something may be due.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const noexcept;

  /// Every index of a trace is below.
  [[nodiscard]] TraceIndex index_end() const noexcept { return slots_.capacity(); }

  [[nodiscard]] std::size_t open_count() const noexcept { return open_count_; }
  [[nodiscard]] std::size_t closed_count() const noexcept { return ids_.size() - open_count_; }
  /// Memory of open and closed traces, of what is kept ready for others and of the filter, as
  /// allocated. Cost: O(1).
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept {
    // The stock counts as full, so that an eviction gives back what it gives to the stock.
    return (std::uint64_t{slots_.used()} + slots_.spare()) * kSlotBytes + ids_.byte_count() +
           context_.pool.stock_max() + context_.pool.used_bytes() + charged_bytes_ +
           filter_.byte_count();
  }
  /// How long the trace that was evicted last had been kept closed; `late_max` before the first.
  [[nodiscard]] std::chrono::nanoseconds late_window() const noexcept { return late_window_; }

 private:
  // Each trace is in one of these. An open one waits for `quiet` after its last span; then, unless
  // it was complete, for `idle_max`. So each chain is in order of deadlines, and nothing is sorted.
  enum ByArrival : IndexChains::Chain { Waking, Quiet, Closed, ByArrivalCount };

  struct Slot {
    std::optional<TraceState> state;  // nothing while the index is free
    std::uint64_t charged_bytes = 0;
    MonotonicTime closed_at;
    Tag tag = 0;  // in ids_
    std::optional<CloseReason> closed_for;
  };

  // With its links in the chains, and the room in which these grow.
  static constexpr std::uint64_t kSlotBytes = sizeof(Slot) + 2 * 2 * 8;

  struct Timer {
    MonotonicTime deadline;
    TraceIndex index = 0;
  };

  // Many traces close, or are evicted, one after the other: asks for what the next one in the chain
  // of `index` needs, and for the slot of the one after that.
  void prefetch_followers(TraceIndex index) const noexcept;
  [[nodiscard]] std::optional<Timer> next_timer() const noexcept;
  [[nodiscard]] OptionalIndex idle_longest() const noexcept;

  TableLimits limits_;
  TraceContext context_;  // outlives the states
  IdTable ids_;
  Slab<Slot> slots_;
  IndexChains by_arrival_{ByArrivalCount};  // idle for longest first; Closed: closed first first
  IndexChains by_opening_{1};               // the open ones
  std::size_t open_count_ = 0;
  EvictedFilter filter_;
  std::uint64_t charged_bytes_ = 0;
  std::chrono::nanoseconds late_window_;
};

}  // namespace betrace::traces
