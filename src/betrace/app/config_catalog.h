// The catalogue of all settings: one table with keys, names, types, bounds, defaults and texts.
//
// app/config reads by it, app/command_line makes flags of it, docs/guide/configuration.md is
// generated from it. A new setting is a new row; what only another setting decides is in
// app/config_checks.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace betrace::app {

enum class SettingType : std::uint8_t {
  Text,
  Choice,    ///< One of `choices`, in any case; kept in lower case.
  List,      ///< Separated by commas; a sequence in the file.
  Boolean,   ///< As a flag also without a value.
  Number,    ///< A whole number from `minimum` to `maximum`.
  Size,      ///< Bytes from `minimum` to `maximum`.
  Duration,  ///< Milliseconds from `minimum` to `maximum`.
  Rate,
};

/// One row. Immutable, static storage.
struct Setting {
  std::string_view key;              ///< As in the file: `limits.http_body`.
  std::string_view environment{};    ///< Empty: BETRACE_ + key in upper case with `_`.
  std::string_view environment_2{};  ///< Read if the first is not set.
  std::string_view flag_alias{};     ///< Besides `--` + key with `-`.
  SettingType type = SettingType::Text;
  std::string_view fallback{};       ///< The default, as it would be written; empty: none.
  std::string_view fallback_note{};  ///< Says what the default is where it is computed.
  std::uint64_t minimum = 0;
  std::uint64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::span<const std::string_view> choices{};
  bool is_secret = false;    ///< Never shown; can also be given as the name of a file.
  bool is_later = false;     ///< Its feature is not in this version: setting it draws a warning.
  bool is_reloaded = false;  ///< SIGHUP puts a changed value in force.
  bool is_common = false;    ///< Shown in `betrace serve --help`.
  std::string_view text;     ///< One or two clauses for people.
};

/// The table, in the order in which it is documented.
[[nodiscard]] std::span<const Setting> config_catalog() noexcept;

/// Returns the row of `key`, null if there is none.
[[nodiscard]] const Setting* find_setting(std::string_view key) noexcept;

/// The environment variable that counts first: `BETRACE_LIMITS_HTTP_BODY`.
[[nodiscard]] std::string environment_name(const Setting& setting);

/// The flag: `--limits-http-body`.
[[nodiscard]] std::string flag_name(const Setting& setting);

/// The default for people: `20MiB`, `none`, `80 % of the memory`.
[[nodiscard]] std::string fallback_text(const Setting& setting);

/// A number, size or duration as people write it: `20MiB`.
[[nodiscard]] std::string number_text(const Setting& setting, std::uint64_t value);

/// ` from 1 to 65535`, as far as there are bounds.
[[nodiscard]] std::string range_text(const Setting& setting);

/// `duration`, `size`, `number`, `list`, ...
[[nodiscard]] std::string_view name_of(SettingType type) noexcept;

}  // namespace betrace::app
