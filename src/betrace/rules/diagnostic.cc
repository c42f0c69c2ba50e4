#include "betrace/rules/diagnostic.h"

#include <fmt/format.h>

#include <array>

namespace betrace::rules {
namespace {

constexpr std::array<std::string_view, 36> kNames = {
    "E_EMPTY",         "E_UTF8",     "E_LIMIT",    "E_CHAR",        "E_STRING",
    "E_NUMBER",        "E_COMMENT",  "E_EXPECTED", "E_TRAILING",    "E_CHAINED",
    "E_FOREIGN",       "E_RELATION", "E_CLAUSE",   "E_WHEN_ONLY",   "E_WHERE",
    "E_UNQUOTED",      "E_RESERVED", "E_NAME",     "E_SELECTOR",    "E_UNKNOWN_FIELD",
    "E_UNKNOWN_FN",    "E_ARITY",    "E_ANCHOR",   "E_EVENT",       "E_NOT_BOOL",
    "E_TYPE",          "E_BY",       "E_REGEX",    "W_POLARITY",    "W_BARE_DURATION",
    "W_ATTR_DURATION", "W_STATUS",   "W_ID_NAME",  "W_CARDINALITY", "W_CONSTANT",
    "W_HIDDEN",
};
static_assert(kNames.size() == static_cast<std::size_t>(Code::W_HIDDEN) + 1);

bool begins_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::string_view line_around(std::string_view text, std::size_t offset) noexcept {
  const std::size_t break_before =
      offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
  const std::size_t begin = break_before == std::string_view::npos ? 0 : break_before + 1;
  std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// The source line as a terminal can take it: control characters would move the cursor.
std::string printable(std::string_view line) {
  std::string shown;
  for (const char c : line) {
    const bool control = (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    shown += control ? '?' : c;
  }
  return shown;
}

// Blanks as wide as the line up to `size` bytes: tabs stay tabs, a character is one column.
std::string blanks(std::string_view line, std::size_t size) {
  std::string result;
  for (const char c : line.substr(0, size)) {
    if (begins_character(c)) result += c == '\t' ? '\t' : ' ';
  }
  return result;
}

std::string caret_line(const Diagnostic& diagnostic, std::string_view text, std::string_view line) {
  const auto begin = static_cast<std::size_t>(line.data() - text.data());
  const std::size_t at = diagnostic.range.offset - begin;
  std::size_t width = 0;
  const std::string_view marked = at < line.size() ? line.substr(at, diagnostic.range.length) : "";
  for (const char c : marked) width += begins_character(c) ? 1 : 0;
  return blanks(line, at) + '^' + std::string(width > 1 ? width - 1 : 0, '~');
}

struct Colours {
  std::string_view bold, error, warning, caret, off;
};
constexpr Colours kAnsi{"\x1b[1m", "\x1b[1;31m", "\x1b[1;35m", "\x1b[1;32m", "\x1b[0m"};
constexpr Colours kNone{"", "", "", "", ""};

}  // namespace

std::string_view name_of(Code code) noexcept { return kNames[static_cast<std::size_t>(code)]; }

bool is_error(Code code) noexcept { return code < Code::W_POLARITY; }

void locate(std::string_view text, Diagnostic* diagnostic) noexcept {
  diagnostic->line = 1;
  diagnostic->column = 1;
  for (const char c : text.substr(0, diagnostic->range.offset)) {
    if (c == '\n') {
      ++diagnostic->line;
      diagnostic->column = 1;
    } else if (begins_character(c)) {
      ++diagnostic->column;
    }
  }
}

std::string render(const Diagnostic& diagnostic, std::string_view text, std::string_view name,
                   bool colour) {
  const Colours& paint = colour ? kAnsi : kNone;
  const bool error = is_error(diagnostic.code);
  std::string result = fmt::format(
      "{}{}:{}:{}: {}{}:{} {}{} [{}]{}\n", paint.bold, name, diagnostic.line, diagnostic.column,
      error ? paint.error : paint.warning, error ? "error" : "warning", paint.off, paint.bold,
      diagnostic.message, name_of(diagnostic.code), paint.off);
  if (diagnostic.range.offset <= text.size()) {
    const std::string_view line = line_around(text, diagnostic.range.offset);
    result += fmt::format("{}\n{}{}{}\n", printable(line), paint.caret,
                          caret_line(diagnostic, text, line), paint.off);
  }
  if (!diagnostic.hint.empty()) result += fmt::format("hint: {}\n", diagnostic.hint);
  return result;
}

}  // namespace betrace::rules
