// Header fields of a request or a response: an ordered list, looked up without regard to case.
//
// Used by the server, the client, handlers and their tests. Does not know what any field means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace betrace::http {

/// One field. Owner: the Headers that it was read from.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// True if both are the same but for the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

/// Returns `text` without spaces and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;

/// Fields in the order in which they were added; names may repeat. clear() keeps the memory, so
/// that a connection reads its next head without allocation.
class Headers {
 public:
  void add(std::string_view name, std::string_view value);
  void clear() noexcept;

  /// Returns the value of the first field of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    return find(name).has_value();
  }
  /// Returns how many fields have that name.
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return places_.size(); }
  /// Requires: `index < size()`.
  [[nodiscard]] HeaderView at(std::size_t index) const noexcept;

 private:
  struct Place {
    std::uint32_t begin = 0;
    std::uint32_t name_size = 0;
    std::uint32_t value_size = 0;
  };

  [[nodiscard]] HeaderView view(const Place& place) const noexcept;
  [[nodiscard]] bool has_name(const Place& place, std::string_view name) const noexcept;

  std::string text_;  // name, value, name, value, ... without separators
  std::vector<Place> places_;
};

}  // namespace betrace::http
