// Goal: what the log says of controls reaches the sink, with the same ids every time.
// Method: records made by hand, spans looked at as values.
#include "betrace/exporter/evidence_span.h"

#include <gmock/gmock.h>

#include "betrace/exporter/test_outbox.h"

namespace betrace::exporter {
namespace {

using ::testing::Contains;
using ::testing::Pair;
using ::testing::SizeIs;

storage::TailRecord tagged_violation(std::vector<std::string> tags) {
  storage::TailRecord record = test_record(7);
  record.record.violation.tags = std::move(tags);
  return record;
}

storage::TailRecord rule_change() {
  storage::TailRecord record;
  record.sequence = 9;
  record.type = storage::LogRecordType::RuleChange;
  record.time = kTestTime;
  record.leaf = sha256("leaf");
  record.change = storage::RuleChangeRecord{.rule_id = "slow",
                                            .change = "update",
                                            .source = "api",
                                            .actor = "key:ops",
                                            .address = "",
                                            .request_id = "",
                                            .time = kTestTime,
                                            .revision = 3,
                                            .previous_revision = 2,
                                            .sha256 = "",
                                            .previous_sha256 = "",
                                            .rule = std::nullopt};
  return record;
}

storage::TailRecord period(std::uint64_t evaluated) {
  storage::TailRecord record;
  record.sequence = 11;
  record.type = storage::LogRecordType::Compliance;
  record.time = kTestTime + 3'600 * kNanosPerSecond;
  record.leaf = sha256("period");
  record.place.signature = "v1:9f31c0aa:00";
  evidence::Compliance compliance;
  compliance.control = {"hipaa", "164.312(b)"};
  compliance.rule_count = 1;
  compliance.verdict.evaluations_due = evaluated;
  compliance.coverage_records = 60;
  compliance.coverage.from = kTestTime;
  compliance.coverage.to = record.time;
  compliance.coverage.spans_received = 1'000;
  record.compliance = compliance;
  return record;
}

TEST(EvidenceSpanTest, AViolationHasOneForEachControlOfItsRule) {
  const storage::TailRecord record = tagged_violation({"soc2:CC6.1", "pii", "hipaa:164.312(b)"});
  const auto spans = make_evidence_spans(record, {});
  ASSERT_THAT(spans, SizeIs(2));
  const ViolationSpan violation = make_violation_span(record, {});
  for (const ViolationSpan& span : spans) {
    EXPECT_EQ(span.kind, SpanKind::Evidence);
    EXPECT_EQ(span.trace_id, violation.trace_id);
    EXPECT_EQ(span.parent_span_id, violation.span_id);
    EXPECT_NE(span.span_id, violation.span_id);
    EXPECT_THAT(span.texts, Contains(Pair("compliance.outcome", "violation")));
    EXPECT_THAT(span.texts, Contains(Pair("compliance.sequence", "7")));
    EXPECT_THAT(span.texts, Contains(Pair("compliance.rule_id", "slow")));
  }
  EXPECT_THAT(spans[0].texts, Contains(Pair("compliance.framework", "soc2")));
  EXPECT_THAT(spans[0].texts, Contains(Pair("compliance.control", "CC6.1")));
  EXPECT_THAT(spans[1].texts, Contains(Pair("compliance.control", "164.312(b)")));
  EXPECT_NE(spans[0].span_id, spans[1].span_id);
  EXPECT_THAT(make_evidence_spans(tagged_violation({"pii", ":x", "x:"}), {}), SizeIs(0));
}

TEST(EvidenceSpanTest, IdsOfAViolationDoNotDependOnWhereItWasFound) {
  storage::TailRecord here = tagged_violation({"soc2:CC6.1"});
  storage::TailRecord there = tagged_violation({"soc2:CC6.1"});
  there.sequence = 1'000;
  there.leaf = sha256("another log");
  EXPECT_EQ(make_evidence_spans(here, {})[0].span_id, make_evidence_spans(there, {})[0].span_id);
}

TEST(EvidenceSpanTest, ARuleChangeIsEvidenceOfChangeManagement) {
  const auto spans = make_evidence_spans(rule_change(), {});
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_THAT(spans[0].texts, Contains(Pair("compliance.framework", "soc2")));
  EXPECT_THAT(spans[0].texts, Contains(Pair("compliance.control", "CC8.1")));
  EXPECT_THAT(spans[0].texts, Contains(Pair("compliance.outcome", "rule_change")));
  EXPECT_THAT(spans[0].texts, Contains(Pair("compliance.actor", "key:ops")));
  EXPECT_THAT(spans[0].numbers, Contains(Pair("compliance.revision", 3)));
  EXPECT_FALSE(spans[0].is_signed);
  EXPECT_FALSE(spans[0].trace_id.is_zero());
}

TEST(EvidenceSpanTest, APeriodIsASpanOfItsLengthWithTheNumbersBehindIt) {
  const auto spans = make_evidence_spans(period(12), {});
  ASSERT_THAT(spans, SizeIs(1));
  EXPECT_EQ(spans[0].start_time, kTestTime);
  EXPECT_EQ(spans[0].time, kTestTime + 3'600 * kNanosPerSecond);
  EXPECT_EQ(evidence_labels(spans[0]).outcome, "no_violation");
  EXPECT_THAT(spans[0].texts, Contains(Pair("compliance.signature", "v1:9f31c0aa:00")));
  EXPECT_THAT(spans[0].numbers, Contains(Pair("compliance.coverage.spans_received", 1'000)));
  EXPECT_THAT(spans[0].numbers, Contains(Pair("compliance.evaluations_due", 12)));
  EXPECT_EQ(evidence_labels(make_evidence_spans(period(0), {})[0]).outcome, "not_evaluated");
}

TEST(EvidenceSpanTest, NoneIsMadeIfNoneIsWanted) {
  SpanOptions options;
  options.emits_evidence = false;
  EXPECT_THAT(make_evidence_spans(tagged_violation({"soc2:CC6.1"}), options), SizeIs(0));
  EXPECT_THAT(make_evidence_spans(rule_change(), options), SizeIs(0));
  EXPECT_THAT(make_evidence_spans(period(1), options), SizeIs(0));
}

}  // namespace
}  // namespace betrace::exporter
