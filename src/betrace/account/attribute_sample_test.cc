// Goal: what is listed was seen, within its limits, and looking changes nothing of what is taken.

#include "betrace/account/attribute_sample.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/account/sampled_sink.h"

namespace betrace::account {
namespace {

using model::AttributeView;
using model::ValueView;

// A span of that service with those attributes.
struct TestSpan {
  TestSpan(std::string_view service, std::vector<AttributeView> given)
      : attributes(std::move(given)), resource{{"service.name", ValueView::string(service)}} {
    view.attributes = attributes;
    view.resource = resource;
  }
  std::vector<AttributeView> attributes;
  std::vector<AttributeView> resource;
  model::SpanView view;
};

std::vector<std::string> keys_of(const std::vector<SeenAttribute>& listed) {
  std::vector<std::string> keys;
  for (const SeenAttribute& each : listed) keys.push_back(each.key);
  return keys;
}

using Keys = std::vector<std::string>;

TEST(AttributeSampleTest, KeepsKeysWithTheirTypesServicesAndValues) {
  AttributeSample sample;
  sample.note(TestSpan("shop", {{"code", ValueView::integer(200)}}).view);
  sample.note(TestSpan("pay", {{"code", ValueView::string("200")}}).view);
  sample.note(TestSpan("pay", {{"code", ValueView::string("200")}}).view);
  const auto listed = sample.list("", "", 10);
  ASSERT_EQ(keys_of(listed), (Keys{"code", "service.name"}));
  EXPECT_FALSE(listed[0].is_resource);
  EXPECT_EQ(listed[0].types, (std::set<std::string, std::less<>>{"int", "string"}));
  EXPECT_EQ(listed[0].services, (std::set<std::string, std::less<>>{"pay", "shop"}));
  EXPECT_EQ(listed[0].examples, (std::vector<Json>{200, "200"}));
  EXPECT_TRUE(listed[1].is_resource);
}

TEST(AttributeSampleTest, ListsByPrefixServiceAndLimit) {
  AttributeSample sample;
  const ValueView one = ValueView::integer(1);
  sample.note(TestSpan("shop", {{"http.route", one}, {"http.a", one}, {"db", one}}).view);
  sample.note(TestSpan("pay", {{"http.b", one}}).view);
  EXPECT_EQ(keys_of(sample.list("http.", "", 10)), (Keys{"http.a", "http.b", "http.route"}));
  EXPECT_EQ(keys_of(sample.list("http.", "pay", 10)), (Keys{"http.b"}));
  EXPECT_EQ(keys_of(sample.list("http.", "", 2)), (Keys{"http.a", "http.b"}));
  EXPECT_TRUE(sample.list("none", "", 10).empty());
  EXPECT_EQ(sample.list("db", "none", 10).size(), 0u);
}

TEST(AttributeSampleTest, StaysWithinItsLimits) {
  AttributeSampleLimits limits;
  limits.keys_max = 3;
  limits.services_max = 2;
  limits.examples_max = 2;
  limits.example_bytes_max = 3;
  AttributeSample sample(limits);
  for (int i = 0; i < 9; ++i) {
    const std::string service = "s" + std::to_string(i);
    sample.note(TestSpan(service, {{"n", ValueView::integer(i)},
                                   {"long", ValueView::string("four")},
                                   {"k" + std::string(1, static_cast<char>('a' + i)),
                                    ValueView::boolean(true)}})
                    .view);
  }
  const auto listed = sample.list("", "", 100);
  ASSERT_EQ(listed.size(), 3u);
  for (const SeenAttribute& each : listed) {
    EXPECT_LE(each.services.size(), 2u);
    EXPECT_LE(each.examples.size(), 2u);
    EXPECT_TRUE(each.key != "long" || each.examples.empty());
  }
}

TEST(AttributeSampleTest, TheFirstOfSoManyRequestsIsDue) {
  AttributeSampleLimits limits;
  limits.requests_per_sample = 3;
  AttributeSample sample(limits);
  std::vector<bool> due;
  for (int i = 0; i < 7; ++i) due.push_back(sample.is_due());
  EXPECT_EQ(due, (std::vector<bool>{true, false, false, true, false, false, true}));
}

// An engine that keeps the names of what it was given.
class NotingSink : public engine::SpanSink {
 public:
  class Intake : public engine::SpanIntake {
   public:
    explicit Intake(std::vector<std::string>& names) : names_(names) {}
    const model::SpanInterest& interest() const noexcept override { return interest_; }
    void add(const model::SpanView& span) override { names_.emplace_back(span.name); }
    void submit() override { names_.emplace_back("submitted"); }

   private:
    const model::SpanInterest interest_ = model::SpanInterest::of_nothing();
    std::vector<std::string>& names_;
  };
  std::optional<engine::Refusal> admit(std::size_t bytes) override {
    if (bytes > 100) return engine::Refusal{"memory", 7};
    return std::nullopt;
  }
  std::unique_ptr<engine::SpanIntake> open(const engine::SpanOrigin&) override {
    return std::make_unique<Intake>(names);
  }
  std::vector<std::string> names;
};

TEST(SampledSinkTest, LooksAtSomeRequestsWholeAndHandsAllOver) {
  AttributeSampleLimits limits;
  limits.requests_per_sample = 2;
  limits.spans_max = 1;
  AttributeSample sample(limits);
  NotingSink engine;
  SampledSink sink(engine, sample);
  for (const bool is_looked_at : {true, false}) {
    const auto intake = sink.open({"json"});
    EXPECT_EQ(intake->interest().wants("anything"), is_looked_at);
    const std::string mark = is_looked_at ? "seen" : "unseen";
    TestSpan first("shop", {{mark, ValueView::integer(1)}});
    TestSpan second("shop", {{mark + " no more", ValueView::integer(1)}});
    first.view.name = "first";
    second.view.name = "second";
    intake->add(first.view);
    intake->add(second.view);
    intake->submit();
  }
  EXPECT_EQ(engine.names, (Keys{"first", "second", "submitted", "first", "second", "submitted"}));
  EXPECT_EQ(keys_of(sample.list("", "", 10)), (Keys{"seen", "service.name"}));
  EXPECT_EQ(sink.admit(101)->retry_after_seconds, 7u);
  EXPECT_FALSE(sink.admit(100).has_value());
}

}  // namespace
}  // namespace betrace::account
