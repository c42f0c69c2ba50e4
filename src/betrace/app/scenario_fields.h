// What a rule test may say about a violation, as a table of field and accessor.
//
// scenario_reader.cc refuses other names; scenario_check.cc compares the values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/app/scenario.h"
#include "betrace/model/violation.h"

namespace betrace::app {

/// How an expected value is compared with the observed one.
enum class FieldMatch : std::uint8_t {
  Equal,     ///< The same values in the same order.
  Contains,  ///< The one expected text occurs in the observed one.
  Subset,    ///< Every expected value is among the observed ones.
};

struct ScenarioField {
  std::string_view name;
  FieldMatch match = FieldMatch::Equal;
  std::vector<std::string> (*values)(const model::Violation& violation, const Scenario& scenario);
};

/// Returns the row of `name`, or null.
[[nodiscard]] const ScenarioField* find_scenario_field(std::string_view name) noexcept;

/// All rows, in the order of the page on rule tests.
[[nodiscard]] std::span<const ScenarioField> scenario_fields() noexcept;

}  // namespace betrace::app
