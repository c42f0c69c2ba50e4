#include "betrace/app/scenario_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "betrace/app/scenario_expectations.h"
#include "betrace/app/scenario_members.h"
#include "betrace/app/scenario_settings.h"
#include "betrace/app/scenario_span.h"
#include "betrace/storage/rule_document.h"

namespace betrace::app {
namespace {

using Kind = ScenarioAction::Kind;
using Rules = std::vector<model::Rule>;

// A case keeps little; a small budget makes a shard cheap to build.
constexpr std::uint64_t kTracesBytes = 16 * 1024 * 1024;

// Spans that one entry may stand for.
constexpr std::uint64_t kTimesMax = 10'000;

// What every case of a file starts from.
struct FileParts {
  Rules rules;
  engine::ShardOptions options;
};

Result<std::string> read_file(const std::filesystem::path& path) {
  const std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::NotFound, "cannot read " + path.string());
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void add_rule(const Json& object, ScenarioMembers* members, Rules* rules) {
  auto input = storage::read_rule_object(object, storage::RuleDialect::Document);
  if (!input.has_value()) return members->fail("rules", input.error().message);
  if (!input->ignored.empty()) {
    return members->fail("rules", "have an unknown member " + input->ignored.front());
  }
  if (input->rule.revision == 0) input->rule.revision = 1;
  rules->push_back(std::move(input->rule));
}

void use_file(const std::string& name, const std::string& folder, ScenarioMembers* members,
              Rules* rules) {
  const auto text = read_file(std::filesystem::path(folder) / name);
  if (!text.has_value()) return members->fail("use", text.error().message);
  auto entries = storage::read_rule_document(*text, storage::rule_format_of(name));
  if (!entries.has_value()) return members->fail("use", entries.error().message);
  for (storage::RuleEntry& entry : *entries) {
    if (!entry.input.has_value()) return members->fail("use", entry.input.error().message);
    rules->push_back(std::move(entry.input->rule));
  }
}

template <typename Visit>
void each_of(ScenarioMembers* members, std::string_view name, Visit visit) {
  const Json* value = members->find(name);
  if (value == nullptr) return;
  if (!value->is_array()) return visit(*value);
  for (const Json& item : *value) visit(item);
}

void read_rules(ScenarioMembers* members, Rules* rules) {
  each_of(members, "rules", [&](const Json& rule) { add_rule(rule, members, rules); });
}

bool is_action(const Json& entry) {
  for (const char* name : {"request", "change", "disable", "enable", "delete", "shutdown"}) {
    if (entry.is_object() && entry.contains(name)) return true;
  }
  return false;
}

void read_action(ScenarioMembers* members, ScenarioAction* action) {
  const auto take_id = [&](std::string_view name, Kind kind) {
    const auto id = members->text(name);
    if (!id.has_value()) return;
    action->kind = kind;
    action->rule_id = *id;
  };
  take_id("disable", Kind::Disable);
  take_id("enable", Kind::Enable);
  take_id("delete", Kind::Remove);
  if (members->find("request") != nullptr) action->kind = Kind::Request;
  if (members->flag("shutdown").value_or(false)) action->kind = Kind::Shutdown;
  if (const Json* change = members->find("change")) {
    Rules rules;
    add_rule(*change, members, &rules);
    action->kind = Kind::Rule;
    if (!rules.empty()) action->rule = std::move(rules.front());
  }
}

// The time line of one case. Entries are spans, or actions between them.
class TimelineReader {
 public:
  TimelineReader(const Json& entries, std::string place, ScenarioMembers* owner)
      : entries_(entries), place_(std::move(place)), owner_(owner) {}

  void read(Scenario* scenario) {
    if (!entries_.is_array()) return owner_->fail("spans", "is not a list");
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (is_action(entries_[i])) continue;
      ScenarioMembers members(entries_[i], place_of(i));
      spans_.declare(&members, i);
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) read_entry(i, scenario);
    scenario->labels = spans_.labels();
  }

 private:
  [[nodiscard]] std::string place_of(std::size_t index) const {
    return fmt::format("{}: spans[{}]", place_, index);
  }

  void read_entry(std::size_t index, Scenario* scenario) {
    ScenarioMembers members(entries_[index], place_of(index));
    const auto at = members.time("at").value_or(latest_);
    if (at < latest_) members.fail("at", "is before the entry above");
    latest_ = at;
    if (is_action(entries_[index])) {
      ScenarioAction action;
      action.at = at;
      read_action(&members, &action);
      scenario->actions.push_back(std::move(action));
    } else {
      read_spans(index, &members, scenario);
    }
    if (auto done = members.finish(); !done.has_value()) owner_->fail(done.error());
  }

