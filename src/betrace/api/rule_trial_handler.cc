#include "betrace/api/rule_trial_handler.h"

#include <fmt/format.h>

#include <chrono>

#include "betrace/api/change_reply.h"
#include "betrace/api/diagnostic_json.h"
#include "betrace/api/object_reader.h"
#include "betrace/api/query.h"
#include "betrace/api/rule_json.h"
#include "betrace/api/rule_trial.h"
#include "betrace/control/rule_check.h"
#include "betrace/model/violation_json.h"
#include "betrace/otlp/json_span_reader.h"

namespace betrace::api {
namespace {

Reply<engine::ActiveRulePtr> checked(model::Rule rule,
                                     std::size_t bytes_max = rules::kRuleBytesMax) {
  auto active = control::check_rule(std::move(rule), bytes_max);
  if (!active) return refuse(change_error(active.error()));
  return std::move(*active);
}

Reply<engine::ActiveRulePtr> rule_of_expression(const Json& expression, std::size_t bytes_max) {
  if (!expression.is_string()) {
    return refuse(ErrorKind::InvalidField, "expression is not a string");
  }
  model::Rule rule;
  rule.id = rule.name = "expression";
  rule.expression = expression.get<std::string>();
  const auto compiled = rules::check_rule(rule.expression, bytes_max);
  if (!compiled) return refuse(expression_error(compiled.error()));
  return checked(std::move(rule));
}

// Returns the one member of `names` that the body has.
Reply<std::string> only_member(ObjectReader& reader, const std::vector<std::string>& names) {
  std::string found;
  for (const std::string& name : names) {
    if (reader.find(name) == nullptr) continue;
    if (!found.empty()) {
      return refuse(ErrorKind::InvalidField, fmt::format("{} and {} are both given", found, name));
    }
    found = name;
  }
  if (found.empty()) {
    return refuse(ErrorKind::MissingField,
                  fmt::format("one of {} is missing", fmt::join(names, ", ")));
  }
  return found;
}

OrderedJson valid_json(const rules::CheckedRule& rule) {
  return {{"valid", true},
          {"scope", rules::name_of(rule.scope)},
          {"monotone", rule.monotone},
          {"normalized", rule.normalized},
          {"fields", rule.fields},
          {"estimated_cost", rule.estimated_cost},
          {"warnings", diagnostics_json(rule.warnings)}};
}

OrderedJson invalid_json(const rules::Diagnostic& diagnostic) {
  return {{"valid", false},
          {"error", control::located_message(diagnostic)},
          {"errors", diagnostics_json({diagnostic})},
          {"warnings", OrderedJson::array()}};
}

OrderedJson trial_json(const RuleTrial& trial, const rules::CheckedRule& rule, double time_ms) {
  OrderedJson violations = OrderedJson::array();
  for (const model::Violation& violation : trial.violations) {
    violations.push_back(model::trial_violation_json(violation));
  }
  const bool is_decided = !trial.is_budget_spent;
  return {{"matches", is_decided ? OrderedJson(!trial.violations.empty()) : OrderedJson()},
          {"evaluation_time_ms", time_ms},
          {"scope", rules::name_of(rule.scope)},
          {"evaluation_error", is_decided ? OrderedJson() : OrderedJson("budget")},
          {"warnings", diagnostics_json(rule.warnings)},
          {"violations", std::move(violations)}};
}

}  // namespace

Reply<http::Response> RuleTrialHandler::validate(const http::Request& request,
                                                 const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const auto body = read_json_object(request.body, options_.json_depth_max);
  if (!body) return refuse(body.error());
  ObjectReader reader(*body);
  const auto expression = reader.text("expression");
  if (!expression) reader.reject_missing("expression");
  if (reader.mistake()) return refuse(*reader.mistake());
  const auto compiled = rules::check_rule(*expression, options_.rule_bytes_max);
  http::Response response =
      json_reply(200, compiled ? valid_json(*compiled) : invalid_json(compiled.error()));
  name_ignored(reader.unknown(), &response);
  return response;
}

Reply<http::Response> RuleTrialHandler::test(const http::Request& request,
                                             const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const auto body = read_json_object(request.body, options_.json_depth_max);
  if (!body) return refuse(body.error());
  const Now start = services_.clock();
  auto rule = rule_of(*body);
  if (!rule) return refuse(std::move(rule.error()));
  auto spans = spans_of(*body, start.wall);
  if (!spans) return refuse(std::move(spans.error()));

  const Now before = services_.clock();
  const RuleTrial trial = try_rule(**rule, std::move(*spans), services_.redaction(), before);
  const std::chrono::duration<double, std::milli> time =
      services_.clock().monotonic - before.monotonic;
  http::Response response = json_reply(200, trial_json(trial, (*rule)->checked, time.count()));
  ObjectReader reader(*body);
  for (const char* known : {"expression", "rule", "rule_id", "span", "spans"}) reader.skip(known);
  name_ignored(reader.unknown(), &response);
  return response;
}

Reply<engine::ActiveRulePtr> RuleTrialHandler::rule_of(const Json& body) const {
  ObjectReader reader(body);
  const auto member = only_member(reader, {"expression", "rule", "rule_id"});
  if (!member) return refuse(member.error());
  const Json& value = *reader.find(*member);
  if (*member == "expression") return rule_of_expression(value, options_.rule_bytes_max);
  if (*member == "rule") {
    auto given = read_rule(value, RuleForm::Create);
    if (!given) return refuse(std::move(given.error()));
    return checked(std::move(given->rule), options_.rule_bytes_max);
  }
  if (!value.is_string()) return refuse(ErrorKind::InvalidField, "rule_id is not a string");
  return stored_rule(value.get<std::string>());
}

Reply<engine::ActiveRulePtr> RuleTrialHandler::stored_rule(const std::string& id) const {
  const control::LoadedRulePtr rule = services_.rules.rules()->find(id);
  if (rule == nullptr) {
    return refuse(ErrorKind::RuleNotFound, control::rule_not_found(id).message);
  }
  if (rule->active == nullptr) return checked(rule->stored->rule);  // tells the place again
  return rule->active;
}

Reply<std::vector<model::KeptSpan>> RuleTrialHandler::spans_of(const Json& body,
                                                               UnixNanos now) const {
  ObjectReader reader(body);
  const auto member = only_member(reader, {"span", "spans"});
  if (!member) return refuse(member.error());
  const Json& value = *reader.find(*member);
  otlp::JsonSpanOptions options;
  options.default_time = now;
  options.generate_ids = true;
  options.limits = options_.span_limits;
  options.limits.spans_max = kTrialSpansMax;
  auto read = otlp::read_json_spans(*member == "span" ? Json::array({value}) : value, options);
  if (!read) {
    const bool is_too_many = read.error().code == ErrorCode::LimitExceeded;
    return refuse(is_too_many ? ErrorKind::PayloadTooLarge : ErrorKind::InvalidField,
                  read.error().message);
  }
  if (!read->rejections.empty()) {
    const auto& rejection = read->rejections.front();
    return refuse(ErrorKind::InvalidField,
                  *member == "span"
                      ? fmt::format("span: {}", rejection.second.message)
                      : fmt::format("spans[{}]: {}", rejection.first, rejection.second.message));
  }
  return std::move(read->spans);
}

}  // namespace betrace::api
