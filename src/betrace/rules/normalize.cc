#include "betrace/rules/normalize.h"

#include <algorithm>
#include <array>

#include "betrace/rules/string_literal.h"

namespace betrace::rules {
namespace {

constexpr std::array<std::string_view, 4> kConnectives = {"and", "or", "not", "in"};
constexpr std::array<std::string_view, 5> kInfix = {"contains", "starts_with", "ends_with",
                                                    "matches", "by"};

template <std::size_t size>
bool is_one_of(const std::array<std::string_view, size>& words, std::string_view word) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// What stands left of a token decides how it is written.
enum class Part { Start, Operand, Operator, Prefix, Opening, Point };

class Normalizer {
 public:
  explicit Normalizer(std::string_view text) : text_(text) {}

  void add(const Token& token) {
    const std::string_view spelling = text_of(text_, token);
    switch (token.kind) {
      case TokenKind::Name:
        return add_name(spelling);
      case TokenKind::String:
        return put_operand(string_literal(string_value(spelling)));
      case TokenKind::Number:
      case TokenKind::Duration:
        return put_operand(std::string(spelling));
      case TokenKind::Dot:
      case TokenKind::Colon:
        return attach(".", Part::Point);
      case TokenKind::Comma:
        return attach(",", Part::Operator);
      case TokenKind::LeftParenthesis:
      case TokenKind::LeftBracket:
        return open(spelling);
      case TokenKind::RightParenthesis:
      case TokenKind::RightBracket:
        return attach(spelling, Part::Operand);
      case TokenKind::Hash:
        return put("#", Part::Prefix);
      case TokenKind::Minus:
        // Two signs side by side would begin a comment.
        if (last_ == Part::Prefix && result_.ends_with('-')) result_ += ' ';
        return put("-", last_ == Part::Operand ? Part::Operator : Part::Prefix);
      case TokenKind::Bang:
        return put("not", Part::Operator);
      default:
        return put(spelling, Part::Operator);
    }
  }

  [[nodiscard]] std::string result() && { return std::move(result_); }

 private:
  void add_name(std::string_view name) {
    if (last_ == Part::Point) {
      attach(name, Part::Operand);
    } else if (is_one_of(kConnectives, name) ||
               (last_ == Part::Operand && is_one_of(kInfix, name))) {
      put(name, Part::Operator);
    } else {
      put_operand(std::string(name == "null" ? "nil" : name));
    }
  }

  void put_operand(const std::string& spelling) { put(spelling, Part::Operand); }

  // With a space before it, unless the token before sticks to what follows.
  void put(std::string_view spelling, Part part) {
    const bool sticks = last_ == Part::Start || last_ == Part::Opening || last_ == Part::Prefix ||
                        last_ == Part::Point;
    if (!sticks) result_ += ' ';
    attach(spelling, part);
  }

  void attach(std::string_view spelling, Part part) {
    result_ += spelling;
    last_ = part;
  }

  // Of a call or an index it stands right behind the operand.
  void open(std::string_view spelling) {
    if (last_ == Part::Operand) {
      attach(spelling, Part::Opening);
    } else {
      put(spelling, Part::Opening);
    }
  }

  std::string_view text_;
  std::string result_;
  Part last_ = Part::Start;
};

}  // namespace

std::string normalize(std::string_view text, std::span<const Token> tokens) {
  Normalizer normalizer(text);
  for (const Token& token : tokens) {
    if (token.kind == TokenKind::End) break;
    normalizer.add(token);
  }
  return std::move(normalizer).result();
}

}  // namespace betrace::rules
