// Goal: every case of the public conformance data matches, and cites, as it states.
// Method: each case also runs in shuffled orders with repeated spans, and, if its rule is monotone,
// with its spans added one by one. Set BETRACE_SEED to repeat an order.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <string>

#include "betrace/base/json.h"
#include "betrace/base/test_seed.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/testing/conformance_spans.h"

namespace betrace::rules {
namespace {

using Spans = std::vector<const model::KeptSpan*>;

const std::string kFile = BETRACE_SOURCE_DIR "/../shared/rules/cases.public.jsonl";

struct SharedCase {
  std::string name;
  CheckedRule rule;
  std::vector<model::KeptSpan> spans;
  std::string expected;
};

Spans pointers_to(const std::vector<model::KeptSpan>& spans) {
  Spans pointers;
  for (const model::KeptSpan& span : spans) pointers.push_back(&span);
  return pointers;
}

std::string joined(const std::set<std::string>& words) {
  std::string result;
  for (const std::string& word : words) result += word + " ";
  return result;
}

// `no match`, or `match` with the ids that are kept, ascending.
std::string kept_outcome(const CheckedRule& rule, const Spans& spans) {
  const LinkedTrace trace = link(spans);
  const Evaluation evaluation = evaluate(rule, trace);
  if (!evaluation.evaluated) return "not evaluated";
  if (!evaluation.matched) return "no match";
  const std::size_t kept = rule.scope == Scope::Span
                               ? evaluation.witnesses.size()
                               : std::min<std::size_t>(evaluation.witnesses.size(), 32);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < kept; ++i) {
    ids.insert(trace.span(evaluation.witnesses[i]).span_id.hex());
  }
  return "match " + joined(ids);
}

std::string expected_outcome(const Json& row) {
  if (!row["expected_match"].get<bool>()) return "no match";
  std::set<std::string> ids;
  for (const Json& id : row["expected_witness_span_ids"]) ids.insert(id.get<std::string>());
  return "match " + joined(ids);
}

std::vector<SharedCase> read_cases() {
  std::vector<SharedCase> cases;
  std::ifstream lines(kFile);
  for (std::string line; std::getline(lines, line);) {
    const auto row = parse_json(line);
    if (!row) {
      ADD_FAILURE() << line;
      continue;
    }
    auto rule = check_rule((*row)["expr"].get<std::string>());
    const auto name = (*row)["name"].get<std::string>();
    if (rule) {
      cases.push_back(
          {name, std::move(*rule), spans_of_json((*row)["spans"]), expected_outcome(*row)});
    } else {
      ADD_FAILURE() << name << ": " << rule.error().message;
    }
  }
  return cases;
}

class SharedCasesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFile)) GTEST_SKIP() << "no conformance data beside the checkout";
    cases_ = read_cases();
    ASSERT_EQ(cases_.size(), 640u);
  }

  std::vector<SharedCase> cases_;
};

TEST_F(SharedCasesTest, EveryCaseMatchesAndCitesAsItStates) {
  for (const SharedCase& item : cases_) {
    EXPECT_EQ(kept_outcome(item.rule, pointers_to(item.spans)), item.expected) << item.name << "\n"
                                                                               << item.rule.text;
  }
}

TEST_F(SharedCasesTest, OrderAndRepetitionOfSpansChangeNothing) {
  std::mt19937_64 random(test_seed());
  for (const SharedCase& item : cases_) {
    if (item.name.starts_with("dup.first.")) continue;
    Spans spans = pointers_to(item.spans);
    for (int round = 0; round < 4; ++round) {
      spans.push_back(spans[random() % spans.size()]);
      std::shuffle(spans.begin(), spans.end(), random);
      EXPECT_EQ(kept_outcome(item.rule, spans), item.expected) << item.name << "\n"
                                                               << item.rule.text;
    }
  }
}

TEST_F(SharedCasesTest, AMonotoneRuleStaysTrueWhileSpansAreAdded) {
  std::mt19937_64 random(test_seed());
  int turned_true = 0;
  for (const SharedCase& item : cases_) {
    if (!item.rule.monotone || item.name.starts_with("dup.first.")) continue;
    Spans spans = pointers_to(item.spans);
    std::shuffle(spans.begin(), spans.end(), random);
    bool was_true = false;
    for (std::size_t count = 1; count <= spans.size(); ++count) {
      const Evaluation evaluation =
          evaluate(item.rule, link(Spans(spans.begin(), spans.begin() + static_cast<long>(count))));
      EXPECT_TRUE(evaluation.matched || !was_true) << item.name << "\n" << item.rule.text;
      was_true = evaluation.matched;
    }
    turned_true += was_true ? 1 : 0;
  }
  EXPECT_GT(turned_true, 100);
}

}  // namespace
}  // namespace betrace::rules
