#include "betrace/api/templates_handler.h"

#include <fmt/format.h>

#include <span>

#include "betrace/api/query.h"
#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/storage/rule_document.h"

namespace betrace::api {
namespace {

// What is shipped has tests of its own, so nothing of it can be wrong here.
void add_pack(const RulePack& pack, OrderedJson* templates) {
  const auto document = storage::read_rule_document(pack.yaml, storage::RuleFormat::Yaml);
  BETRACE_CHECK(document.has_value());
  for (const storage::RuleEntry& entry : *document) {
    BETRACE_CHECK(entry.input.has_value());
    const model::Rule& rule = entry.input->rule;
    const auto checked = rules::check_rule(rule.expression);
    BETRACE_CHECK(checked.has_value());
    OrderedJson shown = storage::rule_object(rule);
    for (const char* member : {"revision", "created_at", "updated_at"}) shown.erase(member);
    templates->push_back({{"pack", pack.name},
                          {"rule", std::move(shown)},
                          {"scope", rules::name_of(checked->scope)},
                          {"title", rule.name}});
  }
}

}  // namespace

TemplatesHandler::TemplatesHandler(const ApiOptions& options) {
  OrderedJson templates = OrderedJson::array();
  for (const RulePack& pack : options.packs) add_pack(pack, &templates);
  body_ = dump(OrderedJson{{"templates", std::move(templates)}});
  const Sha256 digest = sha256(body_);
  etag_ = fmt::format("\"{}\"", to_hex(std::span(digest).first(8)));
}

Reply<http::Response> TemplatesHandler::list(const http::Request& request,
                                             const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  http::Response response = is_unchanged(request.head, etag_) ? http::empty_response(304)
                                                              : http::json_response(200, body_);
  response.headers.add("ETag", etag_);
  response.headers.add("Cache-Control", "no-cache");
  return response;
}

}  // namespace betrace::api
