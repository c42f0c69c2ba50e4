// The words of a rule's text.
//
// Made by lexer.cc; read by the parser and by normalize.cc. A token holds no text of its own: it is
// a kind and a place, so that a rule of the greatest length costs little before it is refused.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "betrace/rules/diagnostic.h"

namespace betrace::rules {

enum class TokenKind : std::uint8_t {
  End,
  Name,  // keywords too: which word is one depends on where it stands
  String,
  Number,
  Duration,
  LeftParenthesis,
  RightParenthesis,
  LeftBracket,
  RightBracket,
  LeftBrace,
  RightBrace,
  Dot,
  Comma,
  Colon,
  Hash,
  Bang,
  Plus,
  Minus,
  Star,
  Slash,
  EqualEqual,
  BangEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Foreign,   // operators of other languages: && || = => ...
  Relation,  // operators between selectors, which there are none of: >> << ~
};

struct Token {
  TokenKind kind = TokenKind::End;
  SourceRange range;
};

/// Returns the part of `text` that the token stands for.
[[nodiscard]] inline std::string_view text_of(std::string_view text, const Token& token) noexcept {
  return text.substr(token.range.offset, token.range.length);
}

}  // namespace betrace::rules
