// Goal: sinks receive what docs/guide/api.md says, and the same ids every time.
// Method: requests are decoded by libprotobuf and compared as text.
#include "betrace/exporter/violation_span.h"

#include <gmock/gmock.h>
#include <otlp.pb.h>

#include "betrace/base/hex.h"
#include "betrace/exporter/test_outbox.h"

namespace betrace::exporter {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

std::string digits(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += to_hex(std::array{static_cast<std::uint8_t>(c)});
  return text;
}

otlp::oracle::ResourceSpans decoded(const std::vector<ViolationSpan>& spans,
                                    const SpanOptions& options = {}) {
  std::vector<const ViolationSpan*> pointers;
  for (const ViolationSpan& span : spans) pointers.push_back(&span);
  otlp::oracle::ExportTraceServiceRequest request;
  EXPECT_TRUE(request.ParseFromString(write_request(pointers, options)));
  EXPECT_EQ(request.resource_spans_size(), 1);
  return request.resource_spans(0);
}

otlp::oracle::Span decoded(const storage::TailRecord& record, const SpanOptions& options = {}) {
  return decoded({make_violation_span(record, options)}, options).scope_spans(0).spans(0);
}

template <typename Attributes>
std::vector<std::string> texts(const Attributes& attributes) {
  std::vector<std::string> texts;
  for (const auto& each : attributes) {
    const bool is_text = each.value().has_string_value();
    texts.push_back(each.key() + "=" +
                    (is_text                     ? each.value().string_value()
                     : each.value().bool_value() ? "true"
                                                 : ""));
  }
  return texts;
}

storage::TailRecord withdrawal(std::uint64_t sequence) {
  storage::TailRecord record = test_record(sequence);
  record.record.type = model::RecordType::Revision;
  record.record.violation.status = model::ViolationStatus::Withdrawn;
  record.record.violation.witnesses.clear();
  return record;
}

TEST(ViolationSpanTest, LiesInTheViolatingTraceBelowTheAnchor) {
  const storage::TailRecord record = test_record(7);
  const otlp::oracle::Span span = decoded(record);
  const std::string digest = to_hex(record.record.violation.key.digest);
  EXPECT_EQ(span.name(), "betrace.violation");
  EXPECT_EQ(digits(span.trace_id()), record.record.violation.trace_id.hex());
  EXPECT_EQ(digits(span.span_id()), digest.substr(32, 16));
  EXPECT_EQ(digits(span.parent_span_id()), "0101010101010101");
  EXPECT_EQ(span.start_time_unix_nano(), kTestTime + 7);
  EXPECT_EQ(span.end_time_unix_nano(), kTestTime + 7);
}

TEST(ViolationSpanTest, SaysWhatAViolationSays) {
  storage::TailRecord record = test_record(7);
  record.record.violation.completeness = model::Completeness::Orphans;
  record.place.signature = "v1:9f31c0aa:00";
  const std::string trace = record.record.violation.trace_id.hex();
  EXPECT_THAT(
      texts(decoded(record).attributes()),
      ElementsAre(
          "betrace.violation=true", "betrace.violation.id=" + record.record.violation.key.id(),
          "betrace.violation.rule_id=slow", "betrace.violation.rule_name=slow requests",
          "betrace.violation.severity=HIGH", "betrace.violation.message=it was slow",
          "betrace.violation.trace_id=" + trace, "betrace.violation.completeness=orphans",
          "betrace.violation.status=confirmed", "betrace.violation.signature=v1:9f31c0aa:00",
          "betrace.span_ref.0.trace_id=" + trace, "betrace.span_ref.0.span_id=0101010101010101",
          "betrace.span_ref.0.service=checkout", "betrace.span_ref.1.trace_id=" + trace,
          "betrace.span_ref.1.span_id=0202020202020202", "betrace.span_ref.1.service="));
}

TEST(ViolationSpanTest, WithoutSignatureItSaysSoAndAnUnknownGradeIsAbsent) {
  const auto attributes = texts(decoded(test_record(7)).attributes());
  EXPECT_THAT(attributes, Contains("betrace.violation.unsigned=true"));
  for (const std::string& each : attributes) {
    EXPECT_FALSE(each.starts_with("betrace.violation.signature")) << each;
    EXPECT_FALSE(each.starts_with("betrace.violation.completeness")) << each;
  }
}

TEST(ViolationSpanTest, IsLinkedToEveryWitness) {
  const otlp::oracle::Span span = decoded(test_record(7));
  ASSERT_EQ(span.links_size(), 2);
  EXPECT_EQ(digits(span.links(1).span_id()), "0202020202020202");
  EXPECT_EQ(span.links(1).trace_id(), span.trace_id());
}

TEST(ViolationSpanTest, OnlyGraveOnesAreErrors) {
  storage::TailRecord record = test_record(7);
  for (const auto severity : {model::Severity::Low, model::Severity::Medium}) {
    record.record.violation.severity = severity;
    EXPECT_FALSE(decoded(record).has_status());
  }
  for (const auto severity : {model::Severity::High, model::Severity::Critical}) {
    record.record.violation.severity = severity;
    EXPECT_EQ(decoded(record).status().code(), 2);
    EXPECT_EQ(decoded(record).status().message(), "it was slow");
  }
}

TEST(ViolationSpanTest, AWithdrawalIsASpanOfItsOwnThatIsLinkedToTheFirst) {
  const otlp::oracle::Span first = decoded(test_record(7));
  const otlp::oracle::Span span = decoded(withdrawal(7));
  EXPECT_EQ(span.name(), "betrace.violation.withdrawn");
  EXPECT_EQ(digits(span.span_id()),
            to_hex(test_record(7).record.violation.key.digest).substr(48, 16));
  ASSERT_EQ(span.links_size(), 1);
  EXPECT_EQ(span.links(0).trace_id(), first.trace_id());
  EXPECT_EQ(span.links(0).span_id(), first.span_id());
  EXPECT_FALSE(span.has_status());
  EXPECT_THAT(texts(span.attributes()), Contains("betrace.violation.status=withdrawn"));
}

TEST(ViolationSpanTest, InATraceOfItsOwnItHasNoParentAndKeepsItsLinks) {
  SpanOptions options;
  options.is_own_trace = true;
  const storage::TailRecord record = test_record(7);
  const otlp::oracle::Span span = decoded(record, options);
  EXPECT_EQ("viol-" + digits(span.trace_id()), record.record.violation.key.id());
  EXPECT_EQ(span.parent_span_id(), "");
  EXPECT_EQ(digits(span.links(0).trace_id()), record.record.violation.trace_id.hex());
  const otlp::oracle::Span withdrawn = decoded(withdrawal(7), options);
  EXPECT_EQ(withdrawn.trace_id(), span.trace_id());
  EXPECT_EQ(withdrawn.links(0).trace_id(), span.trace_id());
}

TEST(ViolationSpanTest, SpansOfARequestShareResourceAndScope) {
  SpanOptions options;
  options.resource = {{"service.name", "guard"}, {"deployment.environment.name", "prod"}};
  const auto group = decoded(
      {make_violation_span(test_record(1), options), make_violation_span(test_record(2), options)},
      options);
  EXPECT_THAT(texts(group.resource().attributes()),
              ElementsAre("service.name=guard", "deployment.environment.name=prod"));
  ASSERT_EQ(group.scope_spans_size(), 1);
  EXPECT_EQ(group.scope_spans(0).scope().name(), "betrace");
  ASSERT_EQ(group.scope_spans(0).spans_size(), 2);
  EXPECT_NE(group.scope_spans(0).spans(0).span_id(), group.scope_spans(0).spans(1).span_id());
}

TEST(ViolationSpanTest, TheSameRecordGivesTheSameBytes) {
  const ViolationSpan one = make_violation_span(test_record(1), {});
  const ViolationSpan two = make_violation_span(test_record(1), {});
  EXPECT_EQ(write_request(std::array{&one}, {}), write_request(std::array{&two}, {}));
}

}  // namespace
}  // namespace betrace::exporter
