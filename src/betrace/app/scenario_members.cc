#include "betrace/app/scenario_members.h"

#include <utility>

#include "betrace/app/scenario_time.h"
#include "betrace/base/utf8.h"

namespace betrace::app {

ScenarioMembers::ScenarioMembers(const Json& object, std::string place)
    : object_(object), place_(std::move(place)) {
  if (!object_.is_object()) error_ = {ErrorCode::InvalidArgument, place_ + " is not a map"};
}

const Json* ScenarioMembers::find(std::string_view name) {
  asked_.emplace(name);
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(std::string(name));
  return found == object_.end() ? nullptr : &*found;
}

bool ScenarioMembers::has(std::string_view name) const {
  return object_.is_object() && object_.contains(std::string(name));
}

std::optional<std::string> ScenarioMembers::text(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  // A label such as `7` or `true` is read as a number or bool; it is meant as text.
  auto text = value->is_null() ? std::nullopt : scalar_text(*value);
  if (!text.has_value()) fail(name, "is not a text");
  return text;
}

std::optional<std::chrono::nanoseconds> ScenarioMembers::time(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto text = scalar_text(*value);
  const auto time = text.has_value() ? parse_scenario_time(*text) : std::nullopt;
  if (!time.has_value()) fail(name, "is not a duration such as 5s or 250ms");
  return time;
}

std::optional<std::uint64_t> ScenarioMembers::count(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  fail(name, "is not a whole number");
  return std::nullopt;
}

std::optional<bool> ScenarioMembers::flag(std::string_view name) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  fail(name, "is neither true nor false");
  return std::nullopt;
}

void ScenarioMembers::each(
    const std::function<void(const std::string& name, const Json& value)>& visit) {
  if (!object_.is_object()) return;
  for (const auto& member : object_.items()) {
    asked_.insert(member.key());
    visit(member.key(), member.value());
  }
}

void ScenarioMembers::fail(std::string_view name, std::string_view what) {
  if (error_.has_value()) return;
  error_ = {ErrorCode::InvalidArgument,
            place_ + ": " + std::string(name) + " " + std::string(what)};
}

void ScenarioMembers::fail(const Error& error) {
  if (!error_.has_value()) error_ = error;
}

Result<void> ScenarioMembers::finish() {
  // A misspelt member first: it is why another one is missing.
  for (auto member = object_.begin(); object_.is_object() && member != object_.end(); ++member) {
    if (asked_.contains(member.key())) continue;
    return betrace::fail(ErrorCode::InvalidArgument,
                         place_ + ": unknown member " + quote_excerpt(member.key()));
  }
  if (error_.has_value()) return betrace::fail(*error_);
  return {};
}

std::optional<std::string> scalar_text(const Json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_structured()) return std::nullopt;
  return dump_json(value);
}

}  // namespace betrace::app
