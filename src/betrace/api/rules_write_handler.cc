#include "betrace/api/rules_write_handler.h"

#include <fmt/format.h>

#include "betrace/api/change_reply.h"
#include "betrace/api/query.h"
#include "betrace/api/rule_json.h"
#include "betrace/api/rule_statistics.h"
#include "betrace/base/utf8.h"

namespace betrace::api {
namespace {

using control::CreateResult;
using control::Outcome;
using control::RefusalKind;

// Changes that take no member: the body may be absent, or an empty object.
Reply<void> expect_no_members(const http::Request& request, int depth_max) {
  if (request.body.empty()) return {};
  const auto body = read_json_object(request.body, depth_max);
  if (!body) return refuse(body.error());
  if (body->empty()) return {};
  return refuse(ErrorKind::InvalidField, "the body is neither empty nor {}");
}

Reply<void> expect_no_parameters(const http::Request& request) {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  return {};
}

}  // namespace

Reply<http::Response> RulesWriteHandler::create(const http::Request& request,
                                                const http::PathParameters&) const {
  QueryReader query(request.head);
  const std::size_t conflict = query.choice("on_conflict", {"fail", "replace", "skip"});
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const auto json = read_json(request.body, options_.json_depth_max);
  if (!json) return refuse(json.error());
  auto body = read_rule(*json, RuleForm::Create);
  if (!body) return refuse(std::move(body.error()));

  const auto result =
      services_.rules.create(std::move(body->rule), static_cast<control::OnConflict>(conflict),
                             change_context(request.head, services_.clock().wall));
  if (!result) return refuse(change_error(result.error()));
  const bool is_new = result->what == CreateResult::What::Created;
  http::Response response = rule_reply(is_new ? 201 : 200, *result->rule);
  if (is_new) response.headers.add("Location", "/v1/rules/" + result->rule->rule.id);
  if (result->what == CreateResult::What::Skipped) {
    response.headers.add("X-Betrace-Skipped", "true");
  }
  name_ignored(body->ignored, &response);
  return response;
}

Reply<http::Response> RulesWriteHandler::replace(const http::Request& request,
                                                 const http::PathParameters& path) const {
  const std::string& id = path.at("id");
  const auto json = read_json(request.body, options_.json_depth_max);
  if (!json) return refuse(json.error());
  auto body = read_rule(*json, RuleForm::Replace);
  if (!body) return refuse(std::move(body.error()));
  if (body->has_id && body->rule.id != id) {
    return refuse(ErrorKind::IdMismatch, fmt::format("id of the body is {}, that of the path {}",
                                                     body->rule.id, quote_excerpt(id)));
  }
  const model::Rule& rule = body->rule;
  auto response =
      update(request, id, [&rule](const model::Rule&) -> Outcome<model::Rule> { return rule; });
  if (response) name_ignored(body->ignored, &*response);
  return response;
}

Reply<http::Response> RulesWriteHandler::patch(const http::Request& request,
                                               const http::PathParameters& path) const {
  const auto json = read_json(request.body, options_.json_depth_max);
  if (!json) return refuse(json.error());
  const Json& patch = *json;
  return update(request, path.at("id"), [&patch](const model::Rule& stored) {
    auto patched = patch_rule(stored, patch);
    return patched ? Outcome<model::Rule>(std::move(*patched))
                   : control::refuse(RefusalKind::InvalidField, patched.error().message);
  });
}

Reply<http::Response> RulesWriteHandler::enable(const http::Request& request,
                                                const http::PathParameters& path) const {
  return set_enabled(request, path, true);
}

Reply<http::Response> RulesWriteHandler::disable(const http::Request& request,
                                                 const http::PathParameters& path) const {
  return set_enabled(request, path, false);
}

Reply<http::Response> RulesWriteHandler::set_enabled(const http::Request& request,
                                                     const http::PathParameters& path,
                                                     bool is_enabled) const {
  auto empty = expect_no_members(request, options_.json_depth_max);
  if (!empty) return refuse(std::move(empty.error()));
  return update(request, path.at("id"),
                [is_enabled](const model::Rule& stored) -> Outcome<model::Rule> {
                  model::Rule edited = stored;
                  edited.enabled = is_enabled;
                  return edited;
                });
}

Reply<http::Response> RulesWriteHandler::update(const http::Request& request, const std::string& id,
                                                const control::RuleControl::Edit& edit) const {
  auto plain = expect_no_parameters(request);
  if (!plain) return refuse(std::move(plain.error()));
  const auto changed = services_.rules.update(id, edit, if_match(request.head),
                                              change_context(request.head, services_.clock().wall));
  if (!changed) return refuse(change_error(changed.error()));
  return rule_reply(200, **changed);
}

Reply<http::Response> RulesWriteHandler::remove(const http::Request& request,
                                                const http::PathParameters& path) const {
  const std::string& id = path.at("id");
  auto plain = expect_no_parameters(request);
  if (!plain) return refuse(std::move(plain.error()));
  const auto removed = services_.rules.remove(id, if_match(request.head),
                                              change_context(request.head, services_.clock().wall));
  if (!removed) return refuse(change_error(removed.error()));
  return json_reply(200, {{"success", true}, {"message", "Rule deleted successfully"}, {"id", id}});
}

Reply<http::Response> RulesWriteHandler::undelete(const http::Request& request,
                                                  const http::PathParameters& path) const {
  auto plain = expect_no_parameters(request);
  if (!plain) return refuse(std::move(plain.error()));
  auto empty = expect_no_members(request, options_.json_depth_max);
  if (!empty) return refuse(std::move(empty.error()));
  const auto restored =
      services_.rules.undelete(path.at("id"), change_context(request.head, services_.clock().wall));
  if (!restored) return refuse(change_error(restored.error()));
  return rule_reply(200, **restored);
}

http::Response RulesWriteHandler::rule_reply(int status, const control::LoadedRule& rule) const {
  const bool is_out = is_quarantined(services_.statistics(), rule.rule.id);
  http::Response response = json_reply(status, rule_json(rule, is_out));
  response.headers.add("ETag", rule.etag);
  return response;
}

}  // namespace betrace::api
