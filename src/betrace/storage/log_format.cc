#include "betrace/storage/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "betrace/storage/file_system.h"

namespace betrace::storage {
namespace {

constexpr std::string_view kPrefix = "log-";
constexpr std::string_view kSuffix = ".db";

}  // namespace

std::string_view name_of(LogRecordType type) noexcept {
  switch (type) {
    case LogRecordType::Violation:
      return "violation";
    case LogRecordType::Final:
      return "final";
    case LogRecordType::Revision:
      return "revision";
    case LogRecordType::RuleChange:
      return "rule_change";
    case LogRecordType::Gap:
      return "gap";
    case LogRecordType::Start:
      return "start";
    case LogRecordType::Stop:
      return "stop";
    case LogRecordType::KeyEvent:
      return "key_event";
    case LogRecordType::Coverage:
      return "coverage";
    case LogRecordType::Ruleset:
      return "ruleset";
    case LogRecordType::Refused:
      return "refused";
    case LogRecordType::Compliance:
      return "compliance";
    case LogRecordType::Retention:
      return "retention";
  }
  return "";
}

std::string generation_file_name(std::uint64_t number) {
  return fmt::format("{}{:06}{}", kPrefix, number, kSuffix);
}

std::uint64_t generation_number(std::string_view file_name) noexcept {
  if (!file_name.starts_with(kPrefix) || !file_name.ends_with(kSuffix)) return 0;
  file_name.remove_prefix(kPrefix.size());
  file_name.remove_suffix(kSuffix.size());
  std::uint64_t number = 0;
  const char* const end = file_name.data() + file_name.size();
  const auto [at, error] = std::from_chars(file_name.data(), end, number);
  return error == std::errc() && at == end ? number : 0;
}

std::int64_t sql_time(UnixNanos time) noexcept {
  return static_cast<std::int64_t>(std::min<UnixNanos>(time, INT64_MAX));
}

std::string set_aside_file_name(std::uint64_t number, UnixNanos now) {
  return fmt::format("{}{:06}{}{}{}", kPrefix, number, kCorruptMark, file_time(now), kSuffix);
}

std::uint64_t set_aside_number(std::string_view file_name) noexcept {
  const std::size_t mark = file_name.find(kCorruptMark);
  if (mark == std::string_view::npos || !file_name.ends_with(kSuffix)) return 0;
  return generation_number(fmt::format("{}{}", file_name.substr(0, mark), kSuffix));
}

}  // namespace betrace::storage
