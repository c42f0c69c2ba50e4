// Looking a name up in one of the tables of the language.
#pragma once

#include <algorithm>
#include <string_view>

namespace betrace::rules {

/// Returns the row of that name, null if there is none. `Rows` is an array of rows with a `name`.
template <typename Rows>
auto find_by_name(const Rows& rows, std::string_view name) noexcept -> decltype(rows.data()) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [name](const auto& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace betrace::rules
