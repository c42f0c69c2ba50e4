// Rule objects of the REST API: from the body of a client to a rule, and back.
//
// Checks members, their types and which are required; limits of fields and the expression are
// checked by control/. Source: the HTTP page, section 4.2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/error_body.h"
#include "betrace/base/json.h"
#include "betrace/base/time.h"
#include "betrace/model/rule.h"

namespace betrace::api {

/// What is expected of a rule object.
enum class RuleForm : std::uint8_t {
  Create,  ///< POST: revision and times are kept; the id may come from the name.
  Import,  ///< As Create; `condition` stands for `expression`.
  Replace  ///< PUT: `enabled` and `severity` are required, revision and times are ignored.
};

/// A rule as a client sent it, defaults filled in.
struct RuleInput {
  model::Rule rule;  ///< Id empty in Replace without one. Revision 0, times 0: none that is valid.
  std::vector<std::string> ignored;  ///< Members that mean nothing.
};

/// Reads a rule object. `now` bounds the times that are kept: at most 5 minutes later. Errors
/// InvalidField (no object, a wrong type, a severity that is none) and MissingField.
[[nodiscard]] Reply<RuleInput> read_rule(const Json& body, RuleForm form, UnixNanos now);

/// Returns `stored` with a merge patch applied (RFC 7396): content members only; null resets a
/// member that has a default. Error InvalidField.
[[nodiscard]] Reply<model::Rule> patch_rule(const model::Rule& stored, const Json& patch);

/// Returns the rule object, without statistics, members in documented order.
[[nodiscard]] OrderedJson rule_json(const model::Rule& rule, std::string_view state);

}  // namespace betrace::api
