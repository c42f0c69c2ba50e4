#include "betrace/evidence/violation_payload.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "betrace/evidence/canonical_json.h"

// Goal: the published example comes out byte by byte; everything reads back; nothing grows without
// bound and whatever is cut is named.

namespace betrace::evidence {
namespace {

using model::AttributeView;
using model::ValueView;

constexpr UnixNanos kTime = 1'769'841'600'123'456'789;  // 2026-01-31T06:40:00.123456789Z

model::KeptSpan span_with(std::span<const AttributeView> attributes) {
  const std::array<AttributeView, 1> resource = {
      AttributeView{"service.name", ValueView::string("checkout")}};
  model::SpanView span;
  span.trace_id.bytes.fill(0xAB);
  span.span_id.bytes.fill(0x01);
  span.parent_span_id.bytes.fill(0x02);
  span.name = "POST /pay";
  span.kind = model::SpanKind::Server;
  span.status_code = model::StatusCode::Ok;
  span.start_time_unix_nano = kTime;
  span.end_time_unix_nano = kTime + 2'000'000'000;
  span.attributes = attributes;
  span.resource = resource;
  return model::KeptSpan::copy(span);
}

model::ViolationRecord example(std::span<const AttributeView> attributes = {}) {
  model::ViolationRecord record;
  model::Violation& violation = record.violation;
  violation.key.digest.fill(0xCD);
  violation.rule_id = "r-12";
  violation.rule_name = "slow \"pay\"";
  violation.rule_revision = 7;
  violation.severity = model::Severity::High;
  violation.tags = {"soc2:CC6.1"};
  violation.message = "span took 2s";
  violation.trace_id.bytes.fill(0xAB);
  violation.span_id.bytes.fill(0x01);
  violation.service = "checkout";
  violation.anchor_name = "POST /pay";
  violation.anchor_duration_ns = 2'000'000'000;
  violation.timestamp = kTime;
  violation.trace_start = kTime;
  violation.trace_end = kTime + 1;
  violation.completeness = model::Completeness::Complete;
  violation.close_reason = model::CloseReason::Complete;
  violation.spans_seen = 12;
  violation.witness_count = 1;
  violation.witnesses.push_back({"span.duration > 1s", span_with(attributes)});
  violation.ingest_key = "k-ing-2";
  violation.redaction = "p-1f00aa12";
  violation.explanation = {"one clause holds", "trace", 12, {{"span.duration > 1s", true, {}}}};
  violation.explanation.clauses[0].spans.push_back(violation.span_id);
  return record;
}

PayloadContext context() { return {"betrace/test/local/0a1b2c3d", std::string(64, 'e'), ""}; }

ReadViolation read_back(const std::string& payload) {
  auto read = read_violation_payload(payload);
  EXPECT_TRUE(read.has_value()) << read.error().message;
  return *std::move(read);
}

TEST(ViolationPayloadTest, IsTheCanonicalTextOfTheExample) {
  const std::array<AttributeView, 2> attributes = {
      AttributeView{"http.route", ValueView::string("/pay")},
      AttributeView{"ratio", ValueView::real(2.5)}};
  const std::string repeated_id = "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd";
  EXPECT_EQ(violation_payload(example(attributes), context()),
            R"({"anchor":{"duration_ns":2000000000,"name":"POST /pay","service":"checkout"},)"
            R"("close_reason":"complete","completeness":"complete",)"
            R"("digest":")" +
                repeated_id + repeated_id +
                R"(","early":false,"engine":"betrace/2.0.0","explanation":{"clauses":[)"
                R"({"spans":["0101010101010101"],"text":"span.duration > 1s","value":true}],)"
                R"("scope":"trace","spans_examined":12,"summary":"one clause holds"},)"
                R"("id":"viol-)" +
                repeated_id +
                R"(","ingest_key":"k-ing-2","late":false,"log":"betrace/test/local/0a1b2c3d",)"
                R"("message":"span took 2s","redaction":"p-1f00aa12","rule_id":"r-12",)"
                R"("rule_name":"slow \"pay\"","rule_revision":7,"rule_sha256":")" +
                std::string(64, 'e') +
                R"(","severity":"HIGH","span_id":"0101010101010101","spans_seen":12,)"
                R"("status":"confirmed","tags":["soc2:CC6.1"],)"
                R"("timestamp":"2026-01-31T06:40:00.123456789Z",)"
                R"("trace_end":"2026-01-31T06:40:00.123456790Z",)"
                R"("trace_id":"abababababababababababababababab",)"
                R"("trace_start":"2026-01-31T06:40:00.123456789Z","type":"violation",)"
                R"("unsigned":true,"v":1,"witness_count":1,"witnesses":[{"attributes":[)"
                R"(["http.route","/pay"],["ratio",{"double":"2.5"}]],)"
                R"("end_time":"2026-01-31T06:40:02.123456789Z","kind":"SERVER","name":"POST /pay",)"
                R"("parent_span_id":"0202020202020202","role":"span.duration > 1s",)"
                R"("service":"checkout","span_id":"0101010101010101",)"
                R"("start_time":"2026-01-31T06:40:00.123456789Z","status":"OK"}]})");
}

