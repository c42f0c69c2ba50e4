#include "betrace/api/rules_transfer_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "betrace/api/change_reply.h"
#include "betrace/api/object_reader.h"
#include "betrace/api/query.h"
#include "betrace/base/ascii.h"
#include "betrace/control/rule_import.h"
#include "betrace/http/negotiation.h"
#include "betrace/storage/rule_document.h"

namespace betrace::api {
namespace {

using storage::RuleFormat;

RuleFormat format_of_body(const http::Headers& headers) {
  const std::string type = lower_case(http::media_type(headers));
  if (type.find("yaml") != std::string::npos) return RuleFormat::Yaml;
  return type == "application/x-ndjson" ? RuleFormat::JsonLines : RuleFormat::Json;
}

Reply<control::ImportOptions> read_options(const http::Request& request) {
  QueryReader query(request.head);
  control::ImportOptions options;
  options.is_atomic = query.boolean("atomic", true);
  options.on_conflict =
      static_cast<control::OnConflict>(query.choice("on_conflict", {"fail", "replace", "skip"}));
  options.prune = query.boolean("prune", false);
  options.dry_run = query.boolean("dry_run", false);
  if (options.prune && !options.is_atomic) query.reject("prune", "needs atomic=true");
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  return options;
}

OrderedJson error_json(const control::ImportError& error) {
  return {{"index", error.index ? OrderedJson(*error.index) : OrderedJson()},
          {"rule_id", error.rule_id},
          {"code", name_of(kind_of(error.refusal.kind))},
          {"message", error.refusal.message}};
}

OrderedJson report_json(const control::ImportReport& report) {
  OrderedJson errors = OrderedJson::array();
  for (const control::ImportError& error : report.errors) errors.push_back(error_json(error));
  return {{"total", report.total},          {"succeeded", report.succeeded()},
          {"failed", report.errors.size()}, {"created", report.created},
          {"updated", report.updated},      {"unchanged", report.unchanged},
          {"skipped", report.skipped},      {"deleted", report.deleted},
          {"dry_run", report.dry_run},      {"imported", report.imported},
          {"errors", std::move(errors)}};
}

bool is_conflict(const control::ImportError& error) {
  using control::RefusalKind;
  const RefusalKind kind = error.refusal.kind;
  return kind != RefusalKind::InvalidExpression && kind != RefusalKind::InvalidField;
}

// An atomic import that changed nothing: 400 if some rule is wrong in itself, else 409.
ApiError failed_import(const control::ImportReport& report) {
  const auto wrong = std::find_if_not(report.errors.begin(), report.errors.end(), is_conflict);
  const control::ImportError& first = wrong == report.errors.end() ? report.errors.front() : *wrong;
  ApiError error;
  error.kind =
      wrong == report.errors.end() ? ErrorKind::ImportConflict : kind_of(first.refusal.kind);
  const std::string place = first.index ? fmt::format("rules[{}]", *first.index) : first.rule_id;
  error.message = fmt::format("{} of {} rules cannot be imported; {}: {}", report.errors.size(),
                              report.total, place, first.refusal.message);
  error.details = report_json(report);
  return error;
}

// The parameter decides, without it the first form that Accept allows.
Reply<storage::RuleForm> choose_form(const http::Request& request) {
  QueryReader query(request.head);
  const std::size_t chosen = query.choice("format", {"json", "yaml", "ndjson"});
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  if (request.head.parameter("format")) return storage::kRuleForms[chosen];
  for (const storage::RuleForm& form : storage::kRuleForms) {
    if (http::accepts_type(request.head.headers, form.media_type)) return form;
  }
  return refuse(ErrorKind::NotAcceptable,
                "rules are exported as application/json, application/yaml, application/x-ndjson");
}

}  // namespace

Reply<http::Response> RulesTransferHandler::import(const http::Request& request,
                                                   const http::PathParameters&) const {
  const auto options = read_options(request);
  if (!options) return refuse(options.error());
  const RuleFormat format = format_of_body(request.head.headers);
  auto document = storage::read_rule_document(request.body, format, options_.json_depth_max);
  if (!document) {
    return refuse(format == RuleFormat::Yaml ? ErrorKind::InvalidYaml : ErrorKind::InvalidJson,
                  document.error().message);
  }
  std::vector<control::ImportEntry> entries;
  std::vector<std::string> ignored;
  for (storage::RuleEntry& entry : *document) {
    if (entry.input) {
      for (const std::string& name : entry.input->ignored) {
        if (std::find(ignored.begin(), ignored.end(), name) == ignored.end()) {
          ignored.push_back(name);
        }
      }
    }
    entries.push_back(control::to_import_entry(std::move(entry)));
  }
  const auto report = services_.rules.import(std::move(entries), *options,
                                             change_context(request.head, services_.clock().wall));
  if (!report) return refuse(change_error(report.error()));
  if (!report->is_applied) return refuse(failed_import(*report));
  http::Response response = json_reply(report->errors.empty() ? 200 : 207, report_json(*report));
  name_ignored(ignored, &response);
  return response;
}

Reply<http::Response> RulesTransferHandler::export_all(const http::Request& request,
                                                       const http::PathParameters&) const {
  const auto form = choose_form(request);
  if (!form) return refuse(form.error());
  std::vector<model::Rule> exported;
  const control::LoadedRulesPtr loaded = services_.rules.rules();  // a change may replace the list
  for (const control::LoadedRulePtr& rule : loaded->rules) {
    exported.push_back(rule->stored->rule);
  }
  http::Response response = http::make_response(
      200, fmt::format("{}; charset=utf-8", form->media_type),
      storage::write_rule_document(exported, services_.clock().wall, form->format));
  response.headers.add("Content-Disposition",
                       fmt::format("attachment; filename=\"betrace-rules.{}\"", form->word));
  return response;
}

}  // namespace betrace::api
