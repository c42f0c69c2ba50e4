// Goal: a violation looks as docs/guide/api.md shows it, whatever its attributes hold.

#include "betrace/model/violation_json.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace betrace::model {
namespace {

constexpr UnixNanos kTime = 1'769'853'600'123'000'000;  // 2026-01-31T10:00:00.123Z

Violation a_violation() {
  Violation violation;
  violation.rule_id = "slow-requests";
  violation.rule_name = "Slow requests";
  violation.severity = Severity::High;
  violation.service = "checkout";
  violation.anchor_name = "api.request";
  violation.anchor_duration_ns = 2'000'000'000;
  violation.early = true;
  violation.spans_seen = 12;
  violation.tags = {"performance"};
  return violation;
}

Witness a_witness(AttributesView attributes) {
  SpanView span;
  span.name = "api.request";
  span.kind = SpanKind::Server;
  span.status_code = StatusCode::Error;
  span.start_time_unix_nano = 1'000'000'000;
  span.end_time_unix_nano = 1'001'500'000;
  span.attributes = attributes;
  return Witness{"span.duration > 1s", KeptSpan::copy(span)};
}

TEST(ViolationJsonTest, ShowsNullsWhileNothingIsKnown) {
  const OrderedJson json = violation_json(a_violation(), {184'467, kTime, "", ""});
  EXPECT_EQ(json.at("sequence"), 184'467);
  EXPECT_EQ(json.at("timestamp"), 1'769'853'600);
  EXPECT_EQ(json.at("created_at"), "2026-01-31T10:00:00.123Z");
  EXPECT_TRUE(json.at("completeness").is_null());
  EXPECT_TRUE(json.at("close_reason").is_null());
  EXPECT_EQ(json.at("status"), "confirmed");
  EXPECT_TRUE(json.at("signature").is_null());
  EXPECT_TRUE(json.at("key_id").is_null());
  EXPECT_EQ(json.at("unsigned"), true);
  EXPECT_EQ(json.at("metadata").dump(),
            R"({"span_name":"api.request","duration_ms":2000,"service":"checkout"})");
}

TEST(ViolationJsonTest, ShowsTheSignatureInsteadOfUnsigned) {
  const OrderedJson json = violation_json(a_violation(), {1, kTime, "v1:9f31c0aa:00", "9f31c0aa"});
  EXPECT_EQ(json.at("signature"), "v1:9f31c0aa:00");
  EXPECT_FALSE(json.contains("unsigned"));
}

TEST(ViolationJsonTest, KeepsTheTypesOfAttributes) {
  const std::array items = {ValueView::integer(1), ValueView::string("x")};
  const std::array attributes = {
      AttributeView{"a", ValueView::integer(std::numeric_limits<std::int64_t>::max())},
      AttributeView{"b", ValueView::real(std::numeric_limits<double>::infinity())},
      AttributeView{"c", ValueView::boolean(false)},
      AttributeView{"d", ValueView::bytes("\xFF")},
      AttributeView{"e", ValueView::list(items)},
      AttributeView{"a", ValueView::string("second of the same key")}};
  Violation violation = a_violation();
  violation.witnesses.push_back(a_witness(attributes));
  violation.witness_count = 40;
  const OrderedJson json = violation_proof_json(violation);
  const OrderedJson& witness = json.at("witnesses").at(0);
  EXPECT_EQ(witness.at("attributes").dump(),
            R"({"a":9223372036854775807,"b":"Infinity","c":false,"d":"/w==","e":[1,"x"]})");
  EXPECT_EQ(witness.at("kind"), "SERVER");
  EXPECT_EQ(witness.at("status"), "ERROR");
  EXPECT_EQ(witness.at("parent_span_id"), "");
  EXPECT_EQ(witness.at("duration_ms"), 1.5);
  EXPECT_EQ(json.at("witness_count"), 40);
}

TEST(TraceLinkTest, FillsInTheTraceId) {
  TraceId id;
  id.bytes[15] = 1;
  EXPECT_EQ(trace_link("http://t/{trace_id}?x={trace_id}", id),
            "http://t/" + id.hex() + "?x=" + id.hex());
}

}  // namespace
}  // namespace betrace::model