TEST(ViolationPayloadTest, ReadsBackWhole) {
  const std::string payload = violation_payload(example(), context());
  ASSERT_TRUE(read_canonical_json(payload).has_value());
  const ReadViolation read = read_back(payload);
  EXPECT_EQ(read.log, context().log);
  EXPECT_EQ(read.engine, "betrace/2.0.0");
  EXPECT_TRUE(read.key_id.empty());
  EXPECT_TRUE(read.cut.empty());
  EXPECT_EQ(read.record.violation.witnesses[0].span.view().kind, model::SpanKind::Server);
  EXPECT_EQ(model::service_of(read.record.violation.witnesses[0].span.view()), "checkout");
  EXPECT_EQ(violation_payload(read.record, context()), payload);
}

TEST(ViolationPayloadTest, AnEarlyOneHasNeitherGradeNorReason) {
  model::ViolationRecord record = example();
  record.type = model::RecordType::Final;
  record.violation.completeness.reset();
  record.violation.close_reason.reset();
  record.violation.early = true;
  record.violation.span_id = {};
  PayloadContext signed_context = context();
  signed_context.key_id = "9f31c0aa";
  const std::string payload = violation_payload(record, signed_context);
  EXPECT_NE(payload.find(R"("close_reason":null,"completeness":null)"), payload.npos);
  EXPECT_NE(payload.find(R"("key_id":"9f31c0aa")"), payload.npos);
  EXPECT_EQ(payload.find("unsigned"), payload.npos);
  const ReadViolation read = read_back(payload);
  EXPECT_EQ(read.record.type, model::RecordType::Final);
  EXPECT_FALSE(read.record.violation.completeness.has_value());
  EXPECT_TRUE(read.record.violation.early);
  EXPECT_TRUE(read.record.violation.span_id.is_zero());
  EXPECT_EQ(read.key_id, "9f31c0aa");
}

TEST(ViolationPayloadTest, AttributesOfAllTypesReadBack) {
  const std::array<ValueView, 2> items = {ValueView::integer(-1), ValueView::string("\"")};
  const std::array<AttributeView, 1> fields = {AttributeView{"\xC3\xA9", ValueView::list(items)}};
  const std::array<AttributeView, 11> attributes = {
      AttributeView{"nil", ValueView()},
      AttributeView{"bool", ValueView::boolean(true)},
      AttributeView{"int", ValueView::integer(kCanonicalIntegerMax)},
      AttributeView{"int.min", ValueView::integer(std::numeric_limits<std::int64_t>::min())},
      AttributeView{"double", ValueView::real(0.1)},
      AttributeView{"nan", ValueView::real(std::nan(""))},
      AttributeView{"inf", ValueView::real(-HUGE_VAL)},
      AttributeView{"bytes", ValueView::bytes(std::string_view("\0\xFF", 2))},
      AttributeView{"list", ValueView::list(items)},
      AttributeView{"map", ValueView::map(fields)},
      AttributeView{"empty", ValueView::map({})}};
  const std::string payload = violation_payload(example(attributes), context());
  EXPECT_NE(payload.find(R"(["int.min",{"int":"-9223372036854775808"}])"), payload.npos);
  EXPECT_NE(payload.find(R"(["inf",{"double":"-INF"}])"), payload.npos);
  EXPECT_NE(payload.find(R"(["map",{"map":[["é",[-1,"\""]]]}])"), payload.npos);
  const ReadViolation read = read_back(payload);
  EXPECT_EQ(violation_payload(read.record, context()), payload);
  const auto kept = read.record.violation.witnesses[0].span.view().attributes;
  EXPECT_EQ(model::find_attribute(kept, "int").as_int(), kCanonicalIntegerMax);
  EXPECT_EQ(model::find_attribute(kept, "double").as_double(), 0.1);
  EXPECT_EQ(model::find_attribute(kept, "bytes").as_text(), std::string_view("\0\xFF", 2));
}

