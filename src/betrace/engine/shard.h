// The core of the engine: spans in, violations out, on one thread, with time passed in.
//
// engine/engine.h runs it behind a queue; replay, eval, rule tests and scenarios call it directly.
// Reads no clock, takes no lock, touches no disk. Source: docs/internals/traces.md.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/engine/active_rules.h"
#include "betrace/engine/evaluation_sampler.h"
#include "betrace/engine/noise_limit.h"
#include "betrace/engine/sender_names.h"
#include "betrace/engine/span_batch.h"
#include "betrace/engine/statistics.h"
#include "betrace/engine/trace_judge.h"
#include "betrace/model/violation_sink.h"
#include "betrace/traces/trace_table.h"

namespace betrace::engine {

struct ShardOptions {
  traces::TableLimits table;
  NoiseLimits noise;
  /// `limits.rule_steps`: candidate tests of one rule on one trace.
  std::uint64_t rule_steps_max = rules::kStepsMax;
  /// The ids of keys by number; null: nobody knows who sent a batch.
  std::shared_ptr<const SenderNames> senders;
  /// Reads the monotonic clock to measure some evaluations; empty: none is measured.
  EvaluationSampler::Stopwatch stopwatch;
};

/// What a shard tells besides violations. Called on the shard's thread; each may be empty.
struct ShardHooks {
  /// One summary per rule and minute of violations that the noise bound held back.
  NoiseLimit::Report suppressed;
  /// A rule spent its step budget 100 times in a row and is no longer evaluated.
  std::function<void(const std::string& rule_id)> quarantined;
  /// One evaluation in many was measured.
  EvaluationSampler::Report sampled;
};

/// Judges all traces of one thread. Shard-owned.
class Shard {
 public:
  /// Null `noise`: one of its own, by `options`. Null `judge`: NetworkJudge. `rules` and `sink`
  /// must outlive the shard.
  Shard(const ShardOptions& options, const ActiveRules& rules, model::ViolationSink& sink,
        ShardHooks hooks = {}, std::shared_ptr<NoiseLimit> noise = nullptr,
        std::unique_ptr<TraceJudge> judge = nullptr);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Takes the spans that arrived at `now`: first advance(now), so that a trace whose time has come
  /// is closed before its next span; then the spans in order. Requires: time does not go back
  /// (an earlier `now` counts as the latest one seen).
  void add(const SpanBatch& batch, const Now& now);

  /// Closes and evicts the traces whose time has come. Cost: O(log n) for each of them.
  void advance(const Now& now);

  /// Closes the open trace that was opened first; false if there is none. A drain that may run out
  /// of time calls it again and again, then end().
  bool close_oldest(model::CloseReason reason, const Now& now);

  /// Reports what the noise bound still holds. Nothing comes after it.
  void end();

  /// close_oldest() until none is open, then end(). With Shutdown traces are graded `shed`.
  void close_all(model::CloseReason reason, const Now& now);

  /// The earliest time at which advance() has something to do; nothing if there is no trace.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const;

  [[nodiscard]] const ShardStatistics& statistics();

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace betrace::engine
