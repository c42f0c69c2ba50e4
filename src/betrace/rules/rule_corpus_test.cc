// Goal: every sentence of the language reference that the checker answers for holds.
// Method: the sentences are rows of text in tests/rules; see the README there.

#include "betrace/rules/testing/rule_corpus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "betrace/rules/checked_rule.h"
#include "betrace/rules/tree_text.h"

namespace betrace::rules {
namespace {

const std::string kFolder = BETRACE_SOURCE_DIR "/tests/rules";

std::vector<std::filesystem::path> corpus_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".rules") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<CorpusRow> rows_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  auto rows = read_corpus(path.filename().string(), content);
  EXPECT_TRUE(rows.has_value()) << rows.error().message;
  return rows ? std::move(*rows) : std::vector<CorpusRow>{};
}

std::vector<CorpusRow> all_rows() {
  std::vector<CorpusRow> all;
  for (const auto& path : corpus_files()) {
    for (CorpusRow& row : rows_of(path)) all.push_back(std::move(row));
  }
  return all;
}

std::string place_of(const CorpusRow& row) {
  return fmt::format("{}:{}: {}\n{}", row.file, row.line, row.title, row.text.substr(0, 500));
}

std::string verdict_of(const CheckedRule& rule) {
  return fmt::format("{}{}, {}", name_of(rule.scope), rule.monotone ? ", monotone" : "",
                     name_of(rule.firing));
}

std::string verdict_of(const Diagnostic& error) {
  return fmt::format("{} {}:{}", name_of(error.code), error.line, error.column);
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

// Each code once, as the rows list them.
std::string warnings_of(const CheckedRule& rule) {
  std::vector<std::string> codes;
  for (const Diagnostic& warning : rule.warnings) {
    const std::string code(name_of(warning.code));
    if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(code);
  }
  return joined(codes);
}

void expect_said(const CorpusRow& row, const Diagnostic& diagnostic) {
  EXPECT_NE(diagnostic.message.find(row.says), std::string::npos)
      << place_of(row) << "\nsays: " << diagnostic.message;
  EXPECT_NE(diagnostic.hint.find(row.hint), std::string::npos)
      << place_of(row) << "\nhint: " << diagnostic.hint;
}

void expect_loads(const CorpusRow& row, const CheckedRule& rule) {
  EXPECT_EQ(verdict_of(rule), row.verdict) << place_of(row);
  EXPECT_EQ(warnings_of(rule), row.warnings) << place_of(row);
  if (!row.meaning.empty()) {
    EXPECT_EQ(tree_text(*rule.condition), row.meaning) << place_of(row);
  }
  if (!row.normal.empty()) {
    EXPECT_EQ(rule.normalized, row.normal) << place_of(row);
  }
  if (!row.fields.empty()) {
    EXPECT_EQ(joined(rule.fields), row.fields) << place_of(row);
  }
  if (!rule.warnings.empty()) expect_said(row, rule.warnings.front());
}

void expect_row(const CorpusRow& row) {
  const auto rule = check_rule(row.text);
  if (rule) {
    expect_loads(row, *rule);
  } else {
    EXPECT_EQ(verdict_of(rule.error()), row.verdict)
        << place_of(row) << "\nsays: " << rule.error().message;
    expect_said(row, rule.error());
  }
}

TEST(RuleCorpusTest, EveryRowGetsItsVerdict) {
  const auto rows = all_rows();
  EXPECT_GT(rows.size(), 400u);
  for (const CorpusRow& row : rows) expect_row(row);
}

// The normal form is a rule with the same meaning, and its own normal form.
TEST(RuleCorpusTest, NormalisingChangesNothingButTheSpelling) {
  for (const CorpusRow& row : all_rows()) {
    const auto rule = check_rule(row.text);
    if (!rule || rule->normalized.size() > 65'536) continue;
    const auto again = check_rule(rule->normalized);
    ASSERT_TRUE(again.has_value()) << place_of(row) << "\nnormal: " << rule->normalized;
    EXPECT_EQ(again->normalized, rule->normalized) << place_of(row);
    EXPECT_EQ(tree_text(*again->condition), tree_text(*rule->condition)) << place_of(row);
  }
}

// The long form needs no name, no selector and no block, and means the same.
TEST(RuleCorpusTest, TheLongFormMeansTheSame) {
  std::size_t compared = 0;
  for (const CorpusRow& row : all_rows()) {
    const auto rule = check_rule(row.text);
    if (!rule || row.file.starts_with("08")) continue;  // at a limit the long form is beyond it
    const std::string text = tree_text(*rule->condition);
    const auto again = check_rule(text);
    if (!again && again.error().code == Code::E_ANCHOR) continue;  // see tree_text.h
    ASSERT_TRUE(again.has_value()) << place_of(row) << "\nlong: " << text << "\n"
                                   << again.error().message;
    EXPECT_EQ(tree_text(*again->condition), text) << place_of(row);
    EXPECT_EQ(verdict_of(*again), verdict_of(*rule)) << place_of(row) << "\nlong: " << text;
    ++compared;
  }
  EXPECT_GT(compared, 200u);
}

// Who reads "error" next wants to read what to do, and not the same sentence twice.
TEST(RuleCorpusTest, EveryErrorHasAHintThatSaysMoreThanItsMessage) {
  std::size_t refused = 0;
  for (const CorpusRow& row : all_rows()) {
    const auto rule = check_rule(row.text);
    if (rule) continue;
    ++refused;
    const Diagnostic& error = rule.error();
    EXPECT_FALSE(error.hint.empty()) << place_of(row) << "\nsays: " << error.message;
    EXPECT_EQ(error.message.find(error.hint), std::string::npos)
        << place_of(row) << "\nsays: " << error.message << "\nhint: " << error.hint;
  }
  EXPECT_GT(refused, 200u);
}

TEST(RuleCorpusTest, EveryCodeHasARow) {
  std::string seen;
  for (const CorpusRow& row : all_rows()) seen += row.verdict + ' ' + row.warnings + ' ';
  for (int i = 0; i <= static_cast<int>(Code::W_HIDDEN); ++i) {
    const auto code = static_cast<Code>(i);
    if (code == Code::E_UTF8) continue;  // a text file cannot hold it
    EXPECT_NE(seen.find(std::string(name_of(code)) + ' '), std::string::npos) << name_of(code);
  }
}

TEST(RuleCorpusFormatTest, SaysWhereAFileIsMalformed) {
  EXPECT_EQ(read_corpus("a", "text").error().message, "a:1: text before the first row");
  EXPECT_EQ(read_corpus("a", "## t\nx\n-> v\ny").error().message, "a:4: text behind the verdict");
  EXPECT_EQ(read_corpus("a", "\n## t\nx").error().message,
            "a:2: no verdict, or a malformed {{...}}");
  EXPECT_FALSE(read_corpus("a", "## t\n{{3*x}}\n-> v").has_value());
  EXPECT_FALSE(read_corpus("a", "## t\n{{3*\"x\"\n-> v").has_value());
}

TEST(RuleCorpusFormatTest, ReadsARow) {
  const auto rows =
      read_corpus("a", "# remark\n\n## t\nx\n\n{{3*\"y\"}}\n-> v\n-> W_A\n-> hint h\n\n");
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->front().text, "x\n\nyyy");
  EXPECT_EQ(rows->front().verdict, "v");
  EXPECT_EQ(rows->front().warnings, "W_A");
  EXPECT_EQ(rows->front().hint, "h");
}

}  // namespace
}  // namespace betrace::rules
