// Goal: the grade is the first that holds, worst first.

#include "betrace/traces/completeness.h"

#include <gtest/gtest.h>

namespace betrace::traces {
namespace {

GradeFacts whole() {
  GradeFacts facts;
  facts.has_root = true;
  return facts;
}

TEST(GradeTest, IsCompleteForOneConnectedTree) {
  EXPECT_EQ(grade_of(whole(), CloseReason::Complete), Completeness::Complete);
  EXPECT_EQ(grade_of(whole(), CloseReason::Idle), Completeness::Complete);
  EXPECT_EQ(grade_of(whole(), CloseReason::MaxAge), Completeness::Complete);
}

TEST(GradeTest, DependsOnTheReasonOfClosing) {
  EXPECT_EQ(grade_of(whole(), CloseReason::Memory), Completeness::Shed);
  EXPECT_EQ(grade_of(whole(), CloseReason::Shutdown), Completeness::Shed);
  EXPECT_EQ(grade_of(whole(), CloseReason::SpanLimit), Completeness::Truncated);
}

TEST(GradeTest, NamesTheWorstFirst) {
  GradeFacts facts;
  facts.misses_parent = true;
  facts.has_root = true;
  EXPECT_EQ(grade_of(facts, CloseReason::Idle), Completeness::Orphans);
  facts.has_root = false;
  EXPECT_EQ(grade_of(facts, CloseReason::Idle), Completeness::NoRoot);
  facts.is_cut = true;
  EXPECT_EQ(grade_of(facts, CloseReason::Idle), Completeness::Truncated);
  EXPECT_EQ(grade_of(facts, CloseReason::Shutdown), Completeness::Shed);
  facts.is_reopened = true;
  EXPECT_EQ(grade_of(facts, CloseReason::Memory), Completeness::Reopened);
}

}  // namespace
}  // namespace betrace::traces
