#include "betrace/app/scenario_fields.h"

#include <algorithm>
#include <array>

#include "betrace/app/scenario_time.h"

namespace betrace::app {
namespace {

using model::Violation;
using Values = std::vector<std::string>;

std::string flag(bool value) { return value ? "true" : "false"; }

std::string label(const std::string& hex, const Scenario& scenario) {
  const auto found = scenario.labels.find(hex);
  return found == scenario.labels.end() ? hex : found->second;
}

template <typename Enum>
std::string name_or_none(const std::optional<Enum>& value) {
  return value.has_value() ? std::string(model::name_of(*value)) : "none";
}

Values witnesses(const Violation& violation, const Scenario& scenario) {
  Values values;
  for (const model::Witness& witness : violation.witnesses) {
    values.push_back(label(witness.span.view().span_id.hex(), scenario));
  }
  return values;
}

Values roles(const Violation& violation, const Scenario& scenario) {
  Values values;
  for (const model::Witness& witness : violation.witnesses) {
    values.push_back(label(witness.span.view().span_id.hex(), scenario) + ": " + witness.role);
  }
  return values;
}

Values clauses(const Violation& violation, const Scenario&) {
  Values values;
  for (const model::Clause& clause : violation.explanation.clauses) {
    values.push_back(clause.text + ": " + flag(clause.value));
  }
  return values;
}

Values attributes(const Violation& violation, const Scenario& scenario) {
  Values values;
  for (const model::Witness& witness : violation.witnesses) {
    const model::SpanView& span = witness.span.view();
    for (const model::AttributeView& attribute : span.attributes) {
      values.push_back(label(span.span_id.hex(), scenario) + ": " + std::string(attribute.key));
    }
  }
  return values;
}

std::string decided_at(const Violation& violation) {
  return format_scenario_time(std::chrono::nanoseconds(violation.timestamp - kScenarioStart));
}

using V = const Violation&;
using S = const Scenario&;

const std::array kFields = {
    ScenarioField{"rule", FieldMatch::Equal, [](V v, S) { return Values{v.rule_id}; }},
    ScenarioField{"rule_revision", FieldMatch::Equal,
                  [](V v, S) { return Values{std::to_string(v.rule_revision)}; }},
    ScenarioField{"trace", FieldMatch::Equal,
                  [](V v, S s) { return Values{label(v.trace_id.hex(), s)}; }},
    ScenarioField{"status", FieldMatch::Equal,
                  [](V v, S) { return Values{std::string(model::name_of(v.status))}; }},
    ScenarioField{"at", FieldMatch::Equal, [](V v, S) { return Values{decided_at(v)}; }},
    ScenarioField{"early", FieldMatch::Equal, [](V v, S) { return Values{flag(v.early)}; }},
    ScenarioField{"late", FieldMatch::Equal, [](V v, S) { return Values{flag(v.late)}; }},
    ScenarioField{"grade", FieldMatch::Equal,
                  [](V v, S) { return Values{name_or_none(v.completeness)}; }},
    ScenarioField{"closed", FieldMatch::Equal,
                  [](V v, S) { return Values{name_or_none(v.close_reason)}; }},
    ScenarioField{"anchor", FieldMatch::Equal,
                  [](V v, S s) { return Values{label(v.span_id.hex(), s)}; }},
    ScenarioField{"service", FieldMatch::Equal, [](V v, S) { return Values{v.service}; }},
    ScenarioField{"witnesses", FieldMatch::Equal, witnesses},
    ScenarioField{"witness_count", FieldMatch::Equal,
                  [](V v, S) { return Values{std::to_string(v.witness_count)}; }},
    ScenarioField{"roles", FieldMatch::Subset, roles},
    ScenarioField{"attributes", FieldMatch::Equal, attributes},
    ScenarioField{"spans_seen", FieldMatch::Equal,
                  [](V v, S) { return Values{std::to_string(v.spans_seen)}; }},
    ScenarioField{"message", FieldMatch::Equal, [](V v, S) { return Values{v.message}; }},
    ScenarioField{"severity", FieldMatch::Equal,
                  [](V v, S) { return Values{std::string(model::name_of(v.severity))}; }},
    ScenarioField{"scope", FieldMatch::Equal, [](V v, S) { return Values{v.explanation.scope}; }},
    ScenarioField{"summary", FieldMatch::Contains,
                  [](V v, S) { return Values{v.explanation.summary}; }},
    ScenarioField{"spans_examined", FieldMatch::Equal,
                  [](V v, S) { return Values{std::to_string(v.explanation.spans_examined)}; }},
    ScenarioField{"clauses", FieldMatch::Subset, clauses},
};

}  // namespace

const ScenarioField* find_scenario_field(std::string_view name) noexcept {
  const auto* row = std::find_if(kFields.begin(), kFields.end(),
                                 [name](const ScenarioField& field) { return field.name == name; });
  return row == kFields.end() ? nullptr : row;
}

std::span<const ScenarioField> scenario_fields() noexcept { return kFields; }

}  // namespace betrace::app
