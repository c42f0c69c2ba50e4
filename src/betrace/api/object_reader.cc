#include "betrace/api/object_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/check.h"
#include "betrace/base/utf8.h"

namespace betrace::api {
namespace {

constexpr std::size_t kIgnoredMax = 20;

}  // namespace

std::string camel_case(std::string_view snake_case) {
  std::string camel;
  for (std::size_t i = 0; i < snake_case.size(); ++i) {
    const bool is_start = i > 0 && snake_case[i - 1] == '_';
    if (snake_case[i] == '_') continue;
    const char c = snake_case[i];
    camel.push_back(is_start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return camel;
}

ObjectReader::ObjectReader(const Json& object) : object_(object) {
  BETRACE_CHECK(object.is_object());
}

const Json* ObjectReader::find(std::string_view member) {
  const std::string snake(member);
  const std::string camel = camel_case(member);
  known_.push_back(snake);
  known_.push_back(camel);
  const auto first = object_.find(snake);
  const auto second = object_.find(camel);
  if (first != object_.end() && second != object_.end() && *first != *second) {
    reject(ErrorKind::InvalidField, fmt::format("{} and {} differ", snake, camel));
  }
  if (first != object_.end()) return &*first;
  return second != object_.end() ? &*second : nullptr;
}

std::optional<std::string> ObjectReader::text(std::string_view member) {
  const Json* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  reject(ErrorKind::InvalidField, fmt::format("{} is not a string", member));
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean(std::string_view member) {
  const Json* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  reject(ErrorKind::InvalidField, fmt::format("{} is not true or false", member));
  return std::nullopt;
}

std::optional<std::vector<std::string>> ObjectReader::texts(std::string_view member) {
  const Json* value = find(member);
  if (value == nullptr) return std::nullopt;
  const bool is_fitting =
      value->is_array() &&
      std::all_of(value->begin(), value->end(), [](const Json& item) { return item.is_string(); });
  if (is_fitting) return value->get<std::vector<std::string>>();
  reject(ErrorKind::InvalidField, fmt::format("{} is not a list of strings", member));
  return std::nullopt;
}

void ObjectReader::reject(ErrorKind kind, std::string message) {
  if (!mistake_) mistake_ = refuse(kind, std::move(message)).value();
}

void ObjectReader::reject_missing(std::string_view member) {
  reject(ErrorKind::MissingField, fmt::format("{} is missing", member));
}

std::vector<std::string> ObjectReader::unknown() const {
  std::vector<std::string> names;
  for (const auto& item : object_.items()) {
    if (std::find(known_.begin(), known_.end(), item.key()) == known_.end()) {
      names.push_back(item.key());
    }
  }
  return names;
}

std::string ignored_header(const std::vector<std::string>& names) {
  std::string header;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) header += ", ";
    if (i == kIgnoredMax) return header + "...";
    for (const char c : quote_excerpt(names[i])) {
      header.push_back(c > 0x20 && c < 0x7F && c != ',' ? c : '?');
    }
  }
  return header;
}

}  // namespace betrace::api
