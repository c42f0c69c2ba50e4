#include "betrace/api/rule_trial.h"

#include <limits>
#include <map>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/shard.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::api {
namespace {

// Keeps the newest record of each violation.
class Collector : public model::ViolationSink {
 public:
  void record(model::ViolationRecord record) override {
    const auto known = places_.emplace(record.violation.key, violations_.size());
    if (known.second) {
      violations_.push_back(std::move(record.violation));
    } else {
      violations_[known.first->second] = std::move(record.violation);
    }
  }

  std::vector<model::Violation> take() { return std::move(violations_); }

 private:
  std::vector<model::Violation> violations_;
  std::map<model::ViolationKey, std::size_t> places_;
};

constexpr std::uint64_t kTrialBytesMax = 256ULL << 20;

// Nothing closes, sheds or holds back before the end.
engine::ShardOptions unbounded() {
  engine::ShardOptions options;
  options.noise.enabled = false;
  options.table.closure.spans_max = std::numeric_limits<std::uint32_t>::max();
  options.table.closure.bytes_max = std::numeric_limits<std::uint64_t>::max() / 4;
  // Over any request that is accepted, and yet no reason to allocate a large filter.
  options.table.bytes_max = kTrialBytesMax;
  return options;
}

// A copy that is active and does not ask for completeness: every trace of a trial counts as
// complete, also if the given spans name a parent that is not among them.
engine::ActiveRulePtr as_active(const engine::ActiveRule& rule) {
  model::Rule copy = rule.rule;
  copy.enabled = true;
  copy.require_complete = false;
  auto checked = rules::check_rule(copy.expression);
  BETRACE_CHECK(checked.has_value());
  auto active = engine::make_active_rule(std::move(copy), std::move(*checked));
  BETRACE_CHECK(active.has_value());
  return std::move(*active);
}

}  // namespace

RuleTrial try_rule(const engine::ActiveRule& rule, std::vector<model::KeptSpan> spans,
                   engine::RedactionPtr redaction, const Now& now) {
  engine::ActiveRules active;
  active.use(std::move(redaction));
  active.publish({as_active(rule)});
  Collector collector;
  engine::Shard shard(unbounded(), active, collector);
  shard.add(engine::batch_of(active, spans, "json"), now);
  shard.close_all(model::CloseReason::Complete, now);

  RuleTrial trial;
  for (const auto& row : shard.statistics().rules) {
    if (row.second.error > 0) trial.is_budget_spent = true;
  }
  trial.violations = collector.take();
  return trial;
}

}  // namespace betrace::api
