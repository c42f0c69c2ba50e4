#include "betrace/api/attributes_handler.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/api/query.h"

namespace betrace::api {
namespace {

constexpr std::uint64_t kAttributesPage = 1'000;

// Values are shown only where a violation would show them: of keys that a rule reads, and of those
// that are allowed besides.
class ShownValues {
 public:
  ShownValues(const control::LoadedRules& rules, const std::vector<std::string>& allowed)
      : rules_(rules), allowed_(allowed) {}

  [[nodiscard]] bool may_show(std::string_view key) const {
    const auto is_read = [key](const control::LoadedRulePtr& rule) {
      return rule->active != nullptr &&
             std::ranges::binary_search(rule->active->checked.attribute_keys, key);
    };
    const auto is_allowed = [key](std::string_view allowed) {
      if (!allowed.ends_with('*')) return key == allowed;
      return key.starts_with(allowed.substr(0, allowed.size() - 1));
    };
    return key == "service.name" || std::ranges::any_of(allowed_, is_allowed) ||
           std::ranges::any_of(rules_.rules, is_read);
  }

 private:
  const control::LoadedRules& rules_;
  const std::vector<std::string>& allowed_;
};

}  // namespace

Reply<http::Response> AttributesHandler::list(const http::Request& request,
                                              const http::PathParameters&) const {
  QueryReader query(request.head);
  const std::string prefix = query.text("prefix").value_or("");
  const std::string service = query.text("service").value_or("");
  const std::size_t limit = query.integer("limit", kAttributesPage, 1, kAttributesPage);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const control::LoadedRulesPtr rules = services_.rules.rules();
  const ShownValues values(*rules, options_.shown_attributes);
  OrderedJson attributes = OrderedJson::array();
  for (const account::SeenAttribute& seen : services_.attributes.list(prefix, service, limit)) {
    attributes.push_back({{"key", seen.key},
                          {"in", seen.is_resource ? "resource" : "span"},
                          {"types", seen.types},
                          {"services", seen.services},
                          {"examples", values.may_show(seen.key) ? OrderedJson(seen.examples)
                                                                 : OrderedJson::array()}});
  }
  return json_reply(
      200, {{"sampled", fmt::format("1/{}", services_.attributes.limits().requests_per_sample)},
            {"attributes", std::move(attributes)}});
}

}  // namespace betrace::api
