// Rule objects of the REST API: from the body of a client to a rule, and back.
//
// Says which members are required and names what is ignored; types and limits of the members are
// storage/rule_document.h's, the expression is control/'s. Source: docs/guide/api.md, "Rules".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/error_body.h"
#include "betrace/base/json.h"
#include "betrace/control/loaded_rule.h"
#include "betrace/model/rule.h"

namespace betrace::api {

/// What is expected of a rule object.
enum class RuleForm : std::uint8_t {
  Create,  ///< POST: the id may come from the name; revision and times are kept.
  Replace  ///< PUT: `enabled` and `severity` are required too.
};

/// A rule as a client sent it, defaults filled in.
struct RuleBody {
  model::Rule rule;                  ///< Revision and times 0 where absent or not valid.
  bool has_id = false;               ///< The body named its id.
  std::vector<std::string> ignored;  ///< Members that mean nothing.
};

/// Reads a rule object. Errors MissingField, InvalidField.
[[nodiscard]] Reply<RuleBody> read_rule(const Json& body, RuleForm form);

/// Returns `stored` with a merge patch applied (RFC 7396): content members only; null resets a
/// member that has a default. Error InvalidField.
[[nodiscard]] Reply<model::Rule> patch_rule(const model::Rule& stored, const Json& patch);

/// Returns the rule object, without statistics, members in documented order.
[[nodiscard]] OrderedJson rule_json(const control::LoadedRule& rule, bool is_quarantined);

}  // namespace betrace::api
