#include "betrace/http/negotiation.h"

#include <algorithm>

namespace betrace::http {
namespace {

/// One element of a list such as Accept.
struct Element {
  std::string_view name;
  bool refused = false;  // q=0
};

/// Takes what stands before `separator` off the front of a list.
std::string_view take_until(char separator, std::string_view& list) noexcept {
  const std::string_view item = list.substr(0, list.find(separator));
  list.remove_prefix(std::min(item.size() + 1, list.size()));
  return trimmed(item);
}

Element take_element(std::string_view& list) noexcept {
  std::string_view item = take_until(',', list);
  Element element{take_until(';', item), false};
  while (!item.empty()) {
    const std::string_view parameter = take_until(';', item);
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    element.refused = parameter.find_first_not_of("0.", 2) == std::string_view::npos;
  }
  return element;
}

/// How well a media range fits a type: 0 not at all, 1 `*/*`, 2 `text/*`, 3 exactly.
int fit(std::string_view range, std::string_view type) noexcept {
  if (equal_ignoring_case(range, type)) return 3;
  if (range == "*/*") return 1;
  const auto slash = type.find('/');
  const bool whole_kind = range.ends_with("/*") && range.size() == slash + 2 &&
                          equal_ignoring_case(range.substr(0, slash), type.substr(0, slash));
  return whole_kind ? 2 : 0;
}

}  // namespace

bool accepts_gzip(const Headers& headers) noexcept {
  bool any = false;
  for (std::size_t index = 0; index < headers.size(); ++index) {
    const HeaderView field = headers.at(index);
    if (!equal_ignoring_case(field.name, "Accept-Encoding")) continue;
    for (std::string_view list = field.value; !list.empty();) {
      const Element element = take_element(list);
      if (equal_ignoring_case(element.name, "gzip")) return !element.refused;
      if (element.name == "*") any = !element.refused;
    }
  }
  return any;
}

bool accepts_type(const Headers& headers, std::string_view type) noexcept {
  bool present = false;
  int best = 0;
  bool accepted = false;
  for (std::size_t index = 0; index < headers.size(); ++index) {
    const HeaderView field = headers.at(index);
    if (!equal_ignoring_case(field.name, "Accept")) continue;
    for (std::string_view list = field.value; !list.empty();) {
      const Element element = take_element(list);
      if (element.name.empty()) continue;
      present = true;
      const int fits = fit(element.name, type);
      if (fits <= best) continue;
      best = fits;
      accepted = !element.refused;
    }
  }
  return !present || accepted;
}

}  // namespace betrace::http
