// Log lines on standard error, as JSON or text, each one whole and bounded.
//
// Every module that logs gets the Logger of app/ by reference. For starts, stops, faults and
// refusals: never for a span, and never with a secret. Anything that was received goes through
// base/utf8.h quote_excerpt() first.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "betrace/base/time.h"

namespace betrace::telemetry {

enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error };
enum class LogFormat : std::uint8_t { Json, Text };

/// Reads `debug` `info` `warn` `warning` `error` in any case; nothing if it is none.
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text) noexcept;
/// Reads `json` or `text` in any case; nothing if it is neither.
[[nodiscard]] std::optional<LogFormat> parse_log_format(std::string_view text) noexcept;

/// One key with its value. A view: the texts must outlive the call.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  template <typename T>
  LogField(std::string_view key_in, const T& value_in) : key(key_in) {
    if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double>) {
      value = value_in;
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      value = std::int64_t{value_in};
    } else if constexpr (std::is_integral_v<T>) {
      value = std::uint64_t{value_in};
    } else {
      value = std::string_view(value_in);
    }
  }

  std::string_view key;
  Value value;
};

struct LogOptions {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Json;
  /// Takes a whole line with its line feed; standard error if empty.
  std::function<void(std::string_view line)> sink{};
  /// Wall clock; the machine's if empty.
  std::function<UnixNanos()> clock{};
};

/// Writes each line with one call; a line waits for standard error to take it. Thread-safe.
class Logger {
 public:
  using Fields = std::initializer_list<LogField>;

  /// Longest message or text value, in bytes; longer ones are cut.
  static constexpr std::size_t kTextBytesMax = 2'048;
  /// Most lines in one second; the next line after that says how many were `suppressed`.
  static constexpr std::uint64_t kLinesPerSecondMax = 1'000;

  explicit Logger(LogOptions options = {});

  /// From now on lines below `level` are left out.
  void set_level(LogLevel level) noexcept { level_ = level; }

  /// False if a line of `level` is left out: then its fields need not be made.
  [[nodiscard]] bool writes(LogLevel level) const noexcept { return level >= level_; }

  void log(LogLevel level, std::string_view message, Fields fields = {});
  void debug(std::string_view message, Fields fields = {});
  void info(std::string_view message, Fields fields = {});
  void warn(std::string_view message, Fields fields = {});
  void error(std::string_view message, Fields fields = {});

 private:
  [[nodiscard]] bool take_line(UnixNanos now, std::uint64_t* suppressed);

  const LogOptions options_;
  std::atomic<LogLevel> level_;
  std::mutex mutex_;
  std::uint64_t second_ = 0;
  std::uint64_t lines_in_second_ = 0;
  std::uint64_t suppressed_ = 0;
};

/// Says when a repeating line may be written: once per key and `interval`. Thread-safe.
class LogLimit {
 public:
  static constexpr std::size_t kKeysMax = 4'096;

  explicit LogLimit(std::chrono::nanoseconds interval) : interval_(interval) {}

  /// True the first time, and again once `interval` has passed. Beyond kKeysMax different keys in
  /// one interval it is false.
  [[nodiscard]] bool allow(std::string_view key, MonotonicTime now);

 private:
  const std::chrono::nanoseconds interval_;
  std::mutex mutex_;
  std::map<std::string, MonotonicTime, std::less<>> last_;
};

}  // namespace betrace::telemetry