TEST(ViolationPayloadTest, CutsTextsAtACharacterAndSaysSo) {
  model::ViolationRecord record = example();
  record.violation.message = std::string(kMessageBytesMax - 1, 'm') + "\xC3\xA9";
  record.violation.rule_name = std::string(300, '"');
  record.violation.explanation.clauses.assign(64, {std::string(3000, 'c'), true, {}});
  const ReadViolation read = read_back(violation_payload(record, context()));
  EXPECT_EQ(read.record.violation.message, std::string(kMessageBytesMax - 1, 'm'));
  EXPECT_EQ(read.record.violation.rule_name, std::string(kTextBytesMax / 2, '"'));
  EXPECT_EQ(read.cut, (std::vector<std::string>{"explanation", "message", "rule_name"}));
}

TEST(ViolationPayloadTest, LeavesOutAttributesOverTheBoundWhole) {
  const std::string big(30 * 1024, 'x');
  const std::array<AttributeView, 3> attributes = {AttributeView{"a", ValueView::string(big)},
                                                   AttributeView{"b", ValueView::string(big)},
                                                   AttributeView{"c", ValueView::string("small")}};
  const ReadViolation read = read_back(violation_payload(example(attributes), context()));
  const auto kept = read.record.violation.witnesses[0].span.view().attributes;
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].key, "c");
  EXPECT_EQ(read.cut, (std::vector<std::string>{"witnesses.attributes"}));
}

TEST(ViolationPayloadTest, TheLargestOneStaysWithinTheBound) {
  const std::string control(20'000, '\x01');  // six bytes each when escaped
  std::vector<AttributeView> attributes;
  for (int i = 0; i < 128; ++i) attributes.push_back({"key", ValueView::string("0123456789")});
  model::ViolationRecord record = example();
  model::Violation& violation = record.violation;
  violation.rule_id = std::string(128, 'r');
  violation.rule_name = control.substr(0, 256);
  violation.message = violation.service = violation.anchor_name = control;
  violation.tags.assign(32, std::string(64, 't'));
  violation.explanation.summary = control;
  model::Clause clause{control, true, std::vector<model::SpanId>(32, violation.span_id)};
  violation.explanation.clauses.assign(100, clause);
  violation.witnesses.clear();
  for (int i = 0; i < 40; ++i) {
    model::SpanView span = span_with(attributes).view();
    span.name = control;
    span.attributes = attributes;
    span.resource = {};
    violation.witnesses.push_back({control, model::KeptSpan::copy(span)});
  }
  const std::string payload = violation_payload(record, context());
  EXPECT_LE(payload.size(), kCanonicalBytesMax);
  EXPECT_TRUE(read_canonical_json(payload).has_value());
  EXPECT_EQ(read_back(payload).record.violation.witnesses.size(), kWitnessesMax);
}

TEST(ReadViolationPayloadTest, RefusesWhatItDidNotWrite) {
  const std::string good = violation_payload(example(), context());
  EXPECT_EQ(read_violation_payload("{").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read_violation_payload("[]").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read_violation_payload(R"({"v":1})").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read_violation_payload(R"({"v":2})").error().code, ErrorCode::Unsupported);
  std::string wrong = good;
  wrong.replace(wrong.find("\"HIGH\""), 6, "\"HUGE\"");
  EXPECT_EQ(read_violation_payload(wrong).error().message, "payload member severity is wrong");
  for (std::size_t i = 0; i < good.size(); ++i) {  // no byte can crash it
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x11);
    static_cast<void>(read_violation_payload(changed));
  }
}

}  // namespace
}  // namespace betrace::evidence
