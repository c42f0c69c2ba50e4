// Goal: every field that a rule can name prints, and every misspelt one is refused at load.

#include "betrace/engine/message_template.h"

#include <gtest/gtest.h>

#include "betrace/base/utf8.h"
#include "betrace/traces/test_spans.h"

namespace betrace::engine {
namespace {

using model::ValueView;

class MessageTemplateTest : public testing::Test {
 protected:
  MessageTemplateTest() {
    rule_.id = "slow";
    rule_.name = "Slow request";
    rule_.severity = model::Severity::High;
    rule_.tags = {"a", "b"};
    rule_.revision = 3;
    root_.name = "GET /cart";
    root_.trace_id = traces::test_trace_id(1);
    root_.span_id = traces::test_span_id(1);
    root_.start_time_unix_nano = 1'000'000'000;
    root_.end_time_unix_nano = 3'500'000'000;
    child_ = root_;
    child_.name = "db.query";
    child_.span_id = traces::test_span_id(2);
    child_.parent_span_id = traces::test_span_id(1);
    child_.start_time_unix_nano = 2'000'000'000;
    child_.end_time_unix_nano = 2'250'000'000;
    child_.kind = model::SpanKind::Client;
    child_.status_code = model::StatusCode::Error;
    child_.attributes = attributes_;
    child_.resource = resource_;
    child_.scope_name = "lib";
  }

  std::string render(std::string_view text, bool has_anchor = true) {
    const auto parsed = MessageTemplate::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    if (!parsed.has_value()) return {};
    const std::vector<const model::SpanView*> spans = {&root_, &child_};
    const rules::LinkedTrace trace(spans);
    const std::optional<std::uint32_t> anchor =
        has_anchor ? std::optional<std::uint32_t>(1) : std::nullopt;
    return parsed->render({rule_, trace, anchor, redaction_});
  }

  std::vector<ValueView> list_ = {ValueView::integer(1), ValueView::string("x")};
  std::vector<model::AttributeView> map_ = {{"k", ValueView::boolean(true)}};
  std::vector<model::AttributeView> attributes_ = {
      {"user.id", ValueView::string("u1")},  {"amount", ValueView::real(2.5)},
      {"odd } key", ValueView::integer(-7)}, {"list", ValueView::list(list_)},
      {"map", ValueView::map(map_)},         {"raw", ValueView::bytes("\x01")}};
  std::vector<model::AttributeView> resource_ = {{"service.name", ValueView::string("shop")}};
  model::Rule rule_;
  Redaction redaction_;
  model::SpanView root_;
  model::SpanView child_;
};

TEST_F(MessageTemplateTest, PrintsTextAndFields) {
  EXPECT_EQ(render("span {span.name} of {trace.id}, {rule.name}"),
            "span db.query of aa000000000000000000000000000001, Slow request");
}

TEST_F(MessageTemplateTest, PrintsEveryFieldOfASpan) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"span.name", "db.query"},
      {"span.operation_name", "db.query"},
      {"span.service", "shop"},
      {"span.service_name", "shop"},
      {"span.kind", "client"},
      {"span.status", "error"},
      {"span.status_message", "-"},
      {"span.duration", "250ms"},
      {"span.duration_ms", "250"},
      {"span.start_time", "2000000000"},
      {"span.end_time", "2250000000"},
      {"span.span_id", "0000000000000002"},
      {"span.trace_id", "aa000000000000000000000000000001"},
      {"span.parent_id", "0000000000000001"},
      {"span.parent_span_id", "0000000000000001"},
      {"span.is_root", "false"},
      {"span.is_orphan", "false"},
      {"span.depth", "1"},
      {"span.child_count", "0"},
      {"span.scope.name", "lib"},
      {"span.scope.version", "-"},
      {"span.parent.name", "GET /cart"},
      {"span.root.duration", "2.5s"},
      {"span.parent.parent.name", "-"},
      {"span.attributes[\"user.id\"]", "u1"},
      {"span.attributes.user.id", "u1"},
      {"span.user.id", "u1"},
      {"span.attributes[\"odd } key\"]", "-7"},
      {"span.attributes.amount", "2.5"},
      {"span.attributes.list", "[1, x]"},
      {"span.attributes.map", "{k: true}"},
      {"span.attributes.raw", "AQ=="},
      {"span.attributes.absent", "-"},
      {"span.resource.service.name", "shop"},
      {"resource.service.name", "shop"},
      {"resource[\"service.name\"]", "shop"},
  };
  for (const auto& [field, text] : cases) EXPECT_EQ(render("{" + field + "}"), text) << field;
}

