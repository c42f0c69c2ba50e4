// Goal: the parser is the grammar of docs/guide/rule-reference.md, and no input makes it recurse or
// grow beyond its limits.
// Method: the grammar in parser.h is compared with that of the page; random token sequences and
// hostile texts are parsed. (Trees are checked in tests/rules.)

#include "betrace/rules/parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

#include "betrace/base/test_seed.h"
#include "betrace/rules/lexer.h"

namespace betrace::rules {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Lines and column positions are free.
std::string without_spaces(std::string text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\n'; };
  text.erase(std::remove_if(text.begin(), text.end(), is_space), text.end());
  return text;
}

std::string between(const std::string& text, const std::string& first, const std::string& last) {
  std::size_t begin = text.find(first);
  if (begin == std::string::npos) return {};
  begin += first.size();
  return text.substr(begin, text.find(last, begin) - begin);
}

std::string grammar_of_header() {
  std::string grammar;
  const std::string header = content_of(BETRACE_SOURCE_DIR "/src/betrace/rules/parser.h");
  std::string block = between(header, "// clang-format off\n", "// clang-format on");
  for (std::size_t at = 0; at < block.size();) {
    const std::size_t end = std::min(block.find('\n', at), block.size());
    grammar += block.substr(at + 2, end - at - 2) + '\n';  // without the two slashes
    at = end + 1;
  }
  return grammar;
}

TEST(GrammarTest, StandsAboveTheParserAsOnThePage) {
  const std::string page = BETRACE_SOURCE_DIR "/docs/guide/rule-reference.md";
  const std::string grammar = grammar_of_header();
  EXPECT_NE(grammar.find("rule      = \"when\" block clause"), std::string::npos);
  EXPECT_EQ(without_spaces(grammar), without_spaces(between(content_of(page), "```ebnf\n", "```")));
}

std::string outcome_of(const std::string& text) {
  Refusal refusal;
  const auto tokens = tokenize(text, &refusal);
  if (refusal) return "lexer";
  const RuleSyntax rule = parse(text, tokens, &refusal);
  if (!refusal) return rule.expression || rule.when ? "tree" : "nothing";
  const SourceRange range = refusal.reason().range;
  EXPECT_LE(range.offset + range.length, text.size()) << text;
  EXPECT_EQ(rule.expression, nullptr);
  EXPECT_EQ(rule.when, nullptr);
  return std::string(name_of(refusal.reason().code));
}

std::string repeated(std::string_view part, std::size_t count) {
  std::string text;
  while (count-- > 0) text += part;
  return text;
}

TEST(ParserLimitTest, StopsNestingOfEveryKind) {
  for (const char* opening : {"(", "!", "not ", "- ", "#", "a(", "a.b(", "x by (", "a[", "!(", "-(",
                              "when { (", "a or (", "a and not ("}) {
    EXPECT_NE(outcome_of(repeated(opening, 5'000)), "tree") << opening;
  }
  EXPECT_EQ(outcome_of(repeated("(", 129)), "E_LIMIT");
  EXPECT_EQ(outcome_of(repeated("a[", 129)), "E_LIMIT");
  EXPECT_EQ(outcome_of(repeated("x by (", 129)), "E_LIMIT");
}

TEST(ParserLimitTest, StopsHighTreesThatAreNotNested) {
  EXPECT_EQ(outcome_of("a" + repeated(" + a", 5'000)), "E_LIMIT");
  EXPECT_EQ(outcome_of("a" + repeated(" * a", 5'000)), "E_LIMIT");
  EXPECT_EQ(outcome_of("a" + repeated("[0]", 5'000)), "E_LIMIT");
  EXPECT_EQ(outcome_of("a" + repeated(".f()", 5'000)), "E_LIMIT");
  EXPECT_EQ(outcome_of("\"a\"" + repeated(".f", 5'000)), "E_LIMIT");
  EXPECT_EQ(outcome_of("a" + repeated(" by (b)", 5'000)), "E_LIMIT");
}

TEST(ParserLimitTest, StopsWideTrees) {
  EXPECT_EQ(outcome_of("a" + repeated(" or a", 10'000)), "E_LIMIT");
  EXPECT_EQ(outcome_of("f(a" + repeated(", a", 10'000) + ")"), "E_LIMIT");
  EXPECT_EQ(outcome_of("a in [1" + repeated(", 1", 1'000) + "]"), "E_LIMIT");
  EXPECT_EQ(outcome_of("a" + repeated(".a", 10'000)), "E_LIMIT");
}

TEST(ParserTest, AnySequenceOfTokensIsATreeOrOneMistakeInsideTheText) {
  std::mt19937_64 random(test_seed());
  const char* words[] = {"a",     "span", "trace",   "when",   "always", "never", "not",
                         "and",   "or",   "in",      "by",     "where",  "nil",   "true",
                         "\"s\"", "5",    "5s",      "(",      ")",      "[",     "]",
                         "{",     "}",    ".",       ",",      ":",      "#",     "!",
                         "+",     "-",    "*",       "/",      "==",     "<",     "&&",
                         ">>",    "AND",  "matches", "before", "count(", ".has(", ".where("};
  int trees = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t left = 1 + random() % 8; left > 0; --left) {
      text += std::string(words[random() % std::size(words)]) + ' ';
    }
    const std::string outcome = outcome_of(text);
    ASSERT_NE(outcome, "nothing") << text;
    trees += outcome == "tree" ? 1 : 0;
  }
  EXPECT_GT(trees, 100);
}

}  // namespace
}  // namespace betrace::rules
