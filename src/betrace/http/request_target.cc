#include "betrace/http/request_target.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "betrace/base/hex.h"
#include "betrace/base/utf8.h"

namespace betrace::http {
namespace {

bool is_target_character(char character) noexcept {
  return character > 0x20 && character < 0x7f && character != '#';
}

bool is_control(char character) noexcept {
  return static_cast<unsigned char>(character) < 0x20 || character == 0x7f;
}

/// Appends the decoded text; false if a percent sequence is broken.
bool decode(std::string_view text, bool plus_is_space, std::string* out) {
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char character = text[index];
    if (character == '%') {
      std::array<std::uint8_t, 1> byte{};
      if (index + 3 > text.size() || !from_hex(text.substr(index + 1, 2), byte)) return false;
      *out += static_cast<char>(byte[0]);
      index += 2;
    } else {
      *out += plus_is_space && character == '+' ? ' ' : character;
    }
  }
  return true;
}

bool is_encoded_slash(std::string_view path, std::size_t percent) noexcept {
  return path[percent + 1] == '2' && (path[percent + 2] == 'f' || path[percent + 2] == 'F');
}

bool has_encoded_slash(std::string_view path) noexcept {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    if (at + 3 <= path.size() && is_encoded_slash(path, at)) return true;
  }
  return false;
}

/// No empty segment but the last, no `.` and no `..`.
bool has_plain_segments(std::string_view path) noexcept {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (segment == "." || segment == ".." || (segment.empty() && !path.empty())) return false;
  }
  return true;
}

}  // namespace

std::optional<TargetView> split_target(std::string_view target) noexcept {
  if (!std::all_of(target.begin(), target.end(), is_target_character)) return std::nullopt;
  TargetView view;
  constexpr std::string_view kScheme = "http://";
  if (equal_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    target.remove_prefix(kScheme.size());
    view.authority = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(view.authority.size());
    if (view.authority.empty()) return std::nullopt;
  }
  if (!target.starts_with('/')) return std::nullopt;
  const auto question = target.find('?');
  view.path = target.substr(0, question);
  if (question != std::string_view::npos) view.query = target.substr(question + 1);
  return view;
}

std::optional<std::string> decode_path(std::string_view path) {
  std::string decoded;
  if (has_encoded_slash(path) || !decode(path, false, &decoded)) return std::nullopt;
  if (std::any_of(decoded.begin(), decoded.end(), is_control)) return std::nullopt;
  if (!has_plain_segments(decoded) || !is_utf8(decoded)) return std::nullopt;
  return decoded;
}

bool decode_query(std::string_view query, QueryParameters* parameters) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    std::string name;
    std::string value;
    if (!decode(pair.substr(0, equals), true, &name)) return false;
    if (equals != std::string_view::npos && !decode(pair.substr(equals + 1), true, &value)) {
      return false;
    }
    parameters->emplace_back(std::move(name), std::move(value));
  }
  return true;
}

}  // namespace betrace::http
