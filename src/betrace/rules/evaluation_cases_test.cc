// Goal: each row of the tables of docs/guide/rule-reference.md, 2 to 7, means what it says.
// Method: the files tests/rules/eval_*.txt, whose first lines explain their form. Each case also
// runs with its spans shuffled and repeated, and added one by one if its rule is monotone.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "betrace/base/json.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/testing/conformance_spans.h"
#include "betrace/rules/testing/trace_sketch.h"

namespace betrace::rules {
namespace {

using Spans = std::vector<const model::KeptSpan*>;

struct Case {
  std::string place;
  std::string rule;
  std::string expected;
  std::shared_ptr<const std::vector<model::KeptSpan>> spans;
};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string short_id(const model::SpanId& id) {
  const std::string digits = id.hex();
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
}

// `no`, `yes` if nothing is cited, else the ids in canonical order.
std::string outcome(const CheckedRule& rule, const Spans& spans) {
  const LinkedTrace trace = link(spans);
  const Evaluation evaluation = evaluate(rule, trace);
  if (!evaluation.evaluated) return "not evaluated";
  if (!evaluation.matched) return "no";
  if (evaluation.witnesses.empty()) return "yes";
  std::string ids;
  for (const std::uint32_t i : evaluation.witnesses) ids += short_id(trace.span(i).span_id) + " ";
  return trimmed(ids);
}

// Reads the cases of one file; every span list serves the rules below it.
class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path) : path_(path) {}

  std::vector<Case> read() {
    std::ifstream lines(path_);
    for (std::string line; std::getline(lines, line); ++number_) {
      const std::string text = trimmed(line);
      if (text.empty() || text == "#" || text.starts_with("# ")) continue;
      if (text == "trace") {
        spans_ = Json::array();
        kept_ = nullptr;
      } else if (line.starts_with("  ")) {
        add_span(text);
      } else {
        add_case(text);
      }
    }
    return std::move(cases_);
  }

 private:
  std::string place() const {
    return path_.filename().string() + ":" + std::to_string(number_) + ": ";
  }

  void add_span(const std::string& text) {
    const auto span = span_of_sketch(text);
    if (span) {
      spans_.push_back(*span);
    } else {
      ADD_FAILURE() << place() << span.error().message;
    }
  }

  void add_case(const std::string& text) {
    const std::size_t arrow = text.rfind(" => ");
    if (arrow == std::string::npos) {
      ADD_FAILURE() << place() << "no => in " << text;
      return;
    }
    if (!kept_) kept_ = std::make_shared<std::vector<model::KeptSpan>>(spans_of_json(spans_));
    cases_.push_back(
        {place() + text, text.substr(0, arrow), trimmed(text.substr(arrow + 4)), kept_});
  }

  std::filesystem::path path_;
  int number_ = 1;
  Json spans_ = Json::array();
  std::shared_ptr<const std::vector<model::KeptSpan>> kept_;
  std::vector<Case> cases_;
};

void expect_shuffled(const Case& item, const CheckedRule& rule, Spans spans) {
  std::mt19937 random(7);
  for (int round = 0; round < 3 && !spans.empty(); ++round) {
    spans.push_back(spans[random() % spans.size()]);
    std::shuffle(spans.begin(), spans.end(), random);
    EXPECT_EQ(outcome(rule, spans), item.expected) << item.place << " (shuffled)";
  }
}

void expect_growing(const Case& item, const CheckedRule& rule, const Spans& spans) {
  if (!rule.monotone) return;
  bool was_true = false;
  for (std::size_t count = 0; count <= spans.size(); ++count) {
    const Spans first(spans.begin(), spans.begin() + static_cast<long>(count));
    const bool is_true = evaluate(rule, link(first)).matched;
    EXPECT_TRUE(is_true || !was_true) << item.place << " (span " << count << " added)";
    was_true = is_true;
  }
}

void expect_case(const Case& item) {
  const auto rule = check_rule(item.rule);
  if (!rule) {
    ADD_FAILURE() << item.place << "\n" << rule.error().message;
    return;
  }
  Spans spans;
  for (const model::KeptSpan& span : *item.spans) spans.push_back(&span);
  EXPECT_EQ(outcome(*rule, spans), item.expected) << item.place;
  expect_shuffled(item, *rule, spans);
  expect_growing(item, *rule, spans);
}

TEST(EvaluationCasesTest, EveryCaseMatchesAndCitesAsItStates) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(BETRACE_SOURCE_DIR "/tests/rules")) {
    if (!entry.path().filename().string().starts_with("eval_")) continue;
    for (const Case& item : FileReader(entry.path()).read()) {
      expect_case(item);
      ++count;
    }
  }
  EXPECT_GT(count, 300u);
}

}  // namespace
}  // namespace betrace::rules
