#include "betrace/app/scenario_expectations.h"

#include <fmt/format.h>

#include <utility>

#include "betrace/app/scenario_fields.h"
#include "betrace/app/scenario_time.h"

namespace betrace::app {
namespace {

std::vector<std::string> expected_values(const std::string& name, const Json& value,
                                         ScenarioMembers* members) {
  std::vector<std::string> values;
  const auto take = [&](const Json& item) {
    auto text = scalar_text(item);
    if (!text.has_value()) return members->fail(name, "is not a text or a list of texts");
    values.push_back(*std::move(text));
  };
  if (value.is_object()) {
    for (const auto& item : value.items()) {
      values.push_back(item.key() + ": " + scalar_text(item.value()).value_or("?"));
    }
  } else if (value.is_array()) {
    for (const Json& item : value) take(item);
  } else {
    take(value);
  }
  if (name == "at" && !values.empty()) {
    const auto time = parse_scenario_time(values[0]);
    if (!time.has_value()) members->fail(name, "is not a duration such as 5s");
    if (time.has_value()) values[0] = format_scenario_time(*time);
  }
  return values;
}

Expected read_expected(const Json& entry, std::string place, ScenarioMembers* owner) {
  Expected expected;
  if (!entry.is_object()) {
    expected.fields["rule"] = expected_values("rule", entry, owner);
    return expected;
  }
  ScenarioMembers members(entry, std::move(place));
  members.each([&](const std::string& name, const Json& value) {
    const bool is_kind =
        name == "violation" || name == "final" || name == "revision" || name == "withdrawn";
    if (is_kind) {
      expected.kind = name;
      expected.fields["rule"] = expected_values(name, value, &members);
    } else if (find_scenario_field(name) == nullptr) {
      members.fail(name, "is no field of a violation");
    } else {
      expected.fields[name] = expected_values(name, value, &members);
    }
  });
  if (auto done = members.finish(); !done.has_value()) owner->fail(done.error());
  return expected;
}

std::vector<Expected> read_list(const Json& list, const std::string& place,
                                ScenarioMembers* owner) {
  std::vector<Expected> expected;
  for (const Json& entry : list) {
    expected.push_back(read_expected(entry, fmt::format("{}[{}]", place, expected.size()), owner));
  }
  return expected;
}

void read_expect(ScenarioMembers* members, Scenario* scenario) {
  const Json* expect = members->find("expect");
  if (expect == nullptr) return;
  const std::string place = members->place() + ": expect";
  if (*expect == "violated") {
    scenario->expects_some_violation = true;
  } else if (expect->is_null() || *expect == "satisfied" || *expect == "none") {
    scenario->violations.emplace();
  } else if (expect->is_array()) {
    scenario->violations = read_list(*expect, place, members);
  } else {
    scenario->violations.emplace().push_back(read_expected(*expect, place, members));
  }
}

void read_records(ScenarioMembers* members, Scenario* scenario) {
  const Json* records = members->find("records");
  if (records == nullptr) return;
  const std::string place = members->place() + ": records";
  if (!records->is_array()) return members->fail("records", "is not a list");
  scenario->records = read_list(*records, place, members);
  for (const Expected& record : *scenario->records) {
    if (record.kind.empty()) {
      members->fail("records", "need violation, final, revision or withdrawn in each entry");
    }
  }
}

void read_counts(ScenarioMembers* members, Scenario* scenario) {
  const Json* counts = members->find("counts");
  if (counts == nullptr) return;
  ScenarioMembers inner(*counts, members->place() + ": counts");
  inner.each([&](const std::string& name, const Json& value) {
    if (value.is_number()) {
      scenario->counts[name] = value.get<double>();
    } else {
      inner.fail(name, "is not a number");
    }
  });
  if (auto done = inner.finish(); !done.has_value()) members->fail(done.error());
}

}  // namespace

void read_expectations(ScenarioMembers* members, Scenario* scenario) {
  read_expect(members, scenario);
  read_records(members, scenario);
  read_counts(members, scenario);
  if (!members->has("expect") && !members->has("records") && !members->has("counts")) {
    members->fail("expect", "is missing");
  }
}

}  // namespace betrace::app
