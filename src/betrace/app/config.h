// The settings of one run, read and checked: what everything in app/ is made from.
//
// app/command_line collects flags, Config::load merges them with environment, file and defaults.
// All settings and their bounds are in app/config_catalog.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "betrace/app/config_sources.h"
#include "betrace/app/setting_value.h"
#include "betrace/telemetry/machine.h"

namespace betrace::app {

/// Everything that decides the settings; tests make their own.
struct ConfigInputs {
  NamedTexts flags;        ///< `--trace-quiet` with `6s`; without `--config`.
  NamedTexts environment;  ///< Of the process.
  std::string file_path;   ///< Of `--config`; empty: BETRACE_CONFIG, else none.
  telemetry::Machine machine;
  std::string host_name = "localhost";
};

/// Something that does not stop the start. `setting` is empty if it concerns none.
struct ConfigWarning {
  std::string setting;  ///< Name as it was given, for the warning `ignored_setting:<NAME>`.
  std::string text;     ///< Whole, with name and source.
};

/// One setting for people.
struct ConfigRow {
  const Setting* setting = nullptr;
  std::string shown;   ///< `6s`; `set` for a secret; empty if it has no value.
  std::string source;  ///< `default`, `environment BETRACE_TRACE_QUIET`.
};

/// Immutable.
class Config {
 public:
  using Value = std::variant<std::monostate, std::string, std::vector<std::string>, bool,
                             std::uint64_t, std::chrono::milliseconds, Rate>;
  using Problems = std::vector<std::string>;

  /// Returns the settings, or every problem at once, each `NAME (source): "text" is not ...`.
  [[nodiscard]] static tl::expected<Config, Problems> load(const ConfigInputs& inputs);

  /// Each accessor requires a key of the catalogue and its type; Choice and Text read as text().
  /// A text or list without value is empty.
  [[nodiscard]] const std::string& text(std::string_view key) const;
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;
  [[nodiscard]] bool boolean(std::string_view key) const;
  [[nodiscard]] std::uint64_t number(std::string_view key) const;
  [[nodiscard]] std::uint64_t size(std::string_view key) const;
  [[nodiscard]] std::chrono::milliseconds duration(std::string_view key) const;
  [[nodiscard]] Rate rate(std::string_view key) const;

  /// Returns true if the setting has a value, given or by default.
  [[nodiscard]] bool has(std::string_view key) const;
  /// Where the value comes from.
  [[nodiscard]] ConfigSource source(std::string_view key) const;
  /// The name under which it was given: `OTEL_EXPORTER_OTLP_ENDPOINT`; empty for a default.
  [[nodiscard]] const std::string& given_name(std::string_view key) const;

  /// The settings whose values are others in `other`, in catalogue order.
  [[nodiscard]] std::vector<const Setting*> differences(const Config& other) const;

  /// Doubts to be logged at start: settings without effect, unknown variables.
  [[nodiscard]] const std::vector<ConfigWarning>& warnings() const noexcept { return warnings_; }

  /// All settings in catalogue order, secrets masked.
  [[nodiscard]] std::vector<ConfigRow> rows() const;

 private:
  friend class ConfigLoader;

  struct Entry {
    Value value;
    ConfigSource source = ConfigSource::Default;
    std::string name;
  };

  [[nodiscard]] const Entry& entry(std::string_view key) const;
  template <typename T>
  [[nodiscard]] const T& get(std::string_view key) const;

  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<ConfigWarning> warnings_;
};

}  // namespace betrace::app
