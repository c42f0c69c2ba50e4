// Rules and a sink for tests of the engine.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/engine/active_rules.h"
#include "betrace/model/violation_sink.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::engine {

[[nodiscard]] inline ActiveRulePtr test_rule(model::Rule rule) {
  auto checked = rules::check_rule(rule.expression);
  if (!checked.has_value()) {
    std::cerr << rule.expression << ": " << checked.error().message << '\n';
    std::abort();
  }
  if (rule.name.empty()) rule.name = rule.id;
  auto active = make_active_rule(std::move(rule), std::move(*checked));
  BETRACE_CHECK(active.has_value());
  return *std::move(active);
}

[[nodiscard]] inline ActiveRulePtr test_rule(std::string id, std::string expression) {
  model::Rule rule;
  rule.id = std::move(id);
  rule.expression = std::move(expression);
  return test_rule(std::move(rule));
}

/// Keeps all records.
class TestSink : public model::ViolationSink {
 public:
  void record(model::ViolationRecord record) override { records.push_back(std::move(record)); }
  std::vector<model::ViolationRecord> records;
};

}  // namespace betrace::engine
