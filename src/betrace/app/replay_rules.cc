#include "betrace/app/replay_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <set>
#include <sstream>

#include "betrace/app/rule_files.h"
#include "betrace/app/scenario_reader.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/storage/rule_document.h"
#include "betrace/storage/yaml.h"

namespace betrace::app {
namespace {

namespace fs = std::filesystem;

// True for a file of rule tests, which may lie beside the rules.
bool is_test_file(std::string_view text, storage::RuleFormat format) {
  if (format == storage::RuleFormat::JsonLines) return false;
  const auto document = storage::yaml_to_json(text, storage::kRuleDocumentBytesMax);
  return document.has_value() && is_scenario_file(*document);
}

class RuleCollector {
 public:
  RuleCollector(std::vector<engine::ActiveRulePtr>* rules, std::ostream& err)
      : rules_(rules), err_(err) {}

  void add_expression(const std::string& expression, std::size_t number) {
    model::Rule rule;
    rule.id = rule.name = fmt::format("rule-{}", number);
    rule.expression = expression;
    const std::string place = fmt::format("--rule {}", number);
    if (add(rule, place)) warn(rules_->back()->checked, place);
  }

  void add_path(const std::string& path) {
    const auto files = rule_files_of(path);
    if (!files) return problem(files.error().message);
    const std::size_t count_before = rules_->size() + problems_;
    for (const fs::path& file : *files) add_file(file, file != path);
    if (rules_->size() + problems_ == count_before) problem(path + ": holds no rules");
  }

  [[nodiscard]] std::size_t problems() const { return problems_; }

 private:
  void add_file(const fs::path& path, bool is_found) {
    const auto text = read_rule_file(path);
    if (!text) return problem(text.error().message);
    const storage::RuleFormat format = storage::rule_format_of(path.filename().string());
    if (is_found && is_test_file(*text, format)) return;
    auto entries = storage::read_rule_document(*text, format);
    if (!entries) return problem(path.string() + ": " + entries.error().message);
    for (storage::RuleEntry& entry : *entries) {
      const std::string place = entry.place.empty() ? "" : ": " + entry.place;
      if (!entry.input) {
        problem(path.string() + place + ": " + entry.input.error().message);
      } else {
        add(entry.input->rule, fmt::format("{}: {}", path.string(), entry.input->rule.id));
      }
    }
  }

  bool add(model::Rule rule, const std::string& place) {
    if (rule.revision == 0) rule.revision = 1;
    if (const auto fields = storage::check_rule_fields(rule); !fields) {
      problem(place + ": " + fields.error().message);
      return false;
    }
    auto checked = rules::check_rule(rule.expression);
    if (!checked) {
      ++problems_;
      err_ << rules::render(checked.error(), rule.expression, place, false);
      return false;
    }
    auto active = engine::make_active_rule(rule, std::move(*checked));
    if (!active) {
      problem(place + ": " + active.error().message);
      return false;
    }
    if (!ids_.insert(rule.id).second) {
      problem(place + ": " + fmt::format("rule {} occurs twice", rule.id));
      return false;
    }
    rules_->push_back(*std::move(active));
    return true;
  }

  void warn(const rules::CheckedRule& checked, const std::string& place) {
    for (const rules::Diagnostic& warning : checked.warnings) {
      err_ << rules::render(warning, checked.text, place, false);
    }
  }

  void problem(const std::string& message) {
    ++problems_;
    err_ << message << '\n';
  }

  std::vector<engine::ActiveRulePtr>* rules_;
  std::ostream& err_;
  std::set<std::string> ids_;
  std::size_t problems_ = 0;
};

}  // namespace

std::size_t read_replay_rules(const RuleSources& sources, std::vector<engine::ActiveRulePtr>* rules,
                              std::ostream& err) {
  RuleCollector collector(rules, err);
  for (const std::string& path : sources.paths) collector.add_path(path);
  for (std::size_t i = 0; i < sources.expressions.size(); ++i) {
    collector.add_expression(sources.expressions[i], i + 1);
  }
  return collector.problems();
}

}  // namespace betrace::app
