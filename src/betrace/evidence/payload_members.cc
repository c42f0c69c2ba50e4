#include "betrace/evidence/payload_members.h"

#include <charconv>

namespace betrace::evidence {

bool PayloadMembers::has(const char* member) const {
  return object_.is_object() && object_.contains(member) && !object_.at(member).is_null();
}

const Json& PayloadMembers::get(const char* member) {
  static const Json kNull;
  if (object_.is_object()) {
    const auto found = object_.find(member);
    if (found != object_.end()) return *found;
  }
  reject(member);
  return kNull;
}

std::string PayloadMembers::text(const char* member) {
  const Json& value = get(member);
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_null()) reject(member);
  return {};
}

bool PayloadMembers::boolean(const char* member) {
  const Json& value = get(member);
  if (value.is_boolean()) return value.get<bool>();
  reject(member);
  return false;
}

std::uint64_t PayloadMembers::integer(const char* member) {
  const Json& value = get(member);
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  std::uint64_t number = 0;
  if (value.is_string()) {
    const auto& digits = value.get_ref<const std::string&>();
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, number);
    if (result.ec == std::errc() && result.ptr == end) return number;
  }
  reject(member);
  return 0;
}

UnixNanos PayloadMembers::time(const char* member) {
  const auto value = parse_rfc3339(text(member));
  if (value) return *value;
  reject(member);
  return 0;
}

std::vector<std::string> PayloadMembers::texts(const char* member) {
  std::vector<std::string> items;
  const Json& value = get(member);
  if (!value.is_array()) reject(member);
  for (const Json& item : value) {
    if (!item.is_string()) {
      reject(member);
      break;
    }
    items.push_back(item.get<std::string>());
  }
  return items;
}

void PayloadMembers::reject(const char* member) {
  if (wrong_ == nullptr) wrong_ = member;
}

}  // namespace betrace::evidence
