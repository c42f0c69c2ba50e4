// What is kept of one trace: the ids of its spans, each id once, the spans that matter to a rule,
// and what closing, grading and deciding ask of all of them.
//
// traces/trace_table.h owns them. Knows no rule and reads no clock.
#pragma once

#include <cstdint>
#include <new>
#include <span>
#include <vector>

#include "betrace/base/prefetch.h"
#include "betrace/model/kept_span.h"
#include "betrace/traces/closure.h"
#include "betrace/traces/completeness.h"
#include "betrace/traces/keyed_hash.h"
#include "betrace/traces/met_counts.h"
#include "betrace/traces/pooled_array.h"
#include "betrace/traces/span_ids.h"
#include "betrace/traces/span_record.h"

namespace betrace::traces {

/// What happened to a span that was offered to its trace.
enum class AddResult : std::uint8_t {
  Added,
  Duplicate,    ///< Its id is known and its content, as far as it is kept, the same.
  Conflicting,  ///< Its id is known, with other content; the first copy wins.
};

/// A span that arrives. `kept` is what rules or witnesses may read of it: null if none does, or if
/// it is spared, though it meets predicates.
struct ArrivingSpan {
  SpanRecord record;
  model::PackedSpan kept;
  std::span<const std::uint32_t> met;  ///< The predicates that it meets, ascending.

  [[nodiscard]] bool is_spared() const noexcept { return kept.view == nullptr && !met.empty(); }
};

/// The spans of a trace as views: what is kept whole, and of the others that they are there.
struct TraceViews {
  std::vector<model::SpanView> counted_only;
  std::vector<const model::SpanView*> all;  ///< In order of arrival.
};

/// What the traces of a shard share: the memory for their spans, and how ids are hashed.
struct TraceContext {
  TraceContext(const HashKey& key, std::uint64_t stock_max) : hash(key), pool(stock_max) {}

  KeyedHash hash;
  BlockPool pool;
};

/// One trace, open or closed. Shard-owned.
class TraceState {
 public:
  /// `context` must outlive it.
  TraceState(const model::TraceId& id, MonotonicTime now, bool is_reopened, TraceContext& context);
  ~TraceState();
  TraceState(const TraceState&) = delete;
  TraceState& operator=(const TraceState&) = delete;

  /// Adds `span`, of which it copies what is kept, unless its id is known. A duplicate changes
  /// nothing, activity included.
  /// Cost: O(1) expected; memory from the pool only. Requires: the span is of this trace.
  AddResult add(const ArrivingSpan& span, MonotonicTime now);

  /// Computes once, until the next span arrives, whether a parent is missing. Cost: one pass.
  void settle();

  /// Asks the processor for what add() reads and writes besides the state.
  void prefetch_spans() const noexcept {
    ids_.entries().prefetch_push();
    prefetch_to_write(met_.entries().data());
  }

  /// Asks it for all that closing and forgetting read, but for the spans that are kept whole.
  void prefetch_all() const noexcept {
    const auto& ids = ids_.entries();
    prefetch_to_write(ids.begin(), ids.size() * sizeof(SpanIds::Entry));
    prefetch_to_write(met_.entries().data());
    prefetch_to_write(kept_.begin());
  }

  [[nodiscard]] const model::TraceId& id() const noexcept { return id_; }
  [[nodiscard]] const TraceActivity& activity() const noexcept { return activity_; }
  [[nodiscard]] const MetCounts& met() const noexcept { return met_; }
  /// Views of the spans. Valid until the next add().
  [[nodiscard]] TraceViews views() const;
  /// The span that was added last; null if it is counted only. Requires: there is a span.
  [[nodiscard]] const model::SpanView* last_span() const noexcept;

  /// How complete the trace is if it closes, or has closed, for `reason`. Settles it.
  [[nodiscard]] Completeness grade(CloseReason reason);

  [[nodiscard]] bool is_reopened() const noexcept { return is_reopened_; }
  /// Set when a limit keeps further spans out.
  void mark_limited() noexcept { is_cut_ = true; }

  /// Earliest start and latest (corrected) end, Unix ns. Requires: there is a span.
  [[nodiscard]] std::uint64_t start() const noexcept { return start_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  /// Spans with status `error`.
  [[nodiscard]] std::uint64_t error_count() const noexcept { return error_count_; }

 private:
  struct Kept {
    std::byte* block = nullptr;  // of the pool; a packed span
    std::uint32_t byte_count = 0;
    std::uint32_t place = 0;  // in ids_

    [[nodiscard]] const model::SpanView& view() const noexcept {
      return *std::launder(reinterpret_cast<const model::SpanView*>(block));
    }
  };

  [[nodiscard]] const Kept* kept_at(std::uint32_t place) const noexcept;
  [[nodiscard]] bool is_same(std::uint32_t known, const ArrivingSpan& copy) const;
  void note(const SpanRecord& span) noexcept;
  void keep(const model::PackedSpan& span);

  model::TraceId id_;
  TraceContext& context_;
  TraceActivity activity_;
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
  SpanIds ids_;
  PooledArray<Kept> kept_;  // by place
  MetCounts met_;
  std::uint32_t error_count_ = 0;
  bool is_reopened_;
  bool has_spared_ = false;  // a span that might be kept at another time
  bool is_cut_ = false;      // a span lost parts, or was kept out, by a limit
  bool is_settled_ = false;
};

}  // namespace betrace::traces
