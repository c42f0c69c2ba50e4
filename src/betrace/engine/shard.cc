#include "betrace/engine/shard.h"

#include <algorithm>
#include <utility>

#include "betrace/engine/blind_window.h"
#include "betrace/engine/docket.h"
#include "betrace/engine/look_ahead.h"
#include "betrace/engine/network_judge.h"
#include "betrace/engine/verdicts.h"

namespace betrace::engine {
namespace {

using model::CloseReason;
using traces::TableAdd;
using traces::TraceIndex;

constexpr std::uint64_t kDocketBytes = sizeof(Docket);

std::unique_ptr<TraceJudge> or_network(std::unique_ptr<TraceJudge> judge, std::uint64_t steps_max) {
  return judge != nullptr ? std::move(judge) : std::make_unique<NetworkJudge>(steps_max);
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

/// Lets table and verdicts act on each other: the one knows memory and time, the other rules.
class Shard::Core {
 public:
  Core(const ShardOptions& options, const ActiveRules& rules, model::ViolationSink& sink,
       ShardHooks hooks, std::shared_ptr<NoiseLimit> noise, std::unique_ptr<TraceJudge> judge)
      : table_(options.table),
        verdicts_(rules, sink, or_network(std::move(judge), options.rule_steps_max),
                  noise != nullptr
                      ? std::move(noise)
                      : std::make_shared<NoiseLimit>(options.noise, std::move(hooks.suppressed)),
                  EvaluationSampler(options.stopwatch, std::move(hooks.sampled)), options.senders,
                  std::move(hooks.quarantined)) {}

  void add(const SpanBatch& batch, const Now& at) {
    advance(at);
    const Now now = forward(at);
    std::uint64_t added = 0;
    auto kept = batch.kept.all().begin();
    LookAhead look_ahead(batch.items, table_, dockets_);
    for (std::size_t i = 0; i < batch.items.size(); ++i) {
      const traces::TraceTable::Tag tag = look_ahead.advance(i);
      const SpanBatch::Item& item = batch.items[i];
      traces::ArrivingSpan span{item.record, {}, batch.met_by(item)};
      if (item.is_kept) span.kept = *kept++;
      if (add_span(span, tag, batch, now)) ++added;
      if (table_.is_memory_spent()) relieve_memory(now);
    }
    statistics_.spans_ingested[batch.protocol] += added;
    statistics_.spans_own += batch.own_spans;
    // Early and late decisions see the whole batch, so that one request is judged once.
    for (const TraceIndex index : touched_) settle_pending(index, now);
    touched_.clear();
    verdicts_.report_held_back(now);
  }

  void advance(const Now& at) {
    const Now now = forward(at);
    verdicts_.refresh();
    while (const auto due = table_.next_due(now.monotonic)) {
      statistics_.closing_lag_seconds = seconds(now.monotonic - due->deadline);
      close(due->index, due->reason, {due->deadline, now.wall});
    }
    relieve_memory(now);
    verdicts_.advance(now);
    if (blind_.is_due(now.monotonic)) blind_.advance(now.monotonic, verdicts_.statistics());
  }

  bool close_oldest(CloseReason reason, const Now& at) {
    const Now now = forward(at);
    const auto index = table_.oldest_open();
    if (!index.has_value()) return false;
    verdicts_.refresh();
    close(*index, reason, now);
    return true;
  }

  void end() { verdicts_.flush(); }

  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const {
    return table_.next_deadline();
  }

  const ShardStatistics& statistics() {
    statistics_.traces_open = table_.open_count();
    statistics_.traces_kept_closed = table_.closed_count();
    statistics_.traces_bytes = table_.memory_bytes();
    statistics_.late_window_seconds = seconds(table_.late_window());
    statistics_.rules = verdicts_.statistics();
    statistics_.rules_forgotten = verdicts_.forgotten();
    for (auto& [id, rule] : statistics_.rules) rule.recent = blind_.since(id, rule);
    return statistics_;
  }

 private:
  using Pending = Docket::Pending;

  // Time never goes back, whoever passes it.
  Now forward(const Now& at) {
    latest_ = std::max(latest_, at.monotonic);
    return {latest_, at.wall};
  }

  // True if the span was added to its trace.
  bool add_span(const traces::ArrivingSpan& span, traces::TraceTable::Tag tag,
                const SpanBatch& batch, const Now& now) {
    const TraceIndex index = find_or_open(span.record.trace_id, tag, batch.rules, now);
    switch (table_.add(index, span, now.monotonic)) {
      case TableAdd::Added:
        dockets_[index].sender = batch.sender;
        on_added(index, span.met, now);
        return true;
      case TableAdd::Conflicting:
        ++statistics_.spans_conflicting;
        [[fallthrough]];
      case TableAdd::Duplicate:
        ++statistics_.spans_duplicate;
        return false;
      case TableAdd::Limited:
        ++statistics_.spans_trace_limit;
        verdicts_.on_dropped(dockets_[index]);
        return false;
    }
    return false;
  }

  TraceIndex find_or_open(const model::TraceId& id, traces::TraceTable::Tag tag,
                          const std::shared_ptr<const RuleSet>& rules, const Now& now) {
    if (const auto known = table_.find(id, tag)) return *known;
    const TraceIndex index = table_.open(id, now.monotonic);
    if (index >= dockets_.size()) dockets_.resize(table_.index_end());
    dockets_[index] = verdicts_.open_docket(rules);
    table_.charge(index, kDocketBytes);
    return index;
  }

  void on_added(TraceIndex index, std::span<const rules::PredicateId> met, const Now& now) {
    const bool is_late = table_.closed_for(index).has_value();
    Docket& docket = dockets_[index];
    if (is_late) {
      ++statistics_.spans_late_redecided;
    } else if (table_.state(index).is_reopened()) {
      ++statistics_.spans_late_reopened;
    }
    if (docket.pending == Pending::Nothing) touched_.push_back(index);
    docket.pending = is_late ? Pending::Late : Pending::Early;
    verdicts_.on_span(&docket, table_.state(index), met, is_late, now);
    if (!is_late && table_.is_full(index)) close(index, CloseReason::SpanLimit, now);
  }

  void close(TraceIndex index, CloseReason reason, const Now& now) {
    Docket& docket = dockets_[index];
    docket.pending = Pending::Nothing;
    const auto grade = verdicts_.on_close(&docket, &table_.state(index), reason, now);
    ++statistics_
          .traces_closed[static_cast<std::size_t>(reason) - 1][static_cast<std::size_t>(grade) - 1];
    table_.charge(index, docket.entries.capacity() * sizeof(DocketEntry));
    table_.close(index, reason, now.monotonic);
  }

  // What the batch has left to decide for a trace, unless it was closed or evicted meanwhile.
  void settle_pending(TraceIndex index, const Now& now) {
    Docket& docket = dockets_[index];
    const Pending pending = std::exchange(docket.pending, Pending::Nothing);
    if (pending == Pending::Early) verdicts_.on_growth(&docket, table_.state(index), now);
    if (pending != Pending::Late) return;
    verdicts_.on_late(&docket, &table_.state(index), *table_.closed_for(index), now);
  }

  void evict(TraceIndex index, const Now& now) {
    settle_pending(index, now);
    table_.evict(index, now.monotonic);
    dockets_[index] = Docket{};
  }

  // Closed traces go first, oldest first; then the open ones that are idle for longest.
  void relieve_memory(const Now& now) {
    while (const auto index = table_.next_eviction(now.monotonic)) evict(*index, now);
    while (const auto index = table_.next_shed()) {
      close(*index, CloseReason::Memory, now);
      evict(*index, now);
    }
  }

  traces::TraceTable table_;
  Verdicts verdicts_;
  std::vector<Docket> dockets_;      // by index of the table
  std::vector<TraceIndex> touched_;  // by the batch at hand
  BlindWindow blind_;
  MonotonicTime latest_ = MonotonicTime::min();
  ShardStatistics statistics_;
};

Shard::Shard(const ShardOptions& options, const ActiveRules& rules, model::ViolationSink& sink,
             ShardHooks hooks, std::shared_ptr<NoiseLimit> noise, std::unique_ptr<TraceJudge> judge)
    : core_(std::make_unique<Core>(options, rules, sink, std::move(hooks), std::move(noise),
                                   std::move(judge))) {}

Shard::~Shard() = default;

void Shard::add(const SpanBatch& batch, const Now& now) { core_->add(batch, now); }

void Shard::advance(const Now& now) { core_->advance(now); }

bool Shard::close_oldest(CloseReason reason, const Now& now) {
  return core_->close_oldest(reason, now);
}

void Shard::end() { core_->end(); }

void Shard::close_all(CloseReason reason, const Now& now) {
  while (core_->close_oldest(reason, now)) {
  }
  core_->end();
}

std::optional<MonotonicTime> Shard::next_deadline() const { return core_->next_deadline(); }

const ShardStatistics& Shard::statistics() { return core_->statistics(); }

}  // namespace betrace::engine
