#include "betrace/app/rules_transfer.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <utility>

#include "betrace/app/exit_code.h"
#include "betrace/app/own_server.h"
#include "betrace/app/rule_files.h"
#include "betrace/app/serve.h"
#include "betrace/base/json.h"
#include "betrace/control/rule_control.h"
#include "betrace/control/rule_import.h"
#include "betrace/storage/rule_document.h"

namespace betrace::app {
namespace {

using storage::RuleFormat;

// The word decides, without it the name of the file.
const storage::RuleForm& form_of_transfer(std::string_view word, std::string_view file_name) {
  const RuleFormat by_name = storage::rule_format_of(file_name);
  for (const storage::RuleForm& form : storage::kRuleForms) {
    if (word.empty() ? form.format == by_name : form.word == word) return form;
  }
  return storage::kRuleForms.front();
}

bool is_offline(const Config& config) {
  return config.source("storage.path") == ConfigSource::Flag;
}

// What became of an import, whoever did it.
struct TransferReport {
  std::size_t total = 0;
  std::size_t created = 0;
  std::size_t updated = 0;
  std::size_t unchanged = 0;
  std::size_t skipped = 0;
  std::size_t deleted = 0;
  bool is_applied = true;
  std::vector<std::string> errors;  // `rules[2] pii: line 1, column 3: ...`
};

std::string error_line(const std::string& index, std::string_view id, std::string_view message) {
  const std::string place = index.empty() ? "" : fmt::format("rules[{}]", index);
  const std::string_view gap = place.empty() || id.empty() ? "" : " ";
  return fmt::format("{}{}{}: {}", place, gap, id, message);
}

TransferReport report_of(const control::ImportReport& report) {
  TransferReport made{report.total,   report.created, report.updated,    report.unchanged,
                      report.skipped, report.deleted, report.is_applied, {}};
  for (const control::ImportError& error : report.errors) {
    const std::string index = error.index ? std::to_string(*error.index) : "";
    made.errors.push_back(error_line(index, error.rule_id, error.refusal.message));
  }
  return made;
}

TransferReport report_of(const Json& json, bool is_applied) {
  const auto number = [&json](const char* member) { return json.value(member, std::size_t{0}); };
  TransferReport made{number("total"),   number("created"), number("updated"), number("unchanged"),
                      number("skipped"), number("deleted"), is_applied,        {}};
  for (const Json& error : json.value("errors", Json::array())) {
    const Json index = error.value("index", Json());
    made.errors.push_back(error_line(index.is_null() ? "" : index.dump(),
                                     error.value("rule_id", ""), error.value("message", "")));
  }
  return made;
}

int print_report(const TransferReport& report, bool dry_run, std::ostream& out, std::ostream& err) {
  for (const std::string& error : report.errors) fmt::print(err, "{}\n", error);
  if (!report.is_applied) {
    fmt::print(err, "betrace: {} of {} rules cannot be imported; nothing was changed\n",
               report.errors.size(), report.total);
    return kExitFailed;
  }
  fmt::print(out, "{} rules: {} created, {} updated, {} unchanged, {} skipped, {} deleted{}{}\n",
             report.total, report.created, report.updated, report.unchanged, report.skipped,
             report.deleted,
             report.errors.empty() ? "" : fmt::format(", {} failed", report.errors.size()),
             dry_run ? " (nothing was changed: --dry-run)" : "");
  return report.errors.empty() ? kExitDone : kExitFailed;
}

Json object_of(const std::string& body) {
  const auto json = parse_json(body);
  return json && json->is_object() ? *json : Json::object();
}

int complain(const std::string& message, int code, std::ostream& err) {
  fmt::print(err, "betrace: {}\n", message);
  return code;
}

// The rules of a folder without a server. What is changed there is recorded by the server that
// finds it, as changes of files are.
class RuleFolder {
 public:
  static Result<std::unique_ptr<RuleFolder>> open(const Config& config) {
    storage::RuleStoreOptions options;
    options.path = config.text("storage.path");
    auto store = storage::RuleStore::open(std::move(options));
    if (!store) return fail(store.error());
    auto folder = std::make_unique<RuleFolder>(std::move(*store), config.number("limits.rules"));
    if (auto started = folder->control_.start({}, read_clocks().wall); !started) {
      return fail(started.error());
    }
    return folder;
  }

  RuleFolder(std::unique_ptr<storage::RuleStore> store, std::size_t rules_max)
      : store_(std::move(store)), control_(*store_, active_, unrecorded(rules_max)) {}

  [[nodiscard]] control::RuleControl& control() noexcept { return control_; }

 private:
  static control::RuleControlOptions unrecorded(std::size_t rules_max) {
    control::RuleControlOptions options;
    options.rules_max = rules_max;
    options.record = [](std::span<const storage::RuleChangeRecord>) { return std::uint64_t{0}; };
    return options;
  }

