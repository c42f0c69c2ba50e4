#include "betrace/api/rule_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/api/object_reader.h"
#include "betrace/control/rule_fields.h"
#include "betrace/control/rule_id.h"

namespace betrace::api {
namespace {

constexpr UnixNanos kAheadMax = 5ULL * 60 * 1'000'000'000;

void read_severity(ObjectReader& reader, model::Rule* rule) {
  const auto text = reader.text("severity");
  if (!text) return;
  const auto severity = model::parse_severity(*text);
  if (!severity) {
    reader.reject(ErrorKind::InvalidField, "severity is none of CRITICAL, HIGH, MEDIUM, LOW");
    return;
  }
  rule->severity = *severity;
}

void require(ObjectReader& reader, std::string_view member) {
  if (reader.find(member) == nullptr) reader.reject_missing(member);
}

void read_content(ObjectReader& reader, model::Rule* rule) {
  rule->name = reader.text("name").value_or("");
  rule->description = reader.text("description").value_or("");
  rule->expression = reader.text("expression").value_or("");
  rule->enabled = reader.boolean("enabled").value_or(true);
  read_severity(reader, rule);
  rule->tags =
      control::without_repetitions(reader.texts("tags").value_or(std::vector<std::string>()));
  rule->message = reader.text("message").value_or("");
  rule->require_complete = reader.boolean("require_complete").value_or(false);
}

// A revision or time that is not valid counts as absent, so that a restore never fails on one.
std::uint64_t kept_revision(const Json* value) {
  const bool is_fitting = value != nullptr && value->is_number_unsigned();
  return is_fitting ? std::min<std::uint64_t>(value->get<std::uint64_t>(), 1ULL << 53) : 0;
}

UnixNanos kept_time(const Json* value, UnixNanos now) {
  if (value == nullptr || !value->is_string()) return 0;
  const auto time = parse_rfc3339(value->get_ref<const std::string&>());
  return time && *time <= now + kAheadMax ? *time : 0;
}

// Makes `condition` of other tools the `expression` of ours.
Json with_expression(const Json& body) {
  Json renamed = body;
  renamed["expression"] = body.at("condition");
  renamed.erase("condition");
  return renamed;
}

Reply<RuleInput> read_object(const Json& body, RuleForm form, UnixNanos now) {
  ObjectReader reader(body);
  RuleInput input;
  require(reader, "name");
  require(reader, "expression");
  if (form == RuleForm::Replace) {
    require(reader, "enabled");
    require(reader, "severity");
  }
  read_content(reader, &input.rule);
  const auto id = reader.text("id");
  const Json* revision = reader.find("revision");
  const Json* created_at = reader.find("created_at");
  const Json* updated_at = reader.find("updated_at");
  for (const char* output_only : {"state", "statistics", "error"}) reader.skip(output_only);
  if (reader.mistake()) return refuse(*reader.mistake());

  input.rule.revision = 0;
  if (form == RuleForm::Replace) {
    input.rule.id = id.value_or("");
  } else {
    input.rule.id = id ? *id : control::rule_id_for_name(input.rule.name);
    input.rule.revision = kept_revision(revision);
    input.rule.created_at = kept_time(created_at, now);
    input.rule.updated_at = kept_time(updated_at, now);
  }
  input.ignored = reader.unknown();
  return input;
}

// Takes the nulls out of a patch: their members get their defaults in `rule`.
Reply<Json> without_nulls(const Json& patch, model::Rule* rule) {
  Json rest = Json::object();
  for (const auto& item : patch.items()) {
    if (!item.value().is_null()) {
      rest[item.key()] = item.value();
    } else if (item.key() == "description") {
      rule->description.clear();
    } else if (item.key() == "tags") {
      rule->tags.clear();
    } else if (item.key() == "message") {
      rule->message.clear();
    } else if (item.key() == "require_complete" || item.key() == "requireComplete") {
      rule->require_complete = false;
    } else {
      return refuse(ErrorKind::InvalidField,
                    fmt::format("{} cannot be null", ignored_header({item.key()})));
    }
  }
  return rest;
}

}  // namespace

Reply<RuleInput> read_rule(const Json& body, RuleForm form, UnixNanos now) {
  if (!body.is_object()) return refuse(ErrorKind::InvalidField, "the rule is not a JSON object");
  const bool has_condition = body.contains("condition") && !body.contains("expression");
  if (form == RuleForm::Import && has_condition) {
    return read_object(with_expression(body), form, now);
  }
  return read_object(body, form, now);
}

Reply<model::Rule> patch_rule(const model::Rule& stored, const Json& patch) {
  if (!patch.is_object()) return refuse(ErrorKind::InvalidField, "the patch is not a JSON object");
  model::Rule rule = stored;
  const auto rest = without_nulls(patch, &rule);
  if (!rest) return refuse(rest.error());
  ObjectReader reader(*rest);
  rule.name = reader.text("name").value_or(rule.name);
  rule.description = reader.text("description").value_or(rule.description);
  rule.expression = reader.text("expression").value_or(rule.expression);
  rule.enabled = reader.boolean("enabled").value_or(rule.enabled);
  read_severity(reader, &rule);
  rule.tags = control::without_repetitions(reader.texts("tags").value_or(rule.tags));
  rule.message = reader.text("message").value_or(rule.message);
  rule.require_complete = reader.boolean("require_complete").value_or(rule.require_complete);
  if (reader.mistake()) return refuse(*reader.mistake());
  const auto unknown = reader.unknown();
  if (!unknown.empty()) {
    return refuse(ErrorKind::InvalidField,
                  fmt::format("{} cannot be patched", ignored_header(unknown)));
  }
  return rule;
}

OrderedJson rule_json(const model::Rule& rule, std::string_view state) {
  return {{"id", rule.id},
          {"name", rule.name},
          {"description", rule.description},
          {"expression", rule.expression},
          {"enabled", rule.enabled},
          {"severity", model::name_of(rule.severity)},
          {"tags", rule.tags},
          {"message", rule.message},
          {"require_complete", rule.require_complete},
          {"state", state},
          {"revision", rule.revision},
          {"created_at", format_rfc3339(rule.created_at)},
          {"updated_at", format_rfc3339(rule.updated_at)}};
}

}  // namespace betrace::api
