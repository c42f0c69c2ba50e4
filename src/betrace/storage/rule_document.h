// Rules as documents: JSON objects, JSON and YAML files, and the export document.
//
// Used by the rule store, by imports, by `betrace rules check` and by the API. Fields are checked
// and normalised here; whether the expression compiles is a question for rules/. YAML is read in
// the .cc only. Source: the HTTP page, sections 4.2 and 4.7.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/model/rule.h"

namespace betrace::storage {

/// Longest text of a document, `limits.import_body`.
inline constexpr std::size_t kRuleDocumentBytesMax = 10 * 1024 * 1024;
/// Most entries of a document.
inline constexpr std::size_t kRuleDocumentRulesMax = 100'000;
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

/// One entry of a document, in its order.
struct RuleEntry {
  std::size_t index = 0;
  std::string place;  ///< `rules[2]`, or empty for a document that is one rule.
  std::string id;     ///< As far as it could be read, else empty.
  Result<RuleInput> input;
};

enum class RuleFormat : std::uint8_t { Json, Yaml, JsonLines };

/// Yaml for names that end in `.yaml` or `.yml`, JsonLines for `.ndjson` and `.jsonl`, else Json.
[[nodiscard]] RuleFormat rule_format_of(std::string_view file_name) noexcept;

/// Reads one rule, a list, `{"rules":[...]}` or an export document. A wrong entry is an entry with
/// an Error, and so is the second of two with the same id. Error InvalidArgument: the text as a
/// whole cannot be read, is too long, or has too many entries; YAML with tags, anchors or aliases.
[[nodiscard]] Result<std::vector<RuleEntry>> read_rule_document(std::string_view text,
                                                                RuleFormat format);

/// Returns the one value of a YAML text as JSON; plain scalars by the core schema (true, false,
/// null, numbers). Errors as read_rule_document().
[[nodiscard]] Result<Json> yaml_to_json(std::string_view text, std::size_t bytes_max);

/// Returns the export document as JSON, JSON lines (rules only) or YAML.
[[nodiscard]] std::string write_rule_document(const std::vector<model::Rule>& rules,
                                              UnixNanos exported_at, RuleFormat format);

}  // namespace betrace::storage
