// Random traces, and random ways in which their spans can arrive, for engine/simulation_test.cc.
//
// A small vocabulary makes rules and traces meet often; everything follows from one random engine.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "betrace/model/kept_span.h"
#include "betrace/traces/test_spans.h"

namespace betrace::engine {

using Random = std::mt19937_64;

[[nodiscard]] inline std::uint64_t pick(Random* random, std::uint64_t bound) {
  return (*random)() % bound;
}

[[nodiscard]] inline bool chance(Random* random, std::uint64_t percent) {
  return pick(random, 100) < percent;
}

/// Rules of every class: span scope, early, structure, order, joins, aggregates, absence.
inline constexpr std::string_view kSimulationRules[] = {
    "span.duration > 40",
    "span.status == \"error\" and span.kind == \"server\"",
    "span.attributes[\"user\"] == \"u1\" and not span.attributes[\"amount\"] > 3",
    "pay.charge and not fraud.check",
    "when { pay.charge.where(amount > 5) } always { fraud.check } never { fraud.bypass }",
    "count(db.query) > 2",
    "count(db.query) by (span.attributes[\"user\"]) > 1",
    "count_distinct(span.attributes[\"user\"]) >= 3",
    "trace.has(span.attributes[\"amount\"] > 7)",
    "trace.span_count > 6 or trace.duration > 90",
    "trace.max(span.attributes[\"amount\"]) > 8",
    "trace.min(span.duration) < 3",
    "trace.avg(span.duration) > 25",
    "trace.sum(span.attributes[\"amount\"], pay.charge) > 12",
    "trace.percentile(span.duration, 90) > 45",
    "span.name == \"db.query\" and not span.has_ancestor(fraud.check)",
    "span.name == \"pay.charge\" and span.has_child(span.status == \"error\")",
    "when { span.name == \"pii.read\" } always { span.preceded_by(fraud.check, 30ns) }",
    "span.name == \"pii.read\" and not trace.has(span.name == \"audit.log\" and "
    "span.attributes[\"user\"] == anchor.attributes[\"user\"])",
    "span.is_orphan and span.kind == \"server\"",
    "span.duration > span.parent.duration",
    "trace.all(span.duration < 50)",
    "not trace.has(span.is_root)",
    "span.name == \"db.query\" and span.overlaps(db.query and span.attributes[\"user\"] != "
    "anchor.attributes[\"user\"])",
    "count(pay.charge) <= 1",
    "when { db.query } always { count(db.query) <= 2 }",
    "span.depth > 2 and span.child_count == 0",
    "trace.root.name == \"pay.charge\" and not audit.log",
    "trace.error_count > 1",
};

/// One trace of 1-14 spans; often with duplicated ids' absence, orphans, or without a root.
[[nodiscard]] inline std::vector<model::KeptSpan> random_trace(Random* random,
                                                               std::uint64_t number) {
  static constexpr std::string_view kNames[] = {"pay.charge", "fraud.check", "fraud.bypass",
                                                "db.query",   "audit.log",   "pii.read"};
  static constexpr std::string_view kUsers[] = {"u1", "u2", "u3"};
  const std::uint64_t count = 1 + pick(random, 14);
  const bool has_root = chance(random, 85);
  const bool has_all_parents = chance(random, 80);
  std::vector<model::KeptSpan> spans;
  for (std::uint64_t i = 1; i <= count; ++i) {
    std::vector<model::AttributeView> attributes;
    if (chance(random, 60)) {
      attributes.push_back({"user", model::ValueView::string(kUsers[pick(random, 3)])});
    }
    if (chance(random, 50)) {
      const auto amount = static_cast<std::int64_t>(pick(random, 11));
      attributes.push_back({"amount", model::ValueView::integer(amount)});
    }
    model::SpanView span;
    span.trace_id = traces::test_trace_id(number);
    span.span_id = traces::test_span_id(i);
    const std::uint64_t parent = i == 1 ? (has_root ? 0 : 900) : 1 + pick(random, i - 1);
    const bool is_orphan = i > 1 && !has_all_parents && chance(random, 30);
    span.parent_span_id = traces::test_span_id(is_orphan ? 900 + i : parent);
    span.name = kNames[pick(random, std::size(kNames))];
    span.kind = static_cast<model::SpanKind>(pick(random, 6));
    span.status_code = static_cast<model::StatusCode>(pick(random, 3));
    span.start_time_unix_nano = 1'000 + pick(random, 60);
    span.end_time_unix_nano = span.start_time_unix_nano + pick(random, 60);
    span.attributes = attributes;
    spans.push_back(model::KeptSpan::copy(span));
  }
  return spans;
}

/// Spans that arrive together at a moment of the time line.
struct Arrival {
  std::chrono::milliseconds at{0};
  std::vector<model::KeptSpan> spans;
};

/// Everything as it should be: each trace whole, in order, at once.
[[nodiscard]] inline std::vector<Arrival> tidy_arrivals(
    const std::vector<std::vector<model::KeptSpan>>& traces) {
  std::vector<Arrival> arrivals(1);
  for (const auto& trace : traces) {
    for (const model::KeptSpan& span : trace) {
      arrivals[0].spans.push_back(model::KeptSpan::copy(span.view()));
    }
  }
  return arrivals;
}

/// The same spans shuffled, some of them twice or thrice, split into requests that mix the traces
/// and come at any pace: often slower than `quiet`, sometimes slower than `idle`.
[[nodiscard]] inline std::vector<Arrival> untidy_arrivals(
    const std::vector<std::vector<model::KeptSpan>>& traces, Random* random) {
  std::vector<const model::SpanView*> spans;
  for (const auto& trace : traces) {
    for (const model::KeptSpan& span : trace) {
      const std::uint64_t copies = chance(random, 20) ? 2 + pick(random, 2) : 1;
      spans.insert(spans.end(), copies, &span.view());
    }
  }
  std::shuffle(spans.begin(), spans.end(), *random);
  static constexpr std::chrono::milliseconds kPauses[] = {
      std::chrono::milliseconds(0), std::chrono::milliseconds(700),
      std::chrono::milliseconds(4'000), std::chrono::milliseconds(12'000)};
  std::vector<Arrival> arrivals;
  std::chrono::milliseconds now{0};
  for (std::size_t i = 0; i < spans.size();) {
    Arrival arrival;
    arrival.at = now;
    for (std::uint64_t left = 1 + pick(random, 12); left > 0 && i < spans.size(); --left) {
      arrival.spans.push_back(model::KeptSpan::copy(*spans[i++]));
    }
    arrivals.push_back(std::move(arrival));
    now += kPauses[pick(random, std::size(kPauses))];
  }
  return arrivals;
}

}  // namespace betrace::engine
