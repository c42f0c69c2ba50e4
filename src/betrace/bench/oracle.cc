#include "betrace/bench/oracle.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "betrace/base/check.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/naive_evaluator.h"

namespace betrace::bench {
namespace {

constexpr std::size_t kNamedMax = 8;

// Judges the part of a trace that arrived by the only rule that it can break. Remembers answers:
// the same part of the same trace is asked for in many passes.
class PartialJudge {
 public:
  explicit PartialJudge(const TraceMaker& maker) : maker_(maker) {}

  // `arrived[i]`: the span at the position i was taken.
  std::uint64_t violations(const StagedTrace& staged, const std::vector<bool>& arrived) {
    const auto [known, is_new] = answers_.try_emplace({staged.number, arrived}, 0);
    if (is_new) known->second = judge(staged, arrived);
    return known->second;
  }

 private:
  std::uint64_t judge(const StagedTrace& staged, const std::vector<bool>& arrived) {
    const MadeTrace made = maker_.make(staged.number);
    std::vector<const model::SpanView*> spans;
    for (std::size_t i = 0; i < made.spans.size(); ++i) {
      if (arrived[i]) spans.push_back(&made.spans[i].view());
    }
    if (spans.empty()) return 0;
    const auto rule = rules::check_rule(maker_.rules().rules()[staged.scene.rule].expression);
    BETRACE_CHECK(rule.has_value());
    const rules::Evaluation result = rules::evaluate(*rule, rules::LinkedTrace(spans));
    return result.matched ? 1 : 0;
  }

