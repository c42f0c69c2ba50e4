#include "betrace/storage/rule_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "betrace/base/ascii.h"
#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/base/utf8.h"
#include "betrace/evidence/canonical_json.h"

namespace betrace::storage {
namespace {

using model::Rule;

constexpr std::size_t kIdBytesMax = 128;
constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kDescriptionBytesMax = 4'096;
constexpr std::size_t kExpressionBytesMax = 65'536;
constexpr std::size_t kTagsMax = 32;
constexpr std::size_t kTagBytesMax = 64;
constexpr std::size_t kMessageBytesMax = 1'024;
constexpr std::array<std::string_view, 4> kPathWords = {"validate", "test", "import", "export"};
constexpr std::string_view kTagPunctuation = "_.:/()-";

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kTagBytesMax || !is_alphanumeric(tag[0])) return false;
  return std::all_of(tag.begin(), tag.end(), [](char c) {
    return is_alphanumeric(c) || kTagPunctuation.find(c) != kTagPunctuation.npos;
  });
}

Result<void> check_text(std::string_view field, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return fail_invalid(fmt::format("{} is longer than {} bytes", field, bytes_max));
  }
  if (!is_utf8(text)) return fail_invalid(fmt::format("{} is not valid UTF-8", field));
  return {};
}

Result<void> check_tags(const std::vector<std::string>& tags) {
  if (tags.size() > kTagsMax)
    return fail_invalid(fmt::format("tags has more than {} items", kTagsMax));
  const auto wrong = std::find_if_not(tags.begin(), tags.end(), is_tag);
  if (wrong == tags.end()) return {};
  return fail_invalid(fmt::format("tags: \"{}\" is not a tag", quote_excerpt(*wrong)));
}

std::string camel_case(std::string_view snake_case) {
  std::string camel;
  for (std::size_t i = 0; i < snake_case.size(); ++i) {
    const bool is_start = snake_case[i] == '_' && i + 1 < snake_case.size();
    if (is_start) ++i;
    const char c = snake_case[i];
    camel.push_back(is_start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return camel;
}

/// Takes known members out of a rule object; keeps the first mistake and, at the end, the rest.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  const Json* find(std::string_view member) {
    const Json* snake = take(std::string(member));
    const Json* camel = take(camel_case(member));
    if (snake != nullptr && camel != nullptr && *snake != *camel) {
      reject(fmt::format("{} and {} differ", member, camel_case(member)));
    }
    return snake != nullptr ? snake : camel;
  }

  std::optional<std::string> text(std::string_view member) {
    const Json* value = find(member);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    reject(fmt::format("{} is not a string", member));
    return std::nullopt;
  }

  std::string required_text(std::string_view member) {
    const auto value = text(member);
    if (!value) reject(fmt::format("{} is missing", member));
    return value.value_or("");
  }

  bool boolean(std::string_view member, bool otherwise) {
    const Json* value = find(member);
    if (value == nullptr) return otherwise;
    if (!value->is_boolean()) reject(fmt::format("{} is not true or false", member));
    return value->is_boolean() ? value->get<bool>() : otherwise;
  }

  std::vector<std::string> tags() {
    std::vector<std::string> unique;
    const Json* value = find("tags");
    if (value == nullptr) return unique;
    if (!value->is_array()) reject("tags is not a list of strings");
    for (const Json& item : *value) {
      if (!item.is_string()) {
        reject("tags is not a list of strings");
        break;
      }
      const auto& tag = item.get_ref<const std::string&>();
      if (std::find(unique.begin(), unique.end(), tag) == unique.end()) unique.push_back(tag);
    }
    return unique;
  }

  void reject(std::string message) {
    if (!mistake_) mistake_ = std::move(message);
  }

  [[nodiscard]] const std::optional<std::string>& mistake() const { return mistake_; }

  [[nodiscard]] std::vector<std::string> unknown() const {
    std::vector<std::string> names;
    for (const auto& member : object_.items()) {
      if (std::find(known_.begin(), known_.end(), member.key()) == known_.end()) {
        names.push_back(member.key());
      }
    }
    return names;
  }

 private:
  const Json* take(std::string spelling) {
    const auto found = object_.find(spelling);
    known_.push_back(std::move(spelling));
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& object_;
  std::vector<std::string> known_;
  std::optional<std::string> mistake_;
};

model::Severity read_severity(Members* members) {
  const auto text = members->text("severity");
  if (!text) return model::Severity::Medium;
  const auto severity = model::parse_severity(*text);
  if (!severity) members->reject("severity is none of CRITICAL, HIGH, MEDIUM, LOW");
  return severity.value_or(model::Severity::Medium);
}

std::string read_expression(Members* members, RuleDialect dialect) {
  if (dialect == RuleDialect::Document) {
    const auto condition = members->text("condition");
    const auto expression = members->text("expression");
    if (condition && expression && *condition != *expression) {
      members->reject("expression and condition differ");
    }
    if (condition && !expression) return *condition;
  }
  return members->required_text("expression");
}

std::uint64_t read_revision(const Json* value) {
  if (value == nullptr || !value->is_number_integer() || *value < 0) return 0;
  const auto revision = value->get<std::uint64_t>();
  return revision <= kRevisionMax ? revision : 0;
}

UnixNanos read_time(const Json* value) {
  if (value == nullptr || !value->is_string()) return 0;
  return parse_rfc3339(value->get_ref<const std::string&>()).value_or(0);
}

Rule read_rule(Members* members, RuleDialect dialect) {
  Rule rule;
  rule.name = members->required_text("name");
  rule.description = members->text("description").value_or("");
  rule.expression = read_expression(members, dialect);
  rule.enabled = members->boolean("enabled", true);
  rule.severity = read_severity(members);
  rule.tags = members->tags();
  rule.message = members->text("message").value_or("");
  rule.require_complete = members->boolean("require_complete", false);
  rule.revision = read_revision(members->find("revision"));
  rule.created_at = read_time(members->find("created_at"));
  rule.updated_at = read_time(members->find("updated_at"));
  return rule;
}

void append_part(std::string* bytes, std::string_view part) {
  *bytes += fmt::format("{}:", part.size());
  bytes->append(part);
}

}  // namespace

