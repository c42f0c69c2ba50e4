#include "betrace/storage/rule_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/base/json.h"
#include "betrace/base/sha256.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/storage/rule_document.h"
#include "betrace/storage/yaml.h"

namespace betrace::storage {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::array<std::string_view, 5> kMembers = {"format", "sha256", "rule", "deleted_at",
                                                      "actor"};

tl::unexpected<Error> corrupt_file(std::string message) {
  return fail(ErrorCode::Corrupt, std::move(message));
}

std::shared_ptr<const StoredRule> stored(model::Rule rule, std::string_view file, bool is_alone) {
  rule.revision = std::max<std::uint64_t>(rule.revision, 1);
  auto result = std::make_shared<StoredRule>();
  result->is_read_only = !is_alone || file != rule_file_name(rule.id);
  result->file = file;
  result->sha256 = rule_sha256(rule);
  result->rule = std::move(rule);
  return result;
}

// What the checksum of a file covers: the rule object; of a tombstone who and when as well.
Result<std::string> checksum_of(const Json& file) {
  const bool is_tombstone = file.contains("deleted_at");
  auto canonical =
      evidence::canonical_json(is_tombstone ? Json{{"actor", file.value("actor", Json())},
                                                   {"deleted_at", file.at("deleted_at")},
                                                   {"rule", file.at("rule")}}
                                            : file.at("rule"));
  if (!canonical) return corrupt_file("rule: " + canonical.error().message);
  return to_hex(sha256(*canonical));
}

Result<void> check_frame(const Json& file) {
  for (const auto& member : file.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), member.key()) == kMembers.end()) {
      return corrupt_file("a member is not known");
    }
  }
  if (!file.contains("sha256")) return {};
  const auto checksum = checksum_of(file);
  if (!checksum) return fail(checksum.error());
  if (file.at("sha256") != *checksum) return corrupt_file("sha256 is not that of the rule");
  return {};
}

Result<Tombstone> read_tombstone(const Json& file, model::Rule rule) {
  const Json& time = file.at("deleted_at");
  const auto deleted_at =
      time.is_string() ? parse_rfc3339(time.get_ref<const std::string&>()) : parse_rfc3339("");
  if (!deleted_at) return corrupt_file("deleted_at is not a time");
  const auto actor = file.find("actor");
  const bool has_actor = actor != file.end() && actor->is_string();
  return Tombstone{std::move(rule), *deleted_at, has_actor ? actor->get<std::string>() : ""};
}

Result<RuleFileContent> read_own_file(std::string_view name, const Json& file) {
  if (auto checked = check_frame(file); !checked) return fail(checked.error());
  auto input = read_rule_object(file.at("rule"), RuleDialect::Api);
  if (!input) return corrupt_file(input.error().message);
  RuleFileContent content;
  if (!file.contains("deleted_at")) {
    content.rules.push_back(stored(std::move(input->rule), name, true));
    return content;
  }
  auto tombstone = read_tombstone(file, std::move(input->rule));
  if (!tombstone) return fail(tombstone.error());
  if (name != rule_file_name(tombstone->rule.id))
    return corrupt_file("a tombstone has a wrong name");
  content.tombstone = *std::move(tombstone);
  return content;
}

// A document of people: one rule or many; what is wrong in one entry does not hide the others.
Result<RuleFileContent> read_entries(std::string_view name, const Json& document) {
  auto entries = read_rule_entries(document);
  if (!entries) return corrupt_file(entries.error().message);
  const bool is_writable = entries->size() == 1 && document.is_object() &&
                           !document.contains("rules") && rule_format_of(name) == RuleFormat::Json;
  RuleFileContent content;
  for (RuleEntry& entry : *entries) {
    if (entry.input) {
      content.rules.push_back(stored(std::move(entry.input->rule), name, is_writable));
    } else {
      const std::string_view separator = entry.place.empty() ? "" : ": ";
      content.problems.push_back(
          fmt::format("{}{}{}", entry.place, separator, entry.input.error().message));
    }
  }
  if (content.rules.empty() && !content.problems.empty()) return corrupt_file(content.problems[0]);
  return content;
}

Result<void> check_format(const Json& format) {
  if (!format.is_number_unsigned() || format == 0) return corrupt_file("format is not a version");
  if (format.get<std::uint64_t>() > kFormat) {
    return fail(ErrorCode::Unsupported, "the format is newer than this version knows");
  }
  return {};
}

std::string pretty(const OrderedJson& value) { return value.dump(2) + "\n"; }

}  // namespace

bool is_rule_file_name(std::string_view name) noexcept {
  if (name.starts_with(".")) return false;
  return name.ends_with(".json") || name.ends_with(".yaml") || name.ends_with(".yml");
}

Result<RuleFileContent> read_rule_file(std::string_view name, std::string_view bytes) {
  auto document = rule_format_of(name) == RuleFormat::Yaml
                      ? yaml_to_json(bytes, kRuleDocumentBytesMax)
                      : parse_json(bytes);
  if (!document) return corrupt_file(document.error().message);
  if (!document->is_object() || !document->contains("format")) return read_entries(name, *document);
  if (auto known = check_format(document->at("format")); !known) return fail(known.error());
  if (document->contains("rule")) return read_own_file(name, *document);
  document->erase("format");
  return read_entries(name, *document);
}

std::string rule_file_name(std::string_view id) { return std::string(id) + ".json"; }

std::string rule_file_bytes(const model::Rule& rule) {
  return pretty({{"format", kFormat}, {"sha256", rule_sha256(rule)}, {"rule", rule_object(rule)}});
}

std::string tombstone_bytes(const Tombstone& tombstone) {
  OrderedJson file = {{"format", kFormat},
                      {"sha256", ""},
                      {"deleted_at", format_rfc3339(tombstone.deleted_at)},
                      {"actor", tombstone.actor},
                      {"rule", rule_object(tombstone.rule)}};
  const auto checksum = checksum_of(Json(file));
  BETRACE_CHECK(checksum.has_value());
  file["sha256"] = *checksum;
  return pretty(file);
}

}  // namespace betrace::storage
