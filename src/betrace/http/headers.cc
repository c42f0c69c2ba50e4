#include "betrace/http/headers.h"

#include <algorithm>

#include "betrace/base/ascii.h"
#include "betrace/base/check.h"

namespace betrace::http {
bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](char a, char b) { return lower_case(a) == lower_case(b); });
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

void Headers::add(std::string_view name, std::string_view value) {
  places_.push_back({static_cast<std::uint32_t>(text_.size()),
                     static_cast<std::uint32_t>(name.size()),
                     static_cast<std::uint32_t>(value.size())});
  text_.append(name).append(value);
}

void Headers::clear() noexcept {
  text_.clear();
  places_.clear();
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (std::size_t index = 0; index < size(); ++index) {
    const HeaderView field = at(index);
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  std::size_t found = 0;
  for (std::size_t index = 0; index < size(); ++index) {
    if (equal_ignoring_case(at(index).name, name)) ++found;
  }
  return found;
}

HeaderView Headers::at(std::size_t index) const noexcept {
  BETRACE_CHECK(index < places_.size());
  const Place& place = places_[index];
  const std::string_view text = text_;
  return {text.substr(place.begin, place.name_size),
          text.substr(place.begin + place.name_size, place.value_size)};
}

}  // namespace betrace::http
