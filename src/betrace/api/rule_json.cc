#include "betrace/api/rule_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "betrace/api/object_reader.h"
#include "betrace/storage/rule_document.h"

namespace betrace::api {
namespace {

// Members that a patch may change, and whether null gives them their default.
struct ContentMember {
  std::string_view name;
  bool has_default;
};

constexpr std::array kContentMembers = {
    ContentMember{"name", false},       ContentMember{"description", true},
    ContentMember{"expression", false}, ContentMember{"enabled", false},
    ContentMember{"severity", false},   ContentMember{"tags", true},
    ContentMember{"message", true},     ContentMember{"require_complete", true},
};

const ContentMember* content_member(std::string_view spelt) {
  const auto found = std::find_if(kContentMembers.begin(), kContentMembers.end(),
                                  [spelt](const ContentMember& member) {
                                    return member.name == spelt || camel_case(member.name) == spelt;
                                  });
  return found == kContentMembers.end() ? nullptr : &*found;
}

bool has_member(const Json& object, std::string_view name) {
  return object.contains(std::string(name)) || object.contains(camel_case(name));
}

// Puts one member of a patch into the whole object.
Reply<void> apply_member(const std::string& spelt, const Json& value, Json* whole) {
  const ContentMember* member = content_member(spelt);
  if (member == nullptr) {
    return refuse(ErrorKind::InvalidField,
                  fmt::format("{} cannot be patched", ignored_header({spelt})));
  }
  if (!value.is_null()) {
    (*whole)[std::string(member->name)] = value;
  } else if (member->has_default) {
    whole->erase(std::string(member->name));
  } else {
    return refuse(ErrorKind::InvalidField, fmt::format("{} cannot be null", member->name));
  }
  return {};
}

// A rule of a file that people wrote says no times.
OrderedJson time_json(UnixNanos time) {
  return time == 0 ? OrderedJson() : OrderedJson(format_rfc3339(time));
}

}  // namespace

Reply<RuleBody> read_rule(const Json& body, RuleForm form) {
  if (!body.is_object()) return refuse(ErrorKind::InvalidField, "the rule is not a JSON object");
  std::vector<std::string_view> required = {"name", "expression"};
  if (form == RuleForm::Replace) required.insert(required.end(), {"enabled", "severity"});
  for (const std::string_view member : required) {
    if (has_member(body, member)) continue;
    return refuse(ErrorKind::MissingField, fmt::format("{} is missing", member));
  }
  auto input = storage::read_rule_object(body, storage::RuleDialect::Api);
  if (!input) return refuse(ErrorKind::InvalidField, input.error().message);
  return RuleBody{std::move(input->rule), input->has_id, std::move(input->ignored)};
}

Reply<model::Rule> patch_rule(const model::Rule& stored, const Json& patch) {
  if (!patch.is_object()) return refuse(ErrorKind::InvalidField, "the patch is not a JSON object");
  Json whole = storage::rule_object(stored);
  for (const auto& item : patch.items()) {
    const ContentMember* member = content_member(item.key());
    const bool is_twice = member != nullptr && member->name != item.key() &&
                          patch.contains(std::string(member->name)) &&
                          patch.at(std::string(member->name)) != item.value();
    if (is_twice) {
      return refuse(ErrorKind::InvalidField,
                    fmt::format("{} and {} differ", member->name, item.key()));
    }
    auto applied = apply_member(item.key(), item.value(), &whole);
    if (!applied) return refuse(std::move(applied.error()));
  }
  auto input = storage::read_rule_object(whole, storage::RuleDialect::Api);
  if (!input) return refuse(ErrorKind::InvalidField, input.error().message);
  return std::move(input->rule);
}

OrderedJson rule_json(const control::LoadedRule& loaded, bool is_quarantined) {
  const model::Rule& rule = loaded.rule;
  OrderedJson json = {{"id", rule.id},
                      {"name", rule.name},
                      {"description", rule.description},
                      {"expression", rule.expression},
                      {"enabled", rule.enabled},
                      {"severity", model::name_of(rule.severity)},
                      {"tags", rule.tags},
                      {"message", rule.message},
                      {"require_complete", rule.require_complete},
                      {"state", control::name_of(loaded.state(is_quarantined))},
                      {"revision", rule.revision},
                      {"created_at", time_json(rule.created_at)},
                      {"updated_at", time_json(rule.updated_at)}};
  if (!loaded.problem.empty()) json["problem"] = loaded.problem;
  return json;
}

}  // namespace betrace::api
