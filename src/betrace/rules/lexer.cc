#include "betrace/rules/lexer.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "betrace/base/ascii.h"
#include "betrace/base/utf8.h"
#include "betrace/rules/number_literal.h"
#include "betrace/rules/string_literal.h"

namespace betrace::rules {
namespace {

struct Operator {
  std::string_view text;
  TokenKind kind;
};

// Longer ones first.
constexpr std::array<Operator, 34> kOperators = {{
    {"===", TokenKind::Foreign},
    {"!==", TokenKind::Foreign},
    {"==", TokenKind::EqualEqual},
    {"!=", TokenKind::BangEqual},
    {"<=", TokenKind::LessEqual},
    {">=", TokenKind::GreaterEqual},
    {"<<", TokenKind::Relation},
    {">>", TokenKind::Relation},
    {"<>", TokenKind::Foreign},
    {"&&", TokenKind::Foreign},
    {"||", TokenKind::Foreign},
    {"=~", TokenKind::Foreign},
    {"!~", TokenKind::Foreign},
    {"=>", TokenKind::Foreign},
    {"|", TokenKind::Foreign},
    {"=", TokenKind::Foreign},
    {"~", TokenKind::Relation},
    {"<", TokenKind::Less},
    {">", TokenKind::Greater},
    {"!", TokenKind::Bang},
    {"(", TokenKind::LeftParenthesis},
    {")", TokenKind::RightParenthesis},
    {"[", TokenKind::LeftBracket},
    {"]", TokenKind::RightBracket},
    {"{", TokenKind::LeftBrace},
    {"}", TokenKind::RightBrace},
    {".", TokenKind::Dot},
    {",", TokenKind::Comma},
    {":", TokenKind::Colon},
    {"#", TokenKind::Hash},
    {"+", TokenKind::Plus},
    {"-", TokenKind::Minus},
    {"*", TokenKind::Star},
    {"/", TokenKind::Slash},
}};

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool begins_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Walks over the text once. Not reused.
class Lexer {
 public:
  Lexer(std::string_view text, Refusal* refusal) : text_(text), refusal_(refusal) {}

  std::vector<Token> run() {
    while (skip_blanks() && at_ < text_.size()) {
      if (!take_token()) return {};
    }
    if (*refusal_) return {};
    add_end();
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }

  void add(TokenKind kind, std::size_t size) {
    tokens_.push_back({kind, range(size)});
    at_ += size;
  }

  // The end is where the last token ends: what is missing is missing there, and not on an empty
  // line further down.
  void add_end() {
    const SourceRange last = tokens_.empty() ? SourceRange{} : tokens_.back().range;
    tokens_.push_back({TokenKind::End, {last.offset + last.length, 0}});
  }

  [[nodiscard]] SourceRange range(std::size_t size) const noexcept {
    return {static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(size)};
  }

  // White space and comments. False after an unclosed comment.
  bool skip_blanks() {
    while (at_ < text_.size()) {
      if (is_space(text_[at_])) {
        ++at_;
      } else if (rest().starts_with("--") || rest().starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (rest().starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) {
          refusal_->because(Code::E_COMMENT, range(2), "the comment opened by /* is not closed",
                            "add */");
          return false;
        }
        at_ = end + 2;
      } else {
        return true;
      }
    }
    return true;
  }

  bool take_token() {
    const char c = text_[at_];
    if (begins_name(c)) {
      const bool raw_string = rest().starts_with("r\"");
      return raw_string ? take_string() : take_name();
    }
    if (c == '"' || c == '\'') return take_string();
    if (is_digit(c)) return take_number();
    for (const Operator& candidate : kOperators) {
      if (rest().starts_with(candidate.text)) {
        add(candidate.kind, candidate.text.size());
        return true;
      }
    }
    refuse_character();
    return false;
  }

  bool take_name() {
    std::size_t size = 1;
    while (at_ + size < text_.size() &&
           (begins_name(text_[at_ + size]) || is_digit(text_[at_ + size]))) {
      ++size;
    }
    if (size > kNameBytesMax) {
      refusal_->because(Code::E_LIMIT, range(size), "name segment longer than 255 bytes",
                        "use a shorter name");
      return false;
    }
    add(TokenKind::Name, size);
    return true;
  }

  bool take_string() {
    const std::size_t size = scan_string(text_, at_, refusal_);
    if (size == 0) return false;
    add(TokenKind::String, size);
    return true;
  }

  bool take_number() {
    const NumberScan scan = scan_number(rest());
    const std::string_view literal = rest().substr(0, scan.size);
    if (scan.kind == TokenKind::End) {
      refusal_->because(
          Code::E_NUMBER, range(scan.size),
          fmt::format("malformed number or unknown unit '{}'", quote_excerpt(literal)),
          "units are ns us ms s m h d; quote names that start with a digit");
      return false;
    }
    const bool in_range = scan.kind == TokenKind::Number ? number_value(literal).has_value()
                                                         : duration_value(literal).has_value();
    if (!in_range) {
      refusal_->because(Code::E_NUMBER, range(scan.size), "number out of range",
                        "integers and durations have 64 bits");
      return false;
    }
    add(scan.kind, scan.size);
    return true;
  }

  void refuse_character() {
    const std::string_view character = utf8_prefix(rest(), 4).substr(0, character_size());
    if (static_cast<unsigned char>(character[0]) >= 0x80) {
      refusal_->because(
          Code::E_UNQUOTED, range(character.size()),
          fmt::format("unexpected character '{}': names with characters outside A-Z a-z 0-9 _ . "
                      "must be quoted",
                      character),
          is_typographic_quote(character) ? "write a plain \" instead"
                                          : "trace.has(\"...\") with the name in quotes");
      return;
    }
    refusal_->because(Code::E_CHAR, range(1),
                      fmt::format("unexpected character '{}'", quote_excerpt(character)),
                      "names containing it must be quoted");
  }

  [[nodiscard]] std::size_t character_size() const noexcept {
    std::size_t size = 1;
    while (at_ + size < text_.size() &&
           (static_cast<unsigned char>(text_[at_ + size]) & 0xC0) == 0x80) {
      ++size;
    }
    return size;
  }

  [[nodiscard]] static bool is_typographic_quote(std::string_view character) noexcept {
    return character == "\u201C" || character == "\u201D" || character == "\u2018" ||
           character == "\u2019";
  }

  std::string_view text_;
  Refusal* refusal_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, Refusal* refusal) {
  return Lexer(text, refusal).run();
}

}  // namespace betrace::rules
