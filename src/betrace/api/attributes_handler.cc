#include "betrace/api/attributes_handler.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/api/query.h"

namespace betrace::api {
namespace {

bool is_read(const control::LoadedRules& rules, std::string_view key) {
  return std::ranges::any_of(rules.rules, [key](const control::LoadedRulePtr& rule) {
    return rule->active != nullptr &&
           std::ranges::binary_search(rule->active->checked.attribute_keys, key);
  });
}

// Only numbers, booleans and texts are kept as examples.
std::string text_of_example(const Json& example) {
  if (example.is_string()) return example.get<std::string>();
  return example.is_number_float() ? fmt::format("{}", example.get<double>()) : example.dump();
}

// Values are shown as a violation would show them: of keys that a rule reads, and of those that are
// allowed besides; hidden where they are denied.
OrderedJson shown_examples(const account::SeenAttribute& seen, const control::LoadedRules& rules,
                           const engine::Redaction& redaction) {
  OrderedJson examples = OrderedJson::array();
  if (!redaction.is_allowed(seen.key) && !is_read(rules, seen.key)) return examples;
  const bool is_denied = redaction.is_denied(seen.key);
  for (const Json& example : seen.examples) {
    examples.push_back(is_denied ? OrderedJson(redaction.hidden(text_of_example(example)))
                                 : OrderedJson(example));
  }
  return examples;
}

}  // namespace

Reply<http::Response> AttributesHandler::list(const http::Request& request,
                                              const http::PathParameters&) const {
  QueryReader query(request.head);
  const std::string prefix = query.text("prefix").value_or("");
  const std::string service = query.text("service").value_or("");
  const std::uint32_t limit_max = options_.query_results_max;
  const std::size_t limit = query.integer("limit", limit_max, 1, limit_max);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const control::LoadedRulesPtr rules = services_.rules.rules();
  const engine::RedactionPtr redaction = services_.redaction();
  OrderedJson attributes = OrderedJson::array();
  for (const account::SeenAttribute& seen : services_.attributes.list(prefix, service, limit)) {
    attributes.push_back({{"key", seen.key},
                          {"in", seen.is_resource ? "resource" : "span"},
                          {"types", seen.types},
                          {"services", seen.services},
                          {"examples", shown_examples(seen, *rules, *redaction)}});
  }
  return json_reply(
      200, {{"sampled", fmt::format("1/{}", services_.attributes.limits().requests_per_sample)},
            {"attributes", std::move(attributes)}});
}

}  // namespace betrace::api
