// What is kept of one trace: its spans, each id once, and what closing and grading ask of them.
//
// traces/trace_table.h owns them. Knows no rule and reads no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "betrace/model/kept_span.h"
#include "betrace/traces/closure.h"
#include "betrace/traces/completeness.h"
#include "betrace/traces/keyed_hash.h"

namespace betrace::traces {

/// What happened to a span that was offered to its trace.
enum class AddResult : std::uint8_t {
  Added,
  Duplicate,    ///< Its id is known and its content the same.
  Conflicting,  ///< Its id is known, with other content; the first copy wins.
};

/// One trace, open or closed. Movable. Shard-owned.
class TraceState {
 public:
  TraceState(const model::TraceId& id, MonotonicTime now, bool is_reopened, const HashKey& key);

  /// Adds `span` unless its id is known. A duplicate changes nothing, activity included.
  /// Cost: O(1) expected. Requires: the span is of this trace.
  AddResult add(model::KeptSpan span, MonotonicTime now);

  /// Computes once, until the next span arrives, whether a parent is missing. Cost: one pass.
  void settle();

  [[nodiscard]] const model::TraceId& id() const noexcept { return id_; }
  [[nodiscard]] const TraceActivity& activity() const noexcept { return activity_; }
  /// In order of arrival.
  [[nodiscard]] std::span<const model::KeptSpan> spans() const noexcept { return spans_; }
  /// Views of spans(), in the same order. Valid until the next add().
  [[nodiscard]] std::vector<const model::SpanView*> views() const;

  /// How complete the trace is if it closes, or has closed, for `reason`. Settles it.
  [[nodiscard]] Completeness grade(CloseReason reason);

  [[nodiscard]] bool is_reopened() const noexcept { return facts_.is_reopened; }
  /// Set when a limit keeps further spans out.
  void mark_limited() noexcept { facts_.is_cut = true; }

  /// Earliest start and latest (corrected) end, Unix ns. Requires: there is a span.
  [[nodiscard]] std::uint64_t start() const noexcept { return start_; }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

  /// Memory held, bytes as allocated, with index and overhead.
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept;

 private:
  using Index = std::unordered_map<model::SpanId, std::uint32_t, KeyedHash>;

  [[nodiscard]] std::optional<std::uint32_t> find(const model::SpanId& id) const;
  void index(const model::SpanId& id);
  void note(const model::SpanView& span);

  model::TraceId id_;
  HashKey key_;
  TraceActivity activity_;
  GradeFacts facts_;
  bool is_settled_ = false;
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
  std::vector<model::KeptSpan> spans_;
  std::unique_ptr<Index> index_;  // only for traces too long to scan
};

}  // namespace betrace::traces
