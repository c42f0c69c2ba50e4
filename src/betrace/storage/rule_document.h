// Documents of rules: JSON, JSON lines and YAML with one rule or many.
//
// Used by the rule store for files people write, by imports and by `betrace rules check`. A wrong
// entry does not hide the others. Source: docs/guide/api.md, "Rules".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/storage/rule_object.h"

namespace betrace::storage {

/// Longest text of a document, `limits.import_body`.
inline constexpr std::size_t kRuleDocumentBytesMax = 10 * 1024 * 1024;
/// Most entries of a document.
inline constexpr std::size_t kRuleDocumentRulesMax = 100'000;

/// One entry of a document, in its order.
struct RuleEntry {
  std::size_t index = 0;
  std::string place;  ///< `rules[2]`, `[2]`, `line 3`; empty for a document that is one rule.
  std::string id;     ///< As far as it could be read, else empty.
  Result<RuleInput> input;
};

enum class RuleFormat : std::uint8_t { Json, Yaml, JsonLines };

/// What a format is called.
struct RuleForm {
  std::string_view word;  ///< In queries and flags.
  RuleFormat format;
  std::string_view media_type;
};

inline constexpr std::array kRuleForms = {
    RuleForm{"json", RuleFormat::Json, "application/json"},
    RuleForm{"yaml", RuleFormat::Yaml, "application/yaml"},
    RuleForm{"ndjson", RuleFormat::JsonLines, "application/x-ndjson"}};

/// Yaml for names that end in `.yaml` or `.yml`, JsonLines for `.ndjson` and `.jsonl`, else Json.
[[nodiscard]] RuleFormat rule_format_of(std::string_view file_name) noexcept;

/// Reads one rule, a list, `{"rules":[...]}` or an export document. A wrong entry is an entry with
/// an Error, and so is the second of two with the same id. Error InvalidArgument: the text as a
/// whole cannot be read, is too long, or has too many entries; JSON that is nested deeper than
/// `depth_max`; YAML with tags, anchors or aliases. Unsupported: an export document of a newer
/// format.
[[nodiscard]] Result<std::vector<RuleEntry>> read_rule_document(std::string_view text,
                                                                RuleFormat format,
                                                                int depth_max = kJsonDepthMax);

/// As read_rule_document(), of a value that was parsed already.
[[nodiscard]] Result<std::vector<RuleEntry>> read_rule_entries(const Json& document);

/// Returns the export document as JSON, JSON lines (rules only) or YAML.
[[nodiscard]] std::string write_rule_document(const std::vector<model::Rule>& rules,
                                              UnixNanos exported_at, RuleFormat format);

}  // namespace betrace::storage
