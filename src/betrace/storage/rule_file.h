// The bytes of one file of the rule directory: what it says, and what is wrong with it.
//
// Files of our own are {"format":1,"sha256":..,"rule":{..}}, tombstones have deleted_at and actor
// too; people may write any document of rules. Knows no directory. Source:
// docs/internals/rule_store.md.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/rule_store.h"

namespace betrace::storage {

/// True for names of rule files: `*.json`, `*.yaml`, `*.yml`, not beginning with a dot.
[[nodiscard]] bool is_rule_file_name(std::string_view name) noexcept;

/// What a file says.
struct RuleFileContent {
  std::vector<std::shared_ptr<const StoredRule>> rules;
  std::optional<Tombstone> tombstone;
  std::vector<std::string> problems;  ///< Entries that are not in force, each with its place.
};

/// Reads the bytes of the file `name`. Error Corrupt: no rule of it can be read; Unsupported: a
/// newer format.
[[nodiscard]] Result<RuleFileContent> read_rule_file(std::string_view name, std::string_view bytes);

/// `<id>.json`
[[nodiscard]] std::string rule_file_name(std::string_view id);

/// Returns the bytes of our own file. Requires: checked fields.
[[nodiscard]] std::string rule_file_bytes(const model::Rule& rule);
[[nodiscard]] std::string tombstone_bytes(const Tombstone& tombstone);

}  // namespace betrace::storage