  std::unique_ptr<storage::RuleStore> store_;
  engine::ActiveRules active_;
  control::RuleControl control_;
};

control::OnConflict conflict_of(std::string_view word) {
  if (word == "replace") return control::OnConflict::Replace;
  return word == "skip" ? control::OnConflict::Skip : control::OnConflict::Fail;
}

int import_into_folder(const Config& config, const RulesImportOptions& options, RuleFormat format,
                       std::string_view text, std::ostream& out, std::ostream& err) {
  auto document = storage::read_rule_document(text, format);
  if (!document) {
    return complain(options.path + ": " + document.error().message, kExitFailed, err);
  }
  auto folder = RuleFolder::open(config);
  if (!folder) return complain(folder.error().message, exit_code_of(folder.error()), err);
  std::vector<control::ImportEntry> entries;
  for (storage::RuleEntry& entry : *document) {
    entries.push_back(control::to_import_entry(std::move(entry)));
  }
  control::ImportOptions wanted;
  wanted.is_atomic = !options.is_partial;
  wanted.on_conflict = conflict_of(options.on_conflict);
  wanted.prune = options.prune;
  wanted.dry_run = options.dry_run;
  control::ChangeContext context;
  context.actor = "cli";
  context.source = control::ChangeSource::CommandLine;
  context.now = read_clocks().wall;
  const auto report = (*folder)->control().import(std::move(entries), wanted, context);
  if (!report) return complain(report.error().message, kExitFailed, err);
  return print_report(report_of(*report), options.dry_run, out, err);
}

int import_into_server(const Config& config, const RulesImportOptions& options,
                       std::string_view media_type, const std::string& text, std::ostream& out,
                       std::ostream& err) {
  http::Client client(own_server(config));
  const std::string target =
      fmt::format("/v1/rules/import?atomic={}&on_conflict={}&prune={}&dry_run={}",
                  !options.is_partial, options.on_conflict, options.prune, options.dry_run);
  const auto reply = client.post(target, media_type, text);
  if (!reply) return complain(reply.error().message, kExitFailed, err);
  const Json json = object_of(reply->body);
  if (reply->status == 200 || reply->status == 207) {
    return print_report(report_of(json, true), options.dry_run, out, err);
  }
  const Json details = json.value(Json::json_pointer("/error/details"), Json::object());
  if (details.contains("total")) {
    return print_report(report_of(details, false), options.dry_run, out, err);
  }
  return complain(json.value("message", fmt::format("the server answers {}", reply->status)),
                  kExitFailed, err);
}

Result<std::string> exported_by_folder(const Config& config, RuleFormat format) {
  if (!std::filesystem::is_directory(config.text("storage.path"))) {
    return fail(ErrorCode::NotFound, config.text("storage.path") + " is no folder");
  }
  const auto folder = RuleFolder::open(config);
  if (!folder) return fail(folder.error());
  std::vector<model::Rule> exported;
  const control::LoadedRulesPtr loaded = (*folder)->control().rules();
  for (const control::LoadedRulePtr& rule : loaded->rules) exported.push_back(rule->stored->rule);
  return storage::write_rule_document(exported, read_clocks().wall, format);
}

Result<std::string> exported_by_server(const Config& config, std::string_view word) {
  http::Client client(own_server(config));
  auto reply = client.get(fmt::format("/v1/rules/export?format={}", word));
  if (!reply) return fail(reply.error());
  if (reply->status == 200) return std::move(reply->body);
  return fail(
      ErrorCode::Unavailable,
      object_of(reply->body).value("message", fmt::format("the server answers {}", reply->status)));
}

}  // namespace

int run_rules_import(const Config& config, const RulesImportOptions& options, std::ostream& out,
                     std::ostream& err) {
  const auto text = read_rule_file(options.path == "-" ? "/dev/stdin" : options.path);
  if (!text) return complain(text.error().message, kExitUsage, err);
  const storage::RuleForm& form = form_of_transfer(options.format, options.path);
  return is_offline(config) ? import_into_folder(config, options, form.format, *text, out, err)
                            : import_into_server(config, options, form.media_type, *text, out, err);
}

int run_rules_export(const Config& config, const RulesExportOptions& options, std::ostream& out,
                     std::ostream& err) {
  const storage::RuleForm& form = form_of_transfer(options.format, options.output);
  const auto text = is_offline(config) ? exported_by_folder(config, form.format)
                                       : exported_by_server(config, form.word);
  if (!text) return complain(text.error().message, kExitFailed, err);
  if (options.output.empty()) {
    out << *text;
    return kExitDone;
  }
  std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
  file << *text;
  file.close();
  return file ? kExitDone : complain(options.output + " cannot be written", kExitFailed, err);
}

}  // namespace betrace::app