bool is_rule_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > kIdBytesMax) return false;
  if (!is_alphanumeric(text[0]) && text[0] != '_') return false;
  if (std::find(kPathWords.begin(), kPathWords.end(), text) != kPathWords.end()) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

std::string rule_id_of_name(std::string_view name) {
  if (is_rule_id(name)) return std::string(name);
  std::string slug;
  for (const char c : name) {
    if (is_alphanumeric(c)) {
      slug.push_back(lower_case(c));
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  if (slug.size() > kIdBytesMax) slug.resize(kIdBytesMax);
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  if (is_rule_id(slug)) return slug;
  const Sha256 digest = sha256(name);
  return "rule-" + to_hex(std::span(digest).first(4));
}

Result<void> check_rule_fields(const Rule& rule) {
  if (!is_rule_id(rule.id)) {
    return fail_invalid(fmt::format("id \"{}\" is not a rule id", quote_excerpt(rule.id)));
  }
  if (rule.name.empty()) return fail_invalid("name is empty");
  if (std::any_of(rule.name.begin(), rule.name.end(), is_control)) {
    return fail_invalid("name contains a control character");
  }
  if (rule.expression.empty()) return fail_invalid("expression is empty");
  if (rule.revision > kRevisionMax) return fail_invalid("revision is larger than 2^53-1");
  return check_text("name", rule.name, kNameBytesMax)
      .and_then([&] { return check_text("description", rule.description, kDescriptionBytesMax); })
      .and_then([&] { return check_text("expression", rule.expression, kExpressionBytesMax); })
      .and_then([&] { return check_text("message", rule.message, kMessageBytesMax); })
      .and_then([&] { return check_tags(rule.tags); });
}

Result<RuleInput> read_rule_object(const Json& object, RuleDialect dialect) {
  if (!object.is_object()) return fail_invalid("the rule is not an object");
  Members members(object);
  RuleInput input;
  input.rule = read_rule(&members, dialect);
  const auto id = members.text("id");
  input.has_id = id.has_value();
  input.rule.id = id ? *id : rule_id_of_name(input.rule.name);
  for (const char* output_only : {"state", "statistics", "error"}) members.find(output_only);
  if (members.mistake()) return fail_invalid(*members.mistake());
  if (auto checked = check_rule_fields(input.rule); !checked) return fail(checked.error());
  input.ignored = members.unknown();
  return input;
}

nlohmann::ordered_json rule_object(const Rule& rule) {
  return {{"id", rule.id},
          {"name", rule.name},
          {"description", rule.description},
          {"expression", rule.expression},
          {"enabled", rule.enabled},
          {"severity", model::name_of(rule.severity)},
          {"tags", rule.tags},
          {"message", rule.message},
          {"require_complete", rule.require_complete},
          {"revision", rule.revision},
          {"created_at", format_rfc3339(rule.created_at)},
          {"updated_at", format_rfc3339(rule.updated_at)}};
}

std::string rule_sha256(const Rule& rule) {
  const auto canonical = evidence::canonical_json(Json(rule_object(rule)));
  BETRACE_CHECK(canonical.has_value());
  return to_hex(sha256(*canonical));
}

std::string rule_etag(const Rule& rule) {
  std::string content;
  append_part(&content, rule.name);
  append_part(&content, rule.description);
  append_part(&content, rule.expression);
  append_part(&content, rule.enabled ? "1" : "0");
  append_part(&content, model::name_of(rule.severity));
  for (const std::string& tag : rule.tags) append_part(&content, tag);
  append_part(&content, rule.message);
  append_part(&content, rule.require_complete ? "1" : "0");
  const Sha256 digest = sha256(content);
  return fmt::format("\"{}-{}\"", rule.revision, to_hex(std::span(digest).first(8)));
}

}  // namespace betrace::storage
