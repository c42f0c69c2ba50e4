// Goal: the text is cut into tokens as the reference says, longest first, and nothing is lost.
// Method: token kinds of short texts. (What is refused is in tests/rules.)

#include "betrace/rules/lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace betrace::rules {
namespace {

std::string tokens_of(std::string_view text) {
  Refusal refusal;
  std::string result;
  for (const Token& token : tokenize(text, &refusal)) {
    result += std::string(text_of(text, token)) + (token.kind == TokenKind::End ? "" : "|");
  }
  return refusal ? std::string(name_of(refusal.reason().code)) : result;
}

std::vector<TokenKind> kinds_of(std::string_view text) {
  Refusal refusal;
  std::vector<TokenKind> kinds;
  for (const Token& token : tokenize(text, &refusal)) kinds.push_back(token.kind);
  return kinds;
}

TEST(LexerTest, EndsEveryTextWithAnEnd) {
  EXPECT_EQ(kinds_of(""), std::vector<TokenKind>{TokenKind::End});
  EXPECT_EQ(kinds_of(" \t\r\n\f\v"), std::vector<TokenKind>{TokenKind::End});
  EXPECT_EQ(kinds_of("a"), (std::vector<TokenKind>{TokenKind::Name, TokenKind::End}));
}

TEST(LexerTest, TakesTheLongestOperator) {
  EXPECT_EQ(tokens_of("a===b==c=d=>e=~f"), "a|===|b|==|c|=|d|=>|e|=~|f|");
  EXPECT_EQ(tokens_of("a<=b<<c<d<>e"), "a|<=|b|<<|c|<|d|<>|e|");
  EXPECT_EQ(tokens_of("a>=b>>c>d"), "a|>=|b|>>|c|>|d|");
  EXPECT_EQ(tokens_of("!a!=b!~c!==d"), "!|a|!=|b|!~|c|!==|d|");
  EXPECT_EQ(tokens_of("a||b|c&&d"), "a||||b|||c|&&|d|");
}

TEST(LexerTest, TakesEveryMark) {
  EXPECT_EQ(tokens_of("()[]{}.,:#+-*/~"), "(|)|[|]|{|}|.|,|:|#|+|-|*|/|~|");
}

TEST(LexerTest, SkipsComments) {
  EXPECT_EQ(tokens_of("a -- b\nc // d\ne /* f */ g"), "a|c|e|g|");
  EXPECT_EQ(tokens_of("a--b"), "a|");
  EXPECT_EQ(tokens_of("a - -b"), "a|-|-|b|");
  EXPECT_EQ(tokens_of("a/**/b"), "a|b|");
}

TEST(LexerTest, KeepsRawStringsApartFromNames) {
  EXPECT_EQ(tokens_of("r\"\\\" r rx\"a\""), "r\"\\\"|r|rx|\"a\"|");
}

TEST(LexerTest, RefusesWithoutTokens) {
  EXPECT_EQ(tokens_of("a @"), "E_CHAR");
  EXPECT_EQ(tokens_of("a é"), "E_UNQUOTED");
  EXPECT_EQ(tokens_of("a /* b"), "E_COMMENT");
  EXPECT_EQ(tokens_of("a 'b"), "E_STRING");
  EXPECT_EQ(tokens_of("a 5x"), "E_NUMBER");
  EXPECT_EQ(tokens_of(std::string(256, 'a')), "E_LIMIT");
}

TEST(LexerTest, TellsForeignOperatorsAndRelations) {
  EXPECT_EQ(kinds_of("&&")[0], TokenKind::Foreign);
  EXPECT_EQ(kinds_of("|")[0], TokenKind::Foreign);
  EXPECT_EQ(kinds_of(">>")[0], TokenKind::Relation);
  EXPECT_EQ(kinds_of("~")[0], TokenKind::Relation);
}

}  // namespace
}  // namespace betrace::rules
