// Goal: the nouns have the ids, names and numbers that outsiders rely on.

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <unordered_set>

#include "betrace/model/full_span.h"
#include "betrace/model/ids.h"
#include "betrace/model/rule.h"
#include "betrace/model/severity.h"
#include "betrace/model/span_view.h"
#include "betrace/model/verdict.h"
#include "betrace/model/violation.h"

namespace betrace::model {
namespace {

TraceId trace_id() {
  TraceId id;
  EXPECT_TRUE(TraceId::parse("4bf92f3577b34da6a3ce929d0e0e4736", &id));
  return id;
}

SpanId span_id() {
  SpanId id;
  EXPECT_TRUE(SpanId::parse("00f067aa0ba902b7", &id));
  return id;
}

TEST(IdTest, ReadsBothCasesAndWritesLowerCase) {
  TraceId id;
  ASSERT_TRUE(TraceId::parse("4BF92F3577B34DA6A3CE929D0E0E4736", &id));
  EXPECT_EQ(id, trace_id());
  EXPECT_EQ(id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(IdTest, RefusesOtherLengths) {
  SpanId id;
  EXPECT_FALSE(SpanId::parse("00f067aa0ba902b", &id));
  EXPECT_FALSE(SpanId::parse("00f067aa0ba902b7ff", &id));
  EXPECT_FALSE(SpanId::parse("00f067aa0ba902bx", &id));
}

TEST(IdTest, ZeroMeansNoneAndOrderIsThatOfTheBytes) {
  EXPECT_TRUE(SpanId().is_zero());
  EXPECT_FALSE(span_id().is_zero());
  EXPECT_LT(SpanId(), span_id());
  const std::unordered_set<SpanId> set = {span_id(), span_id(), SpanId()};
  EXPECT_EQ(set.size(), 2u);
}

// The digests are SHA-256 of the parts, each after its length as a big-endian u64, computed with
// another implementation (Python's hashlib).
TEST(ViolationKeyTest, IsTheDocumentedDigestInSpanScope) {
  const SpanId span = span_id();
  const ViolationKey key = violation_key("slow-requests", "span.duration > 1s", trace_id(), &span);
  EXPECT_EQ(to_hex(key.digest), "76a6df81de8f9d6ee6ed998bdd97fb5511e595d2b2c503e7fef0ecf356cd981b");
  EXPECT_EQ(key.id(), "viol-76a6df81de8f9d6ee6ed998bdd97fb55");
  EXPECT_EQ(key.span_id().hex(), "11e595d2b2c503e7");
  EXPECT_EQ(key.withdrawn_span_id().hex(), "fef0ecf356cd981b");
}

TEST(ViolationKeyTest, LeavesTheSpanOutInTraceScope) {
  const ViolationKey key =
      violation_key("slow-requests", "span.duration > 1s", trace_id(), nullptr);
  EXPECT_EQ(to_hex(key.digest), "63a3d14e863dcb2faf2c0f5b519c559a38322e9d744df05bad821ea689f96668");
}

TEST(ViolationKeyTest, EveryPartCounts) {
  const SpanId span = span_id();
  const ViolationKey key = violation_key("a", "b", trace_id(), &span);
  EXPECT_NE(key, violation_key("ab", "b", trace_id(), &span));
  EXPECT_NE(key, violation_key("a", "c", trace_id(), &span));
  EXPECT_NE(key, violation_key("a", "b", TraceId(), &span));
  EXPECT_NE(key, violation_key("a", "b", trace_id(), nullptr));
  EXPECT_EQ(key, violation_key("a", "b", trace_id(), &span));
}

TEST(ViolationKeyTest, AnExportedSpanIdIsNeverZero) {
  EXPECT_EQ(ViolationKey().span_id().hex(), "0000000000000001");
  EXPECT_EQ(ViolationKey().withdrawn_span_id().hex(), "0000000000000001");
}

TEST(SeverityTest, ReadsAnyCaseAndIsOrdered) {
  for (const Severity severity :
       {Severity::Low, Severity::Medium, Severity::High, Severity::Critical}) {
    EXPECT_EQ(parse_severity(name_of(severity)), severity);
  }
  EXPECT_EQ(parse_severity("cRiTiCaL"), Severity::Critical);
  EXPECT_EQ(parse_severity("urgent"), std::nullopt);
  EXPECT_EQ(parse_severity(""), std::nullopt);
  EXPECT_LT(Severity::Low, Severity::Critical);
}

TEST(VerdictTest, NamesAreThoseOfTheApi) {
  const std::map<CloseReason, std::string> reasons = {
      {CloseReason::SpanLimit, "span_limit"}, {CloseReason::MaxAge, "max_age"},
      {CloseReason::Complete, "complete"},    {CloseReason::Idle, "idle"},
      {CloseReason::Memory, "memory"},        {CloseReason::Shutdown, "shutdown"}};
  for (const auto& [reason, name] : reasons) EXPECT_EQ(name_of(reason), name);
  const std::map<Completeness, std::string> grades = {
      {Completeness::Reopened, "reopened"},   {Completeness::Shed, "shed"},
      {Completeness::Truncated, "truncated"}, {Completeness::NoRoot, "no_root"},
      {Completeness::Orphans, "orphans"},     {Completeness::Complete, "complete"}};
  for (const auto& [grade, name] : grades) EXPECT_EQ(name_of(grade), name);
  EXPECT_EQ(name_of(ViolationStatus::Confirmed), "confirmed");
  EXPECT_EQ(name_of(ViolationStatus::Withdrawn), "withdrawn");
}

TEST(SpanViewTest, NamesAreThoseOfTheRuleLanguage) {
  EXPECT_EQ(name_of(SpanKind::Unspecified), "internal");
  EXPECT_EQ(name_of(SpanKind::Consumer), "consumer");
  EXPECT_EQ(name_of(StatusCode::Unset), "unset");
  EXPECT_EQ(name_of(StatusCode::Error), "error");
}

TEST(SpanViewTest, TheFirstOfEqualKeysIsRead) {
  const std::array<AttributeView, 2> attributes = {
      {{"a", ValueView::integer(1)}, {"a", ValueView::integer(2)}}};
  EXPECT_EQ(find_attribute(attributes, "a").as_int(), 1);
  EXPECT_EQ(find_attribute(attributes, "b").type(), ValueType::Nil);
}

TEST(SpanViewTest, AnEndBeforeTheStartIsTheStart) {
  SpanView span;
  span.start_time_unix_nano = 10;
  span.end_time_unix_nano = 9;
  EXPECT_EQ(span.corrected_end(), 10u);
  span.end_time_unix_nano = 11;
  EXPECT_EQ(span.corrected_end(), 11u);
}

TEST(SpanViewTest, TheServiceOfTheResourceComesFirst) {
  FullSpan full;
  EXPECT_EQ(service_of(full.span), "shop");
  const std::array<AttributeView, 1> own = {{{"service.name", ValueView::string("own")}}};
  full.span.attributes = own;
  EXPECT_EQ(service_of(full.span), "shop");
  full.span.resource = {};
  EXPECT_EQ(service_of(full.span), "own");
  const std::array<AttributeView, 1> number = {{{"service.name", ValueView::integer(1)}}};
  full.span.attributes = number;
  EXPECT_EQ(service_of(full.span), "");
}

TEST(RuleTest, ContentIsEverythingButIdRevisionAndTimes) {
  Rule rule;
  rule.name = "n";
  Rule other = rule;
  other.id = "x";
  other.revision = 9;
  other.created_at = other.updated_at = 5;
  EXPECT_TRUE(same_content(rule, other));
  const auto differs = [&](auto change) {
    Rule changed = rule;
    change(changed);
    return !same_content(rule, changed);
  };
  EXPECT_TRUE(differs([](Rule& r) { r.name = "m"; }));
  EXPECT_TRUE(differs([](Rule& r) { r.description = "d"; }));
  EXPECT_TRUE(differs([](Rule& r) { r.expression = "e"; }));
  EXPECT_TRUE(differs([](Rule& r) { r.enabled = false; }));
  EXPECT_TRUE(differs([](Rule& r) { r.severity = Severity::High; }));
  EXPECT_TRUE(differs([](Rule& r) { r.tags = {"t"}; }));
  EXPECT_TRUE(differs([](Rule& r) { r.message = "m"; }));
  EXPECT_TRUE(differs([](Rule& r) { r.require_complete = true; }));
}

}  // namespace
}  // namespace betrace::model
