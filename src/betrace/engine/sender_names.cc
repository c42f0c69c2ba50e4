#include "betrace/engine/sender_names.h"

#include "betrace/base/check.h"

namespace betrace::engine {

std::uint16_t SenderNames::number_of(std::string_view name) {
  if (name.empty()) return 0;
  const std::lock_guard lock(mutex_);
  const auto known = numbers_.find(name);
  if (known != numbers_.end()) return known->second;
  if (names_.size() == kNamesMax) return 0;
  names_.emplace_back(name);
  const auto number = static_cast<std::uint16_t>(names_.size());
  numbers_.emplace(name, number);
  return number;
}

std::string SenderNames::name_of(std::uint16_t number) const {
  if (number == 0) return {};
  const std::lock_guard lock(mutex_);
  BETRACE_CHECK(number <= names_.size());
  return names_[number - std::size_t{1}];
}

}  // namespace betrace::engine