  void read_spans(std::size_t index, ScenarioMembers* members, Scenario* scenario) {
    std::uint64_t times = members->count("times").value_or(1);
    if (times == 0 || times > kTimesMax) {
      members->fail("times", "is not 1 to 10000");
      times = 1;
    }
    for (std::uint64_t i = 0; i < times; ++i) {
      ScenarioAction action;
      action.at = latest_;
      action.span = spans_.read(members, index, i);
      action.copies = members->count("copies").value_or(1);
      scenario->actions.push_back(std::move(action));
    }
  }

  const Json& entries_;
  std::string place_;
  ScenarioMembers* owner_;
  ScenarioSpans spans_;
  std::chrono::nanoseconds latest_{0};
};

void keep_only(ScenarioMembers* members, Rules* rules) {
  if (!members->has("only")) return;
  Rules kept;
  each_of(members, "only", [&](const Json& id) {
    const auto found = std::find_if(rules->begin(), rules->end(), [&](const model::Rule& rule) {
      return scalar_text(id) == rule.id;
    });
    if (found == rules->end()) return members->fail("only", "names a rule that is not there");
    kept.push_back(*found);
  });
  *rules = std::move(kept);
}

void read_case_rules(ScenarioMembers* members, const FileParts& file, Scenario* scenario) {
  scenario->rules = file.rules;
  read_rules(members, &scenario->rules);
  if (const auto expression = members->text("rule")) {
    model::Rule rule;
    rule.id = "rule";
    rule.name = "rule";
    rule.expression = *expression;
    scenario->rules.push_back(std::move(rule));
  }
  keep_only(members, &scenario->rules);
  if (scenario->rules.empty()) members->fail("rules", "are missing");
}

Result<Scenario> read_case(const Json& object, std::size_t index, const FileParts& file) {
  Scenario scenario;
  const std::string nameless = fmt::format("cases[{}]", index);
  scenario.name = ScenarioMembers(object, nameless).text("name").value_or("");
  if (scenario.name.empty())
    return fail(ErrorCode::InvalidArgument, nameless + ": name is missing");
  const std::string place = fmt::format("case '{}'", scenario.name);
  ScenarioMembers named(object, place);
  named.skip("name");
  named.skip("note");
  scenario.options = file.options;
  if (const Json* settings = named.find("settings")) {
    read_settings(*settings, place, &named, &scenario.options);
  }
  read_case_rules(&named, file, &scenario);
  if (const Json* spans = named.find("spans")) {
    TimelineReader(*spans, place, &named).read(&scenario);
  } else {
    named.fail("spans", "are missing");
  }
  scenario.until = named.time("until");
  read_expectations(&named, &scenario);
  if (auto done = named.finish(); !done.has_value()) return fail(done.error());
  return scenario;
}

Result<FileParts> read_parts(ScenarioMembers* members, const std::string& folder) {
  FileParts file;
  file.options.table.bytes_max = kTracesBytes;
  file.options.noise.enabled = false;
  each_of(members, "use", [&](const Json& name) {
    use_file(scalar_text(name).value_or(""), folder, members, &file.rules);
  });
  read_rules(members, &file.rules);
  if (const Json* settings = members->find("settings")) {
    read_settings(*settings, members->place(), members, &file.options);
  }
  members->skip("cases");
  if (auto done = members->finish(); !done.has_value()) return fail(done.error());
  return file;
}

}  // namespace

bool is_scenario_file(const Json& document) {
  return document.is_object() && document.contains("cases");
}

Result<std::vector<Scenario>> read_scenarios(const Json& document, const std::string& folder) {
  ScenarioMembers members(document, "the file");
  const auto file = read_parts(&members, folder);
  if (!file.has_value()) return fail(file.error());
  const Json* cases = members.find("cases");
  if (cases == nullptr || !cases->is_array()) {
    return fail(ErrorCode::InvalidArgument, "cases is not a list");
  }
  std::vector<Scenario> scenarios;
  for (const Json& object : *cases) {
    auto scenario = read_case(object, scenarios.size(), *file);
    if (!scenario.has_value()) return fail(scenario.error());
    scenarios.push_back(*std::move(scenario));
  }
  return scenarios;
}

}  // namespace betrace::app
