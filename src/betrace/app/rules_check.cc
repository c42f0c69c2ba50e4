#include "betrace/app/rules_check.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>

#include "betrace/app/counted.h"
#include "betrace/app/exit_code.h"
#include "betrace/app/rule_explanation.h"
#include "betrace/app/rule_files.h"
#include "betrace/base/json.h"
#include "betrace/engine/message_template.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/storage/rule_document.h"

namespace betrace::app {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

// One rule of a file with what is to be said of it.
struct CheckedEntry {
  std::string file;
  std::string name;     // `file: rule-id`
  std::string text;     // of the rule; empty if the entry cannot be read
  std::string problem;  // of the entry, when it is no rule at all
  std::optional<rules::Diagnostic> error;
  std::shared_ptr<const rules::CheckedRule> rule;
};

struct CheckRun {
  std::vector<CheckedEntry> entries;
  std::vector<std::string> unreadable;

  [[nodiscard]] std::size_t wrong_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        entries, [](const CheckedEntry& entry) { return entry.rule == nullptr; }));
  }
  [[nodiscard]] int exit_code() const {
    if (!unreadable.empty() || entries.empty()) return kExitUsage;
    return wrong_count() == 0 ? kExitDone : kExitFailed;
  }
};

CheckedEntry check_entry(const std::string& file, const storage::RuleEntry& source) {
  CheckedEntry entry;
  entry.file = file;
  const std::string& id = source.id.empty() ? source.place : source.id;
  entry.name = id.empty() ? file : fmt::format("{}: {}", file, id);
  if (!source.input) {
    entry.problem = source.input.error().message;
    return entry;
  }
  const model::Rule& rule = source.input->rule;
  entry.text = rule.expression;
  auto checked = rules::check_rule(rule.expression);
  if (!checked) {
    entry.error = checked.error();
  } else if (const auto message = engine::MessageTemplate::parse(rule.message); !message) {
    entry.problem = message.error().message;
  } else {
    entry.rule = std::make_shared<const rules::CheckedRule>(*std::move(checked));
  }
  return entry;
}

void check_file(const std::string& file, CheckRun* run) {
  const auto text = read_rule_file(file);
  if (!text) {
    run->unreadable.push_back(text.error().message);
    return;
  }
  const auto document = storage::read_rule_document(*text, storage::rule_format_of(file));
  if (!document) {
    run->unreadable.push_back(fmt::format("{}: {}", file, document.error().message));
    return;
  }
  for (const storage::RuleEntry& entry : *document) {
    run->entries.push_back(check_entry(file, entry));
  }
}

CheckRun check_all(const RulesCheckOptions& options) {
  CheckRun run;
  for (const std::string& path : options.paths) {
    const auto files = rule_files_of(path);
    if (!files) {
      run.unreadable.push_back(files.error().message);
      continue;
    }
    for (const auto& file : *files) check_file(file.string(), &run);
  }
  return run;
}

void print_unreadable(const CheckRun& run, std::ostream& err) {
  for (const std::string& problem : run.unreadable) fmt::print(err, "{}\n", problem);
  if (run.unreadable.empty() && run.entries.empty()) fmt::print(err, "no rules found\n");
}

// `trace scope, decided at close`
std::string class_of(const rules::CheckedRule& rule) {
  return fmt::format("{} scope, decided {}", rules::name_of(rule.scope),
                     rules::name_of(rule.firing));
}

void print_text(const CheckRun& run, bool colour, std::ostream& out) {
  std::size_t warnings = 0;
  for (const CheckedEntry& entry : run.entries) {
    if (!entry.problem.empty()) {
      fmt::print(out, "{}: error: {}\n", entry.name, entry.problem);
    } else if (entry.error) {
      out << rules::render(*entry.error, entry.text, entry.name, colour);
    } else {
      for (const rules::Diagnostic& warning : entry.rule->warnings) {
        out << rules::render(warning, entry.text, entry.name, colour);
        ++warnings;
      }
      fmt::print(out, "{}: ok ({})\n", entry.name, class_of(*entry.rule));
    }
  }
  fmt::print(out, "{}, {} wrong, {}\n", counted(run.entries.size(), "rule"), run.wrong_count(),
             counted(warnings, "warning"));
}

OrderedJson diagnostic_json(const rules::Diagnostic& diagnostic) {
  return {{"code", rules::name_of(diagnostic.code)},
          {"message", diagnostic.message},
          {"line", diagnostic.line},
          {"column", diagnostic.column},
          {"offset", diagnostic.range.offset},
          {"length", diagnostic.range.length},
          {"hint", diagnostic.hint}};
}

OrderedJson entry_json(const CheckedEntry& entry) {
  OrderedJson json = {{"file", entry.file}, {"rule", entry.name}, {"valid", entry.rule != nullptr}};
  if (!entry.problem.empty()) json["error"] = {{"message", entry.problem}};
  if (entry.error) json["error"] = diagnostic_json(*entry.error);
  if (!entry.rule) return json;
  json["scope"] = rules::name_of(entry.rule->scope);
  json["monotone"] = entry.rule->monotone;
  json["decided"] = rules::name_of(entry.rule->firing);
  json["warnings"] = OrderedJson::array();
  for (const rules::Diagnostic& warning : entry.rule->warnings) {
    json["warnings"].push_back(diagnostic_json(warning));
  }
  return json;
}

void print_json(const CheckRun& run, std::ostream& out) {
  OrderedJson rules_json = OrderedJson::array();
  for (const CheckedEntry& entry : run.entries) rules_json.push_back(entry_json(entry));
  const OrderedJson whole = {{"rules", std::move(rules_json)},
                             {"total", run.entries.size()},
                             {"wrong", run.wrong_count()},
                             {"unreadable", run.unreadable}};
  out << whole.dump(2, ' ', false, OrderedJson::error_handler_t::replace) << "\n";
}

}  // namespace

int run_rules_check(const RulesCheckOptions& options, std::ostream& out, std::ostream& err) {
  const CheckRun run = check_all(options);
  print_unreadable(run, err);
  if (options.is_json) {
    print_json(run, out);
  } else if (!run.entries.empty()) {
    print_text(run, options.colour, out);
  }
  return run.exit_code();
}

int run_rules_explain(const RulesCheckOptions& options, std::ostream& out, std::ostream& err) {
  const CheckRun run = check_all(options);
  print_unreadable(run, err);
  std::vector<NamedRule> named;
  for (const CheckedEntry& entry : run.entries) {
    if (entry.rule) {
      named.push_back({entry.name, entry.rule});
    } else if (entry.error) {
      err << rules::render(*entry.error, entry.text, entry.name, options.colour);
    } else {
      fmt::print(err, "{}: error: {}\n", entry.name, entry.problem);
    }
  }
  explain_rules(named, out);
  return run.exit_code();
}

}  // namespace betrace::app
