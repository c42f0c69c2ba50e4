#include "betrace/app/setting_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

#include "betrace/base/ascii.h"

namespace betrace::app {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kKibi = 1024;
constexpr std::uint64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kDurationMax = 100ULL * 365 * 86'400'000;

// From long to short, in milliseconds.
constexpr std::array<Unit, 5> kDurationUnits = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

constexpr std::array<Unit, 10> kSizeUnits = {{{"", 1},
                                              {"b", 1},
                                              {"kb", 1'000},
                                              {"mb", 1'000'000},
                                              {"gb", 1'000'000'000},
                                              {"tb", 1'000'000'000'000},
                                              {"kib", kKibi},
                                              {"mib", kKibi* kKibi},
                                              {"gib", kKibi* kKibi* kKibi},
                                              {"tib", kKibi* kKibi* kKibi* kKibi}}};

// Takes the digits that `text` begins with; false if there are none or they are too many.
bool take_number(std::string_view* text, std::uint64_t* number) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (error != std::errc() || *number > kNumberMax) return false;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  return true;
}

std::string_view take_letters(std::string_view* text) {
  std::size_t size = 0;
  while (size < text->size() && std::isalpha(static_cast<unsigned char>((*text)[size]))) ++size;
  const std::string_view letters = text->substr(0, size);
  text->remove_prefix(size);
  return letters;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto malformed = fail(ErrorCode::InvalidArgument, "is not a duration (examples: 5s, 5000)");
  std::uint64_t total = 0;
  auto unit = kDurationUnits.begin();
  const bool is_plain = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (text.empty()) return malformed;
  while (!text.empty()) {
    std::uint64_t number = 0;
    if (!take_number(&text, &number)) return malformed;
    const std::string_view name = is_plain ? "ms" : take_letters(&text);
    unit = std::find_if(unit, kDurationUnits.end(), [&](const Unit& u) { return u.name == name; });
    if (unit == kDurationUnits.end() || number > kDurationMax / unit->factor) return malformed;
    total += number * unit->factor;
    ++unit;
  }
  if (total > kDurationMax) return malformed;
  return std::chrono::milliseconds(total);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const auto malformed =
      fail(ErrorCode::InvalidArgument, "is not a size (examples: 65536, 64MiB, 1GB)");
  std::uint64_t number = 0;
  if (!take_number(&text, &number)) return malformed;
  const std::string name = lower_case(text);
  const auto* unit = std::find_if(kSizeUnits.begin(), kSizeUnits.end(),
                                  [&](const Unit& u) { return u.name == name; });
  if (unit == kSizeUnits.end() || number > kNumberMax / unit->factor) return malformed;
  return number * unit->factor;
}

Result<bool> parse_boolean(std::string_view text) {
  const std::string lower = lower_case(text);
  if (lower == "true" || lower == "1") return true;
  if (lower == "false" || lower == "0") return false;
  return fail(ErrorCode::InvalidArgument, "is not a boolean (true, false, 1, 0)");
}

Result<std::uint64_t> parse_whole_number(std::string_view text) {
  std::uint64_t number = 0;
  if (take_number(&text, &number) && text.empty()) return number;
  return fail(ErrorCode::InvalidArgument, "is not a whole number");
}

Result<Rate> parse_rate(std::string_view text) {
  if (text == "0") return Rate{};
  Rate rate;
  if (take_number(&text, &rate.refill) && text.starts_with('/')) {
    text.remove_prefix(1);
    if (take_number(&text, &rate.bucket) && text.empty() && rate.refill > 0 && rate.bucket > 0) {
      return rate;
    }
  }
  return fail(ErrorCode::InvalidArgument, "is not a rate (examples: 100/5000, 0 for off)");
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = trimmed(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

std::string format_duration(std::chrono::milliseconds duration) {
  auto rest = static_cast<std::uint64_t>(duration.count());
  if (rest == 0) return "0s";
  std::string text;
  for (const Unit& unit : kDurationUnits) {
    if (rest >= unit.factor) text += fmt::format("{}{}", rest / unit.factor, unit.name);
    rest %= unit.factor;
  }
  return text;
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames = {"", "KiB", "MiB", "GiB", "TiB"};
  std::size_t power = 0;
  while (bytes != 0 && bytes % kKibi == 0 && power + 1 < kNames.size()) {
    bytes /= kKibi;
    ++power;
  }
  return fmt::format("{}{}", bytes, kNames[power]);
}

std::string format_rate(const Rate& rate) {
  return rate == Rate{} ? "0" : fmt::format("{}/{}", rate.refill, rate.bucket);
}

}  // namespace betrace::app
