// Goal: canonical order, first copies and parents are right, whatever the shape of the trace.
// Method: shapes by hand; and random shapes, cycles included, against the definitions of the
// reference written as plain walks. Set BETRACE_SEED to repeat one.

#include "betrace/rules/linked_trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <string>

#include "betrace/base/test_seed.h"
#include "betrace/rules/structure.h"
#include "betrace/rules/testing/conformance_spans.h"
#include "betrace/rules/testing/trace_sketch.h"

namespace betrace::rules {
namespace {

TEST(LinkedTraceTest, SpansStandByStartThenId) {
  const auto spans = spans_of_sketch("3 a 5..6\n2 b 5..6\n1 c 7..8");
  const LinkedTrace trace = link(spans);
  EXPECT_EQ(trace.span(0).name, "b");
  EXPECT_EQ(trace.span(1).name, "a");
  EXPECT_EQ(trace.span(2).name, "c");
  EXPECT_EQ(trace.find(trace.span(1).span_id), 1u);
  EXPECT_EQ(trace.find(model::SpanId{}), std::nullopt);
}

TEST(LinkedTraceTest, TheFirstCopyOfAnIdWins) {
  const auto spans = spans_of_sketch("1 first 9..9\n2 other 5..5\n1 second 1..1");
  const LinkedTrace trace = link(spans);
  ASSERT_EQ(trace.size(), 2u);
  EXPECT_EQ(trace.span(1).name, "first");
}

TEST(LinkedTraceTest, ATraceWithoutSpansHasNoRoot) {
  const LinkedTrace trace{{}};
  EXPECT_EQ(trace.size(), 0u);
  EXPECT_EQ(trace.trace_root(), std::nullopt);
}

TEST(LinkedTraceDeathTest, SpansOfTwoTracesAreABug) {
  auto spans = spans_of_sketch("1 a\n2 b");
  model::SpanView stranger = spans[1].view();
  stranger.trace_id.bytes[0] = 9;
  const std::vector<const model::SpanView*> views = {&spans[0].view(), &stranger};
  EXPECT_DEATH(LinkedTrace{views}, "trace_id");
}

TEST(LinkedTraceTest, AChainOfAHundredThousandSpansIsMeasuredInOneWalk) {
  std::vector<model::SpanView> spans(100'000);
  for (std::size_t i = 0; i < spans.size(); ++i) {
    for (std::size_t byte = 0; byte < 4; ++byte) {
      spans[i].span_id.bytes[7 - byte] = static_cast<std::uint8_t>((i + 1) >> (8 * byte));
      spans[i].parent_span_id.bytes[7 - byte] = static_cast<std::uint8_t>(i >> (8 * byte));
    }
    spans[i].trace_id.bytes[0] = 1;
  }
  std::vector<const model::SpanView*> views;
  for (const model::SpanView& span : spans) views.push_back(&span);
  const LinkedTrace trace(views);
  EXPECT_EQ(trace.depth(99'999), 99'999u);
  EXPECT_EQ(trace.root_of(99'999), 0u);
}

// The definitions, by following parents with a set of the spans visited.
std::vector<std::uint32_t> walked_ancestors(const LinkedTrace& trace, std::uint32_t s) {
  std::set<std::uint32_t> visited = {s};
  std::vector<std::uint32_t> ancestors;
  for (auto next = trace.parent(s); next && visited.insert(*next).second;
       next = trace.parent(*next)) {
    ancestors.push_back(*next);
  }
  return ancestors;
}

bool meets_cycle(const LinkedTrace& trace, std::uint32_t s) {
  const auto ancestors = walked_ancestors(trace, s);
  return trace.parent(ancestors.empty() ? s : ancestors.back()).has_value();
}

class RandomShapeTest : public testing::Test {
 protected:
  RandomShapeTest() { random_.seed(test_seed()); }

  std::vector<model::KeptSpan> shape() {
    std::string lines;
    const auto count = 1 + random_() % 9;
    for (unsigned long i = 1; i <= count; ++i) {
      lines += std::to_string(i) + " x ";
      lines += std::to_string(random_() % 6) + ".." + std::to_string(random_() % 9);
      const auto parent = random_() % 12;
      if (parent > 0 && parent < 10) lines += " parent " + std::to_string(parent);
      lines += "\n";
    }
    return spans_of_sketch(lines);
  }

  std::mt19937 random_;
};

TEST_F(RandomShapeTest, ChainsAgreeWithAWalkThatRemembersEachStep) {
  for (int round = 0; round < 2'000; ++round) {
    const auto spans = shape();
    const LinkedTrace trace = link(spans);
    for (std::uint32_t s = 0; s < trace.size(); ++s) {
      const auto ancestors = walked_ancestors(trace, s);
      ASSERT_EQ(trace.ancestors(s), ancestors);
      ASSERT_EQ(trace.depth(s), ancestors.size());
      const auto root = meets_cycle(trace, s) ? std::nullopt
                        : ancestors.empty()   ? std::optional(s)
                                              : std::optional(ancestors.back());
      ASSERT_EQ(trace.root_of(s), root);
    }
  }
}

constexpr StructureMethod kMethods[] = {
    StructureMethod::HasParent,     StructureMethod::HasChild,   StructureMethod::HasAncestor,
    StructureMethod::HasDescendant, StructureMethod::HasSibling, StructureMethod::PrecededBy,
    StructureMethod::FollowedBy,    StructureMethod::Overlaps};

std::multiset<std::uint32_t> visited(const LinkedTrace& trace, const Relation& relation,
                                     std::uint32_t s) {
  StepBudget budget(1'000'000);
  std::multiset<std::uint32_t> spans;
  visit_related(trace, relation, s, &budget, [&](std::uint32_t x) {
    spans.insert(x);
    return true;
  });
  return spans;
}

TEST_F(RandomShapeTest, EveryMethodVisitsExactlyTheSpansOfItsDefinition) {
  for (int round = 0; round < 1'000; ++round) {
    const auto spans = shape();
    const LinkedTrace trace = link(spans);
    for (const StructureMethod method : kMethods) {
      Relation relation{method, std::nullopt};
      if (round % 2 == 1) relation.within_ns = round % 4;
      for (std::uint32_t s = 0; s < trace.size(); ++s) {
        std::multiset<std::uint32_t> defined;
        for (std::uint32_t x = 0; x < trace.size(); ++x) {
          if (is_related(trace, relation, s, x)) defined.insert(x);
        }
        ASSERT_EQ(visited(trace, relation, s), defined) << "method " << static_cast<int>(method);
      }
    }
  }
}

}  // namespace
}  // namespace betrace::rules
