// Goal: every row of the public conformance data gets the verdict that it states.
// Method: the rows are read from beside the checkout; without them there is nothing to run, and the
// project's own corpus (rule_corpus_test.cc) stands alone.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "betrace/base/json.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::rules {
namespace {

const std::string kSharedFolder = BETRACE_SOURCE_DIR "/../shared/rules/";

std::set<std::string> codes_of(const Json& row) {
  std::set<std::string> codes;
  if (!row.contains("warnings")) return codes;
  for (const Json& code : row["warnings"]) codes.insert(code.get<std::string>());
  return codes;
}

std::set<std::string> warning_set(const CheckedRule& rule) {
  std::set<std::string> codes;
  for (const Diagnostic& warning : rule.warnings) {
    codes.insert(std::string(name_of(warning.code)));
  }
  return codes;
}

std::string listed(const std::set<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result += word + " ";
  return result;
}

// What check_rule() says, in the words of the corpus.
std::string verdict_of(const std::string& expression) {
  const auto rule = check_rule(expression);
  if (!rule) return std::string(name_of(rule.error().code)) + " " + rule.error().message;
  return "loads " + listed(warning_set(*rule));
}

std::string expected_verdict(const Json& row) {
  if (!row["should_parse"].get<bool>()) return row["reject_code"].get<std::string>();
  return "loads " + listed(codes_of(row));
}

void expect_class(const std::string& expression, const std::string& scope, bool monotone) {
  const auto rule = check_rule(expression);
  if (!rule) return;  // reported as a wrong verdict
  EXPECT_EQ(name_of(rule->scope), scope) << expression;
  EXPECT_EQ(rule->monotone, monotone) << expression;
}

void expect_shared_row(const Json& row) {
  const auto expression = row["expr"].get<std::string>();
  const std::string note = row.value("note", "");
  const std::string verdict = verdict_of(expression);
  if (row["should_parse"].get<bool>()) {
    EXPECT_EQ(verdict, expected_verdict(row)) << expression << "\nnote: " << note;
    const std::size_t scope = note.find("scope=");
    if (scope == std::string::npos) return;
    const std::string word = note.substr(scope + 6, note.find(';', scope) - scope - 6);
    expect_class(expression, word, note.find("monotone") != std::string::npos);
  } else {
    EXPECT_EQ(verdict.substr(0, verdict.find(' ')), expected_verdict(row))
        << expression << "\nsays: " << verdict << "\nnote: " << note;
  }
}

template <typename Visit>
std::size_t for_each_row(const std::string& file, Visit visit) {
  std::ifstream lines(kSharedFolder + file);
  std::string line;
  std::size_t count = 0;
  for (; std::getline(lines, line); ++count) {
    const auto row = parse_json(line);
    if (row) visit(*row);
    EXPECT_TRUE(row.has_value()) << line;
  }
  return count;
}

bool is_present(const std::string& file) { return std::filesystem::exists(kSharedFolder + file); }

TEST(SharedCorpusTest, EveryRowHasItsVerdict) {
  if (!is_present("corpus.public.jsonl")) GTEST_SKIP() << "no conformance data beside the checkout";
  EXPECT_EQ(for_each_row("corpus.public.jsonl", expect_shared_row), 1278u);
}

TEST(SharedCorpusTest, EveryCaseHasItsScopeAndDirection) {
  if (!is_present("cases.public.jsonl")) GTEST_SKIP() << "no conformance data beside the checkout";
  const auto expect_case = [](const Json& row) {
    const auto expression = row["expr"].get<std::string>();
    EXPECT_EQ(verdict_of(expression).substr(0, 5), "loads") << expression;
    expect_class(expression, row["scope"].get<std::string>(), row["monotone"].get<bool>());
  };
  EXPECT_EQ(for_each_row("cases.public.jsonl", expect_case), 640u);
}

}  // namespace
}  // namespace betrace::rules
