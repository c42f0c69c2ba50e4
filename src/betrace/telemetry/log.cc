#include "betrace/telemetry/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

#include "betrace/base/ascii.h"
#include "betrace/base/json.h"
#include "betrace/base/utf8.h"

namespace betrace::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> kLevelLabels = {"DEBUG", "INFO ", "WARN ", "ERROR"};

void write_to_standard_error(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody can be told that the log is gone
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string cut(std::string_view text) {
  if (text.size() <= Logger::kTextBytesMax) return std::string(text);
  return std::string(text.substr(0, Logger::kTextBytesMax)) + "...";
}

std::string json_value(const LogField::Value& value) {
  return std::visit(
      [](const auto& held) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string_view>) {
          return dump_json(Json(cut(held)));
        } else {
          return dump_json(Json(held));
        }
      },
      value);
}

// Quotes a text that would not read as one word.
std::string text_value(const LogField::Value& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) return json_value(value);
  const std::string escaped = quote_excerpt(cut(*text), Logger::kTextBytesMax + 3);
  const bool is_word = !escaped.empty() && escaped.find_first_of(" =\\\"") == std::string::npos;
  return is_word ? escaped : fmt::format("\"{}\"", escaped);
}

std::string json_line(UnixNanos now, LogLevel level, std::string_view message,
                      const LogField* fields, std::size_t field_count) {
  std::string line =
      fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"message\":{}", format_rfc3339(now, 3),
                  kLevelNames[static_cast<std::size_t>(level)], json_value(message));
  for (std::size_t i = 0; i < field_count; ++i) {
    line += fmt::format(",{}:{}", json_value(fields[i].key), json_value(fields[i].value));
  }
  return line + "}\n";
}

std::string text_line(UnixNanos now, LogLevel level, std::string_view message,
                      const LogField* fields, std::size_t field_count) {
  std::string line =
      fmt::format("{} {} {}", format_rfc3339(now, 3), kLevelLabels[static_cast<std::size_t>(level)],
                  quote_excerpt(cut(message), Logger::kTextBytesMax + 3));
  for (std::size_t i = 0; i < field_count; ++i) {
    line += fmt::format(" {}={}", fields[i].key, text_value(fields[i].value));
  }
  return line + "\n";
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) noexcept {
  const std::string lower = lower_case(text);
  if (lower == "warning") return LogLevel::Warn;
  const auto* at = std::find(kLevelNames.begin(), kLevelNames.end(), lower);
  if (at == kLevelNames.end()) return std::nullopt;
  return static_cast<LogLevel>(at - kLevelNames.begin());
}

std::optional<LogFormat> parse_log_format(std::string_view text) noexcept {
  const std::string lower = lower_case(text);
  if (lower == "json") return LogFormat::Json;
  if (lower == "text") return LogFormat::Text;
  return std::nullopt;
}

Logger::Logger(LogOptions options) : options_(std::move(options)), level_(options_.level) {}

void Logger::log(LogLevel level, std::string_view message, Fields fields) {
  if (!writes(level)) return;
  const UnixNanos now = options_.clock ? options_.clock() : read_clocks().wall;
  const std::lock_guard lock(mutex_);
  std::uint64_t suppressed = 0;
  if (!take_line(now, &suppressed)) return;
  const auto format = options_.format == LogFormat::Json ? json_line : text_line;
  std::string line;
  if (suppressed > 0) {
    const LogField count("suppressed", suppressed);
    line = format(now, LogLevel::Warn, "too many log lines", &count, 1);
  }
  line += format(now, level, message, fields.begin(), fields.size());
  if (options_.sink) {
    options_.sink(line);
  } else {
    write_to_standard_error(line);
  }
}

void Logger::debug(std::string_view message, Fields fields) {
  log(LogLevel::Debug, message, fields);
}
void Logger::info(std::string_view message, Fields fields) { log(LogLevel::Info, message, fields); }
void Logger::warn(std::string_view message, Fields fields) { log(LogLevel::Warn, message, fields); }
void Logger::error(std::string_view message, Fields fields) {
  log(LogLevel::Error, message, fields);
}

// Returns whether a line may be written in this second, and how many could not before it.
bool Logger::take_line(UnixNanos now, std::uint64_t* suppressed) {
  const std::uint64_t second = now / 1'000'000'000;
  if (second != second_) {
    second_ = second;
    lines_in_second_ = 0;
  }
  if (lines_in_second_ >= kLinesPerSecondMax) {
    ++suppressed_;
    return false;
  }
  ++lines_in_second_;
  *suppressed = std::exchange(suppressed_, 0);
  return true;
}

bool LogLimit::allow(std::string_view key, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  const auto at = last_.find(key);
  if (at != last_.end()) {
    if (now - at->second < interval_) return false;
    at->second = now;
    return true;
  }
  if (last_.size() >= kKeysMax) {
    std::erase_if(last_, [&](const auto& item) { return now - item.second >= interval_; });
    if (last_.size() >= kKeysMax) return false;
  }
  last_.emplace(key, now);
  return true;
}

}  // namespace betrace::telemetry