TEST_F(MessageTemplateTest, PrintsEveryFieldOfTraceAndRule) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"trace.duration", "2.5s"},
      {"trace.start_time", "1000000000"},
      {"trace.end_time", "3500000000"},
      {"trace.span_count", "2"},
      {"trace.error_count", "1"},
      {"trace.services", "shop"},
      {"trace.service_count", "1"},
      {"trace.root.name", "GET /cart"},
      {"rule.id", "slow"},
      {"rule.severity", "HIGH"},
      {"rule.tags", "a, b"},
      {"rule.revision", "3"},
      {"rule.description", "-"},
  };
  for (const auto& [field, text] : cases) EXPECT_EQ(render("{" + field + "}"), text) << field;
}

TEST_F(MessageTemplateTest, PrintsADashForEverythingOfAnAbsentAnchor) {
  EXPECT_EQ(render("{span.name} {span.user.id} {trace.span_count}", false), "- - 2");
}

TEST_F(MessageTemplateTest, TakesTwoBracesForOne) {
  EXPECT_EQ(render("{{span.name} } {span.name}"), "{span.name} } db.query");
}

TEST_F(MessageTemplateTest, IsEmptyOnlyForEmptyText) {
  EXPECT_TRUE(MessageTemplate::parse("")->is_empty());
  EXPECT_FALSE(MessageTemplate::parse("x")->is_empty());
}

TEST_F(MessageTemplateTest, KnowsWhetherItReadsOtherSpans) {
  EXPECT_FALSE(MessageTemplate::parse("{span.name} {span.a.b} {rule.id}")->reads_trace());
  for (const char* field : {"{trace.duration}", "{span.parent.name}", "{trace.root.name}",
                            "{span.depth}", "{span.is_orphan}"}) {
    EXPECT_TRUE(MessageTemplate::parse(field)->reads_trace()) << field;
  }
}

TEST_F(MessageTemplateTest, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"{span.foo}",
                           "{span}",
                           "{trace.foo}",
                           "{rule.foo}",
                           "{foo}",
                           "{}",
                           "{span.name",
                           "{span.}",
                           "{span.parent}",
                           "{span.root}",
                           "{trace.root}",
                           "{span.events}",
                           "{span.name.x}",
                           "{span.attributes}",
                           "{span.attributes[k]}",
                           "{span[\"k\"]}",
                           "{resource}",
                           "{anchor.name}",
                           "{span.scope.foo}",
                           "{span..name}",
                           "{span.attributes[\"k\"].x}",
                           "{rule.id.x}"}) {
    const auto parsed = MessageTemplate::parse(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().message.find("message: "), 0U) << parsed.error().message;
  }
}

TEST_F(MessageTemplateTest, CutsLongValuesBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 500; ++i) name += "\xC3\xA4";
  child_.name = name;
  const std::string one = render("{span.name}");
  EXPECT_LE(one.size(), 256U);
  EXPECT_TRUE(is_utf8(one));
  EXPECT_TRUE(one.ends_with("..."));
  const std::string many = render("{span.name}{span.name}{span.name}{span.name}{span.name}");
  EXPECT_LE(many.size(), kMessageBytesMax);
  EXPECT_TRUE(is_utf8(many));
}

TEST(DurationTextTest, UsesTheUnitThatPeopleWouldUse) {
  const std::vector<std::pair<std::uint64_t, std::string>> cases = {
      {0, "0ns"},
      {999, "999ns"},
      {1'500, "1.5us"},
      {999'999'999, "999.999ms"},
      {2'000'000'000, "2s"},
      {90'000'000'000, "1m30s"},
      {3'600'000'000'000, "1h"},
      {7'505'000'000'000, "2h5m5s"},
  };
  for (const auto& [nanoseconds, text] : cases) EXPECT_EQ(text_of_duration(nanoseconds), text);
}

}  // namespace
}  // namespace betrace::engine
