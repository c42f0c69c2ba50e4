#include "betrace/app/scenario_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "betrace/app/scenario_fields.h"

namespace betrace::app {
namespace {

using model::CloseReason;
using model::Completeness;
using model::RecordType;
using model::Violation;
using model::ViolationRecord;
using Values = std::vector<std::string>;

std::string_view kind_of(const ViolationRecord& record) {
  if (record.violation.status == model::ViolationStatus::Withdrawn) return "withdrawn";
  if (record.type == RecordType::Violation) return "violation";
  return record.type == RecordType::Final ? "final" : "revision";
}

std::string shown(const Values& values) {
  if (values.size() == 1) return values[0];
  return fmt::format("[{}]", fmt::join(values, ", "));
}

std::string shown(const Expected& expected) {
  Values parts;
  for (const auto& [name, values] : expected.fields) {
    parts.push_back(fmt::format("{}: {}", name, shown(values)));
  }
  return fmt::format("{}{{{}}}", expected.kind, fmt::join(parts, ", "));
}

bool is_match(const ScenarioField& field, const Values& expected, const Values& observed) {
  const auto has = [&observed](const std::string& value) {
    return std::find(observed.begin(), observed.end(), value) != observed.end();
  };
  switch (field.match) {
    case FieldMatch::Equal:
      return expected == observed;
    case FieldMatch::Contains:
      return expected.size() == 1 && observed.size() == 1 &&
             observed[0].find(expected[0]) != std::string::npos;
    case FieldMatch::Subset:
      return std::all_of(expected.begin(), expected.end(), has);
  }
  return false;
}

// The fields of `expected` that the record does not meet, as lines.
Values differences(const Expected& expected, const ViolationRecord& record,
                   const Scenario& scenario) {
  Values lines;
  if (!expected.kind.empty() && expected.kind != kind_of(record)) {
    lines.push_back(fmt::format("      kind: expected {}, got {}", expected.kind, kind_of(record)));
  }
  for (const auto& [name, values] : expected.fields) {
    const ScenarioField& field = *find_scenario_field(name);
    const Values observed = field.values(record.violation, scenario);
    if (is_match(field, values, observed)) continue;
    lines.push_back(
        fmt::format("      {}: expected {}, got {}", name, shown(values), shown(observed)));
  }
  return lines;
}

// What a person needs to see of a record that nobody expected.
std::string described(const ViolationRecord& record, const Scenario& scenario) {
  Values parts;
  for (const char* name :
       {"rule", "trace", "at", "early", "late", "grade", "closed", "anchor", "witnesses"}) {
    const Values values = find_scenario_field(name)->values(record.violation, scenario);
    parts.push_back(fmt::format("{}: {}", name, shown(values)));
  }
  return fmt::format("{}{{{}}}\n      {}", kind_of(record), fmt::join(parts, ", "),
                     record.violation.explanation.summary);
}

void append(Values* lines, const Values& more) {
  lines->insert(lines->end(), more.begin(), more.end());
}

std::string rule_of(const Expected& expected) {
  const auto rule = expected.fields.find("rule");
  return rule == expected.fields.end() || rule->second.empty() ? "" : rule->second[0];
}

// Matches in any order: every expected violation takes one observed one for itself.
Values check_violations(const Scenario& scenario, const ScenarioOutcome& outcome) {
  Values lines;
  std::vector<std::size_t> left = outcome.violations;
  std::vector<const Expected*> unmet;
  for (const Expected& expected : *scenario.violations) {
    const auto found = std::find_if(left.begin(), left.end(), [&](std::size_t index) {
      return differences(expected, outcome.records[index], scenario).empty();
    });
    if (found == left.end()) {
      unmet.push_back(&expected);
    } else {
      left.erase(found);
    }
  }
  for (const Expected* expected : unmet) {
    // One of the same rule is probably meant: say what differs instead of two opposite lines.
    const auto near = std::find_if(left.begin(), left.end(), [&](std::size_t index) {
      return outcome.records[index].violation.rule_id == rule_of(*expected);
    });
    lines.push_back("    expected but missing: " + shown(*expected));
    if (near == left.end()) continue;
    lines.back() = "    differs: " + shown(*expected);
    append(&lines, differences(*expected, outcome.records[*near], scenario));
    left.erase(near);
  }
  for (const std::size_t index : left) {
    lines.push_back("    not expected: " + described(outcome.records[index], scenario));
  }
  return lines;
}

Values check_some_violation(const ScenarioOutcome& outcome) {
  for (const std::size_t index : outcome.violations) {
    if (kind_of(outcome.records[index]) != "withdrawn") return {};
  }
  return {"    expected a violation, got none"};
}

Values check_records(const Scenario& scenario, const ScenarioOutcome& outcome) {
  Values lines;
  const std::vector<Expected>& expected = *scenario.records;
  for (std::size_t i = 0; i < std::max(expected.size(), outcome.records.size()); ++i) {
    if (i >= outcome.records.size()) {
      lines.push_back(fmt::format("    record {}: missing: {}", i + 1, shown(expected[i])));
    } else if (i >= expected.size()) {
      lines.push_back(fmt::format("    record {}: not expected: {}", i + 1,
                                  described(outcome.records[i], scenario)));
    } else {
      const Values differing = differences(expected[i], outcome.records[i], scenario);
      if (differing.empty()) continue;
      lines.push_back(fmt::format("    record {}: differs: {}", i + 1, shown(expected[i])));
      append(&lines, differing);
    }
  }
  return lines;
}

std::map<std::string, double> observed_counts(const engine::ShardStatistics& statistics) {
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  std::map<std::string, double> counts = {
      {"ingested", number(statistics.ingested())},
      {"dropped", number(statistics.dropped())},
      {"duplicate", number(statistics.spans_duplicate)},
      {"conflicting", number(statistics.spans_conflicting)},
      {"own", number(statistics.spans_own)},
      {"trace_limit", number(statistics.spans_trace_limit)},
      {"late_redecided", number(statistics.spans_late_redecided)},
      {"late_reopened", number(statistics.spans_late_reopened)},
      {"open", number(statistics.traces_open)},
      {"kept_closed", number(statistics.traces_kept_closed)},
      {"closed", number(statistics.closed())},
      {"blind_ratio", statistics.blindness().ratio()},
  };
  for (int i = 1; i <= static_cast<int>(engine::kCloseReasonCount); ++i) {
    const auto reason = static_cast<CloseReason>(i);
    counts[fmt::format("closed.{}", model::name_of(reason))] = number(statistics.closed(reason));
  }
  for (int i = 1; i <= static_cast<int>(engine::kCompletenessCount); ++i) {
    const auto grade = static_cast<Completeness>(i);
    counts[fmt::format("graded.{}", model::name_of(grade))] = number(statistics.closed(grade));
  }
  for (const auto& [id, rule] : statistics.rules) {
    const auto set = [&counts, &id = id, &number](const char* name, std::uint64_t value) {
      counts[fmt::format("{}.{}", id, name)] = number(value);
    };
    set("violation", rule.violation);
    set("pass", rule.pass);
    set("error", rule.error);
    set("skipped", rule.skipped);
    set("not_made", rule.not_made);
    set("decided", rule.decided);
    set("recorded", rule.recorded);
    set("suppressed", rule.suppressed);
    set("withdrawn", rule.withdrawn);
  }
  return counts;
}

Values check_counts(const Scenario& scenario, const ScenarioOutcome& outcome) {
  Values lines;
  const auto observed = observed_counts(outcome.statistics);
  for (const auto& [name, expected] : scenario.counts) {
    const auto found = observed.find(name);
    if (found == observed.end()) {
      lines.push_back(fmt::format("    counts: there is no count '{}'", name));
    } else if (std::abs(found->second - expected) > 1e-6) {
      lines.push_back(
          fmt::format("    counts: {}: expected {}, got {}", name, expected, found->second));
    }
  }
  return lines;
}

}  // namespace

std::vector<std::string> check_scenario(const Scenario& scenario, const ScenarioOutcome& outcome) {
  Values lines;
  if (scenario.violations.has_value()) append(&lines, check_violations(scenario, outcome));
  if (scenario.expects_some_violation) append(&lines, check_some_violation(outcome));
  if (scenario.records.has_value()) append(&lines, check_records(scenario, outcome));
  append(&lines, check_counts(scenario, outcome));
  return lines;
}

}  // namespace betrace::app
