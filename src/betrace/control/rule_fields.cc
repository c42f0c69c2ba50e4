#include "betrace/control/rule_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/base/utf8.h"
#include "betrace/control/rule_id.h"

namespace betrace::control {
namespace {

constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kDescriptionBytesMax = 4096;
constexpr std::size_t kExpressionBytesMax = 65'536;
constexpr std::size_t kTagsMax = 32;
constexpr std::size_t kTagBytesMax = 64;
constexpr std::size_t kMessageBytesMax = 1024;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_tag(std::string_view tag) {
  constexpr std::string_view kFirst =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  constexpr std::string_view kRest =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/()-";
  return !tag.empty() && tag.size() <= kTagBytesMax && kFirst.find(tag[0]) != kFirst.npos &&
         tag.find_first_not_of(kRest) == tag.npos;
}

Result<void> check_text(std::string_view field, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return invalid(fmt::format("{} is longer than {} bytes", field, bytes_max));
  }
  if (!is_utf8(text)) return invalid(fmt::format("{} is not valid UTF-8", field));
  return {};
}

Result<void> check_name(const std::string& name) {
  if (name.empty()) return invalid("name is empty");
  if (has_control_character(name)) return invalid("name contains a control character");
  return check_text("name", name, kNameBytesMax);
}

Result<void> check_tags(const std::vector<std::string>& tags) {
  if (tags.size() > kTagsMax) return invalid(fmt::format("tags has more than {} items", kTagsMax));
  for (const std::string& tag : tags) {
    if (is_tag(tag)) continue;
    return invalid(fmt::format(
        "tags has \"{}\", which is not 1-64 letters, digits and _.:/()- beginning with a letter or "
        "digit",
        quote_excerpt(tag)));
  }
  return {};
}

void append_part(std::string* bytes, std::string_view part) {
  bytes->append(fmt::format("{}:", part.size()));
  bytes->append(part);
}

}  // namespace

Result<void> check_fields(const model::Rule& rule) {
  if (!is_rule_id(rule.id)) {
    return invalid(fmt::format("id \"{}\" is not a legal rule id", quote_excerpt(rule.id)));
  }
  if (rule.expression.empty()) return invalid("expression is empty");
  return check_name(rule.name)
      .and_then([&] { return check_text("description", rule.description, kDescriptionBytesMax); })
      .and_then([&] { return check_text("expression", rule.expression, kExpressionBytesMax); })
      .and_then([&] { return check_tags(rule.tags); })
      .and_then([&] { return check_text("message", rule.message, kMessageBytesMax); });
}

std::vector<std::string> without_repetitions(std::vector<std::string> tags) {
  std::vector<std::string> unique;
  for (std::string& tag : tags) {
    if (std::find(unique.begin(), unique.end(), tag) == unique.end()) {
      unique.push_back(std::move(tag));
    }
  }
  return unique;
}

std::vector<std::string> differing_members(const model::Rule& left, const model::Rule& right) {
  std::vector<std::string> members;
  const auto note = [&members](bool differs, const char* member) {
    if (differs) members.emplace_back(member);
  };
  note(left.name != right.name, "name");
  note(left.description != right.description, "description");
  note(left.expression != right.expression, "expression");
  note(left.enabled != right.enabled, "enabled");
  note(left.severity != right.severity, "severity");
  note(left.tags != right.tags, "tags");
  note(left.message != right.message, "message");
  note(left.require_complete != right.require_complete, "require_complete");
  return members;
}

std::string etag_of(const model::Rule& rule) {
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

}  // namespace betrace::control
