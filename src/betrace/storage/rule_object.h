// One rule as a JSON object: reading, checking and writing it.
//
// Used by rule files, by documents that hold several rules, and by records of rule changes. Fields
// are checked and normalised here; whether the expression compiles is a question for rules/.
// Source: docs/guide/api.md, "Rules".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/model/rule.h"

namespace betrace::storage {

inline constexpr std::uint64_t kRevisionMax = 9'007'199'254'740'991;  ///< 2^53-1

/// True for `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}` except `validate`, `test`, `import`, `export`.
[[nodiscard]] bool is_rule_id(std::string_view text) noexcept;

/// Returns `name` if it is a legal id, else its slug, else `rule-` + 8 hex of its SHA-256.
[[nodiscard]] std::string rule_id_of_name(std::string_view name);

/// Returns nothing if all fields are within their limits. Error InvalidArgument, naming the field.
[[nodiscard]] Result<void> check_rule_fields(const model::Rule& rule);

/// A rule object as read: defaults filled in, severity and tags normalised, fields checked.
struct RuleInput {
  /// Id from the name if there was none. `revision`, `created_at` and `updated_at` are 0 when they
  /// are absent or not valid: restoring never fails on them.
  model::Rule rule;
  bool has_id = false;               ///< The object named its id.
  std::vector<std::string> ignored;  ///< Members that mean nothing, as spelt.
};

/// Whether `condition` may stand for `expression`.
enum class RuleDialect : std::uint8_t { Api, Document };

/// Reads one rule object; members in snake_case or lowerCamelCase. Output-only members (`state`,
/// `statistics`) are ignored silently. Error InvalidArgument, naming the field: a missing or wrong
/// member, both spellings with different values.
[[nodiscard]] Result<RuleInput> read_rule_object(const Json& object, RuleDialect dialect);

/// Returns the rule object: members in the documented order, without `state` and statistics.
[[nodiscard]] nlohmann::ordered_json rule_object(const model::Rule& rule);

/// Returns the SHA-256, as 64 hex digits, of the canonical rule object: what rule files and
/// `rule_change` records name.
[[nodiscard]] std::string rule_sha256(const model::Rule& rule);

/// `"3-0123456789abcdef"` with its quotes: revision and content, not times.
[[nodiscard]] std::string rule_etag(const model::Rule& rule);

}  // namespace betrace::storage