  const TraceMaker& maker_;
  std::map<std::pair<std::uint64_t, std::vector<bool>>, std::uint64_t> answers_;
};

std::pair<std::string, std::string> pair_of(const Traffic& traffic, const StagedTrace& staged,
                                            const IdKeys& keys) {
  return {keys.trace_id(staged.number, traffic.trace_count()).hex(),
          traffic.maker().rules().rules()[staged.scene.rule].id};
}

std::uint64_t difference(const MetricsReading& before, const MetricsReading& after,
                         std::string_view name) {
  return static_cast<std::uint64_t>(std::llround(after.sum(name) - before.sum(name)));
}

void compare_violations(const ViolationCounts& expected, const ViolationCounts& found,
                        std::vector<std::string>* problems) {
  std::uint64_t missing = 0;
  std::uint64_t unexpected = 0;
  std::vector<std::string> named;
  const auto name = [&named](const auto& pair, std::uint64_t want, std::uint64_t got) {
    if (named.size() < kNamedMax) {
      named.push_back(fmt::format("rule {} on trace {}: expected {}, found {}", pair.second,
                                  pair.first, want, got));
    }
  };
  for (const auto& [pair, count] : expected) {
    const auto seen = found.find(pair);
    const std::uint64_t got = seen == found.end() ? 0 : seen->second;
    if (got < count) missing += count - got;
    if (got > count) unexpected += got - count;
    if (got != count) name(pair, count, got);
  }
  for (const auto& [pair, count] : found) {
    if (expected.contains(pair)) continue;
    unexpected += count;
    name(pair, 0, count);
  }
  if (missing + unexpected == 0) return;
  problems->push_back(
      fmt::format("{} violations are missing, {} are not expected", missing, unexpected));
  problems->insert(problems->end(), named.begin(), named.end());
}

}  // namespace

void expect_pass(const Traffic& traffic, const IdKeys& keys, ViolationCounts* expected) {
  for (const StagedTrace& staged : traffic.staged()) {
    if (staged.scene.is_broken) (*expected)[pair_of(traffic, staged, keys)] = 1;
  }
}

ViolationCounts expected_violations(const Traffic& traffic, const Load& load, std::uint64_t run_key,
                                    std::uint64_t first_pass) {
  PartialJudge judge(traffic.maker());
  const std::vector<std::uint64_t> listed = load.partial_passes();
  const std::set<std::uint64_t> partial(listed.begin(), listed.end());
  ViolationCounts expected;
  for (std::uint64_t pass = 0; pass < load.passes(); ++pass) {
    const IdKeys keys{run_key, first_pass + pass};
    if (!partial.contains(pass)) {
      expect_pass(traffic, keys, &expected);
      continue;
    }
    for (const StagedTrace& staged : traffic.staged()) {
      std::vector<bool> arrived;
      for (const std::uint32_t request : staged.request_of_span) {
        arrived.push_back(!load.was_given_up(pass, request));
      }
      const std::uint64_t count = judge.violations(staged, arrived);
      if (count > 0) expected[pair_of(traffic, staged, keys)] = count;
    }
  }
  return expected;
}

SpanAccount account_between(const MetricsReading& before, const MetricsReading& after) {
  SpanAccount account;
  account.received = difference(before, after, "betrace_spans_received_total");
  account.ingested = difference(before, after, "betrace_spans_ingested_total");
  account.rejected = difference(before, after, "betrace_spans_rejected_total");
  account.dropped = difference(before, after, "betrace_spans_dropped_total");
  account.late = difference(before, after, "betrace_spans_late_total");
  account.suppressed = difference(before, after, "betrace_violations_suppressed_total");
  const auto storm = [](const MetricsReading& metrics) {
    return metrics.sum("betrace_violations_suppressed_total",
                       fmt::format("rule_id=\"{}\"", kStormRule));
  };
  account.storm_suppressed = static_cast<std::uint64_t>(std::llround(storm(after) - storm(before)));
  account.evaluation_errors = difference(before, after, "betrace_rule_evaluation_errors_total");
  account.blind_ratio = after.sum("betrace_blind_ratio");
  return account;
}

std::vector<std::string> take_storm(std::uint64_t spans, const SpanAccount& account,
                                    std::vector<SeenViolation>* found) {
  const std::size_t recorded = std::erase_if(
      *found, [](const SeenViolation& violation) { return violation.rule_id == kStormRule; });
  if (recorded > 0 && recorded + account.storm_suppressed == spans) return {};
  return {fmt::format("{} violations of the storm were recorded and {} suppressed, of {} spans",
                      recorded, account.storm_suppressed, spans)};
}

std::vector<std::string> unanswered(const LoadTotals& sent, const MetricsReading& before,
                                    const MetricsReading& after) {
  const auto answered = [](const MetricsReading& metrics) {
    return metrics.sum("http_requests_total", R"(route="/v1/traces",status="200")") +
           metrics.sum("betrace_grpc_requests_total", R"(code="OK")");
  };
  std::vector<std::string> problems;
  const auto count = static_cast<std::uint64_t>(std::llround(answered(after) - answered(before)));
  if (count != sent.requests_accepted) {
    problems.push_back(fmt::format("requests answered by the server ({}) is not accepted ({})",
                                   count, sent.requests_accepted));
  }
  if (const auto spans = difference(before, after, "betrace_spans_received_total"); spans != 0) {
    problems.push_back(fmt::format("the server kept {} spans: it does not discard", spans));
  }
  return problems;
}

std::vector<std::string> mismatches(const LoadTotals& sent, const SpanAccount& account,
                                    const ViolationCounts& expected,
                                    const std::vector<SeenViolation>& found) {
  std::vector<std::string> problems;
  const auto must_equal = [&problems](std::string_view left, std::uint64_t left_count,
                                      std::string_view right, std::uint64_t right_count) {
    if (left_count == right_count) return;
    problems.push_back(fmt::format("{} ({}) is not {} ({})", left, left_count, right, right_count));
  };
  must_equal("sent", sent.sent, "accepted + refused", sent.accepted + sent.refused);
  must_equal("received by the server", account.received, "accepted", sent.accepted);
  must_equal("received", account.received, "ingested + rejected + dropped",
             account.ingested + account.rejected + account.dropped);
  must_equal("rejected", account.rejected, "none", 0);
  must_equal("dropped", account.dropped, "none", 0);
  must_equal("late", account.late, "none", 0);
  must_equal("suppressed", account.suppressed, "those of a storm", account.storm_suppressed);
  must_equal("evaluation errors", account.evaluation_errors, "none", 0);
  if (account.blind_ratio > 0) {
    problems.push_back(fmt::format("the blind ratio is {}", account.blind_ratio));
  }
  ViolationCounts counted;
  for (const SeenViolation& violation : found) ++counted[{violation.trace_id, violation.rule_id}];
  compare_violations(expected, counted, &problems);
  return problems;
}

}  // namespace betrace::bench
