// Goal: one line out for each line in, whatever the line is, and the answer is that of the rule.

#include "betrace/app/eval.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "betrace/base/json.h"

namespace betrace::app {
namespace {

std::vector<Json> eval(const std::string& text) {
  std::istringstream in(text);
  std::ostringstream out;
  EXPECT_EQ(run_eval(in, out), 0);
  std::vector<Json> answers;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) answers.push_back(Json::parse(line));
  return answers;
}

TEST(EvalTest, CitesTheWitnessOfAMatch) {
  const auto answers =
      eval(R"({"name":"a","expr":"payment.charge and not fraud.check","spans":[)"
           R"({"trace_id":"00000000000000000000000000000001","span_id":"000000000000000a",)"
           R"("name":"payment.charge"}]})"
           "\n");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0], Json::parse(R"({"name":"a","valid":true,"warnings":[],"scope":"trace",
      "monotone":false,"matched":true,"witness_span_ids":["000000000000000a"]})"));
}

TEST(EvalTest, SaysWhereARuleIsWrong) {
  const auto answers = eval("{\"name\":\"b\",\"expr\":\"span.duration >\"}\n");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].at("valid"), false);
  EXPECT_EQ(answers[0].at("error").at("code"), "E_EXPECTED");
  EXPECT_EQ(answers[0].at("error").at("line"), 1);
  EXPECT_EQ(answers[0].at("error").at("column"), 16);
  EXPECT_FALSE(answers[0].contains("matched"));
}

TEST(EvalTest, ARuleWithoutSpansIsJudgedOnAnEmptyTrace) {
  const auto answers = eval(R"({"name":"c","expr":"trace.span_count == 0"})");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].at("matched"), true);
}

TEST(EvalTest, ABadLineIsAnsweredAndTheNextOneRead) {
  const auto answers = eval(
      "not json\n[1]\n{\"name\":\"x\"}\n{\"name\":\"y\",\"expr\":\"true\",\"spans\":[{}]}\n"
      "{\"name\":\"y\",\"expr\":\"true\",\"spans\":7}\n\xff\n{\"name\":\"z\",\"expr\":\"true\"}\n");
  ASSERT_EQ(answers.size(), 7u);
  for (std::size_t i : {0u, 1u, 2u, 3u, 4u}) {
    EXPECT_EQ(answers[i].at("error").at("code"), "E_INPUT") << i;
  }
  EXPECT_EQ(answers[5].at("error").at("code"), "E_UTF8");
  EXPECT_EQ(answers[6].at("valid"), true);
}

TEST(EvalTest, SpansOfTwoTracesAreRefused) {
  const auto answers = eval(
      R"({"name":"d","expr":"true","spans":[)"
      R"({"trace_id":"00000000000000000000000000000001","span_id":"000000000000000a","name":""},)"
      R"({"trace_id":"00000000000000000000000000000002","span_id":"000000000000000b",)"
      R"("name":""}]})");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].at("valid"), false);
}

}  // namespace
}  // namespace betrace::app
