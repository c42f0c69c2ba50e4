#include "betrace/http/headers.h"

#include <algorithm>

#include "betrace/base/ascii.h"
#include "betrace/base/check.h"

namespace betrace::http {
namespace {

constexpr std::size_t kUsualTextBytes = 256;
constexpr std::size_t kUsualFields = 8;

}  // namespace

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
  if (places_.empty()) {  // most heads fit, and then memory is asked for once
    text_.reserve(kUsualTextBytes);
    places_.reserve(kUsualFields);
  }
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
  for (const Place& place : places_) {
    if (has_name(place, name)) return view(place).value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(places_, [&](const Place& place) { return has_name(place, name); }));
}

HeaderView Headers::at(std::size_t index) const noexcept {
  BETRACE_CHECK(index < places_.size());
  return view(places_[index]);
}

bool Headers::has_name(const Place& place, std::string_view name) const noexcept {
  // Most names differ in their size.
  return place.name_size == name.size() && equal_ignoring_case(view(place).name, name);
}

HeaderView Headers::view(const Place& place) const noexcept {
  const std::string_view text = text_;
  return {text.substr(place.begin, place.name_size),
          text.substr(place.begin + place.name_size, place.value_size)};
}

}  // namespace betrace::http
