#include "betrace/app/scenario_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "betrace/engine/batch_builder.h"
#include "betrace/model/violation_sink.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::app {
namespace {

using std::chrono::nanoseconds;
using Kind = ScenarioAction::Kind;

class Collector : public model::ViolationSink {
 public:
  void record(model::ViolationRecord record) override { records.push_back(std::move(record)); }
  std::vector<model::ViolationRecord> records;
};

Result<engine::ActiveRulePtr> load(const model::Rule& rule) {
  auto checked = rules::check_rule(rule.expression);
  if (!checked.has_value()) {
    const rules::Diagnostic& error = checked.error();
    return fail(ErrorCode::InvalidArgument,
                fmt::format("rule {}: line {}, column {}: {} [{}]", rule.id, error.line,
                            error.column, error.message, rules::name_of(error.code)));
  }
  return engine::make_active_rule(rule, std::move(*checked));
}

// The rules as they are now, by id.
class RuleShelf {
 public:
  Result<void> put(model::Rule rule) {
    auto active = load(rule);
    if (!active.has_value()) return fail(active.error());
    versions_[rule.id] = *std::move(active);
    return {};
  }

  Result<void> apply(const ScenarioAction& action) {
    if (action.kind == Kind::Rule) {
      model::Rule rule = *action.rule;
      const auto known = versions_.find(rule.id);
      if (known != versions_.end()) rule.revision = known->second->rule.revision + 1;
      return put(std::move(rule));
    }
    const auto known = versions_.find(action.rule_id);
    if (known == versions_.end()) {
      return fail(ErrorCode::NotFound, "there is no rule " + action.rule_id);
    }
    if (action.kind == Kind::Remove) {
      versions_.erase(known);
      return {};
    }
    model::Rule rule = known->second->rule;
    rule.enabled = action.kind == Kind::Enable;
    ++rule.revision;
    return put(std::move(rule));
  }

  [[nodiscard]] std::vector<engine::ActiveRulePtr> versions() const {
    std::vector<engine::ActiveRulePtr> versions;
    for (const auto& entry : versions_) versions.push_back(entry.second);
    return versions;
  }

 private:
  std::map<std::string, engine::ActiveRulePtr> versions_;
};

class Player {
 public:
  explicit Player(const Scenario& scenario)
      : scenario_(scenario), shard_(scenario.options, active_, sink_) {}

  Result<ScenarioOutcome> play() {
    for (const model::Rule& rule : scenario_.rules) {
      if (auto done = shelf_.put(rule); !done.has_value()) return fail(done.error());
    }
    active_.publish(shelf_.versions());
    for (const ScenarioAction& action : scenario_.actions) {
      if (action.at != now_ || action.kind != Kind::Span) send();
      pass_time(action.at);
      if (auto done = act(action); !done.has_value()) return fail(done.error());
    }
    send();
    finish();
    return outcome();
  }

 private:
  [[nodiscard]] Now at(nanoseconds time) const {
    return {MonotonicTime(time), kScenarioStart + static_cast<UnixNanos>(time.count())};
  }

  // Stops at every deadline, so that what is decided carries the time at which it became due.
  void pass_time(nanoseconds until) {
    while (const auto deadline = shard_.next_deadline()) {
      if (*deadline > MonotonicTime(until)) break;
      shard_.advance(at(std::max(now_, deadline->time_since_epoch())));
    }
    now_ = until;
    shard_.advance(at(now_));
  }

  Result<void> act(const ScenarioAction& action) {
    if (action.kind == Kind::Span) {
      for (std::uint64_t i = 0; i < action.copies; ++i) {
        request_.push_back(model::KeptSpan::copy(action.span->view()));
      }
    } else if (action.kind == Kind::Shutdown) {
      shard_.close_all(model::CloseReason::Shutdown, at(now_));
    } else if (action.kind != Kind::Request) {
      if (auto done = shelf_.apply(action); !done.has_value()) return done;
      active_.publish(shelf_.versions());
    }
    return {};
  }

  void send() {
    if (request_.empty()) return;
    shard_.add(engine::batch_of(active_, std::exchange(request_, {}), "json"), at(now_));
  }

  void finish() {
    if (scenario_.until.has_value()) return pass_time(std::max(*scenario_.until, now_));
    while (shard_.statistics().traces_open != 0) {
      pass_time(shard_.next_deadline()->time_since_epoch());
    }
  }

  ScenarioOutcome outcome() {
    ScenarioOutcome outcome;
    outcome.records = std::move(sink_.records);
    outcome.statistics = shard_.statistics();
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < outcome.records.size(); ++i) {
      const auto known =
          places.try_emplace(outcome.records[i].violation.key.id(), outcome.violations.size());
      if (known.second) {
        outcome.violations.push_back(i);
      } else if (outcome.records[i].type != model::RecordType::Violation) {
        outcome.violations[known.first->second] = i;
      }
    }
    return outcome;
  }

  const Scenario& scenario_;
  engine::ActiveRules active_;
  RuleShelf shelf_;
  Collector sink_;
  engine::Shard shard_;
  nanoseconds now_{0};
  std::vector<model::KeptSpan> request_;
};

}  // namespace

Result<ScenarioOutcome> run_scenario(const Scenario& scenario) { return Player(scenario).play(); }

}  // namespace betrace::app
