#include "betrace/rules/string_literal.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "betrace/base/utf8.h"

namespace betrace::rules {
namespace {

bool is_high_surrogate(std::uint32_t unit) noexcept { return unit >= 0xD800 && unit <= 0xDBFF; }
bool is_low_surrogate(std::uint32_t unit) noexcept { return unit >= 0xDC00 && unit <= 0xDFFF; }

bool is_control(std::uint32_t character) noexcept {
  return character < 0x20 || (character >= 0x7F && character <= 0x9F);
}

bool is_hidden(std::uint32_t c) noexcept {
  return c == 0x00AD || c == 0x061C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x2064) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::uint32_t character, std::string* text) {
  const auto put = [text](std::uint32_t byte) { *text += static_cast<char>(byte); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | (character >> 6));
    put(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    put(0xE0 | (character >> 12));
    put(0x80 | ((character >> 6) & 0x3F));
    put(0x80 | (character & 0x3F));
  } else {
    put(0xF0 | (character >> 18));
    put(0x80 | ((character >> 12) & 0x3F));
    put(0x80 | ((character >> 6) & 0x3F));
    put(0x80 | (character & 0x3F));
  }
}

// One character of a literal: what it means and how many bytes it takes there.
struct Character {
  std::uint32_t value = 0;
  std::size_t size = 0;
};

Character read_utf8(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  std::uint32_t value = lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) value = (value << 6) | (byte(i) & 0x3Fu);
  return {value, size};
}

std::optional<std::uint32_t> read_unit(std::string_view text) noexcept {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = 2; i < 6; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  return value;
}

// Size 0: not an escape, or half of a surrogate pair.
Character read_unicode_escape(std::string_view text) noexcept {
  const auto first = read_unit(text);
  if (!first || is_low_surrogate(*first)) return {};
  if (!is_high_surrogate(*first)) return {*first, 6};
  const auto second = read_unit(text.substr(6));
  if (!second || !is_low_surrogate(*second)) return {};
  return {0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00), 12};
}

Character read_escape(std::string_view text) noexcept {
  if (text.size() < 2) return {};
  constexpr std::string_view kLetters = "ntr\\\"'/";
  constexpr std::string_view kMeanings = "\n\t\r\\\"'/";
  if (text[1] == 'u') return read_unicode_escape(text);
  const std::size_t at = kLetters.find(text[1]);
  if (at == std::string_view::npos) return {};
  return {static_cast<unsigned char>(kMeanings[at]), 2};
}

std::nullptr_t refuse_escape(std::string_view rest, std::size_t offset, Refusal* refusal) {
  if (rest.size() < 2) {
    return refusal->because(Code::E_STRING, {static_cast<std::uint32_t>(offset), 1},
                            "the string is not closed", "add the closing quote");
  }
  if (read_unit(rest)) {
    return refusal->because(Code::E_STRING, {static_cast<std::uint32_t>(offset), 6},
                            "unpaired surrogate escape",
                            "write the character itself, or both halves of the pair");
  }
  const std::size_t size = 1 + read_utf8(rest.substr(1)).size;
  const std::string shown = quote_excerpt(rest.substr(1, size - 1));
  return refusal->because(Code::E_STRING,
                          {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(size)},
                          fmt::format("unknown escape \\{}", shown),
                          rest[1] == 'u' ? "write four hexadecimal digits after \\u"
                                         : "double the backslash or use a raw string r\"...\"");
}

// The quotes around a literal, and whether escapes mean something between them.
struct Form {
  std::size_t opening = 1;
  char quote = '"';
  bool raw = false;
};

Form form_of(std::string_view literal) noexcept {
  if (literal[0] == 'r') return {2, literal[1], true};
  return {1, literal[0], false};
}

SourceRange range_from(std::size_t begin, std::size_t end) noexcept {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
}

}  // namespace

std::size_t scan_string(std::string_view text, std::size_t offset, Refusal* refusal) {
  const Form form = form_of(text.substr(offset));
  std::size_t at = offset + form.opening;
  for (std::size_t count = 0; at < text.size() && text[at] != form.quote; ++count) {
    const std::string_view rest = text.substr(at);
    const bool escape = rest[0] == '\\' && !form.raw;
    const Character character = escape ? read_escape(rest) : read_utf8(rest);
    if (character.size == 0) {
      refuse_escape(rest, at, refusal);
      return 0;
    }
    if (!escape && is_control(character.value) && character.value != '\t') {
      refusal->because(Code::E_STRING, range_from(at, at + character.size),
                       "raw control character or line break in a string",
                       "use an escape such as \\n");
      return 0;
    }
    if (count == kStringCharactersMax) {
      refusal->because(Code::E_LIMIT, range_from(offset, at),
                       "string literal longer than 10000 characters", "split the rule");
      return 0;
    }
    at += character.size;
  }
  if (at >= text.size()) {
    refusal->because(Code::E_STRING, range_from(offset, text.size()), "the string is not closed",
                     fmt::format("add the closing {}", form.quote));
    return 0;
  }
  return at + 1 - offset;
}

std::string string_value(std::string_view literal) {
  const Form form = form_of(literal);
  std::string_view body = literal.substr(form.opening, literal.size() - form.opening - 1);
  if (form.raw) return std::string(body);
  std::string value;
  while (!body.empty()) {
    const Character character = body[0] == '\\' ? read_escape(body) : read_utf8(body);
    append_utf8(character.value, &value);
    body.remove_prefix(character.size);
  }
  return value;
}

std::string string_literal(std::string_view value) {
  std::string literal = "\"";
  while (!value.empty()) {
    const Character character = read_utf8(value);
    switch (character.value) {
      case '"':
        literal += "\\\"";
        break;
      case '\\':
        literal += "\\\\";
        break;
      case '\n':
        literal += "\\n";
        break;
      case '\r':
        literal += "\\r";
        break;
      case '\t':
        literal += "\\t";
        break;
      default:
        if (is_control(character.value)) {
          literal += fmt::format("\\u{:04x}", character.value);
        } else {
          literal += value.substr(0, character.size);
        }
    }
    value.remove_prefix(character.size);
  }
  return literal + '"';
}

std::size_t find_hidden_character(std::string_view literal) {
  const Form form = form_of(literal);
  std::size_t at = form.opening;
  while (at + 1 < literal.size()) {
    const std::string_view rest = literal.substr(at);
    const Character character = rest[0] == '\\' && !form.raw ? read_escape(rest) : read_utf8(rest);
    if (is_hidden(character.value)) return at;
    at += character.size;
  }
  return std::string_view::npos;
}

}  // namespace betrace::rules
