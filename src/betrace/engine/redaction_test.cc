// Goal: a denied value leaves the engine in no member of any violation, and hashes can be compared.

#include "betrace/engine/redaction.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/message_fields.h"
#include "betrace/engine/shard.h"
#include "betrace/engine/test_rules.h"
#include "betrace/engine/test_time.h"
#include "betrace/model/violation_json.h"
#include "betrace/traces/test_spans.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;
using model::AttributeView;
using model::ValueView;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kCanary = "canary@example.com";

Redaction denying(std::vector<std::string> deny, std::vector<std::string> allow = {}) {
  return Redaction({std::move(allow), std::move(deny)}, Secret(std::string(kKey)));
}

RedactionPtr shared(Redaction redaction) {
  return std::make_shared<const Redaction>(std::move(redaction));
}

std::string shown_text(const Redaction& redaction, std::string_view key, const ValueView& value) {
  ShownValues room;
  return text_of(redaction.shown(key, value, &room)).value_or("nil");
}

TEST(RedactionTest, HidesByTheFirstEightBytesOfTheHmacOfTheText) {
  const std::string whole = to_hex(hmac_sha256(kKey, kCanary));
  EXPECT_EQ(denying({"user.email"}).hidden(kCanary), "hmac:" + whole.substr(0, 16));
}

TEST(RedactionTest, DeniesByNameByPrefixAndInAnyCase) {
  const Redaction redaction = denying({"user.email", "card.*", "Authorization"});
  for (const std::string_view key :
       {"user.email", "USER.Email", "card.", "card.number", "Card.CVC", "authorization"}) {
    EXPECT_TRUE(redaction.is_denied(key)) << key;
  }
  for (const std::string_view key : {"user.emails", "email", "card", "a.card.number", ""}) {
    EXPECT_FALSE(redaction.is_denied(key)) << key;
  }
}

TEST(RedactionTest, DenyWinsOverAllow) {
  const Redaction redaction = denying({"user.email"}, {"user.*"});
  EXPECT_TRUE(redaction.is_allowed("user.email"));
  EXPECT_EQ(shown_text(redaction, "user.email", ValueView::string(kCanary)),
            redaction.hidden(kCanary));
  EXPECT_EQ(shown_text(redaction, "user.id", ValueView::string("ann")), "ann");
}

TEST(RedactionTest, NeverHidesTheServiceOfAViolation) {
  EXPECT_FALSE(denying({"*"}).is_denied("service.name"));
  EXPECT_TRUE(denying({"*"}).is_denied("service.namespace"));
}

TEST(RedactionTest, HidesValuesOfEveryTypeAsPeopleReadThem) {
  const Redaction redaction = denying({"k"});
  const std::array items = {ValueView::integer(1), ValueView::string("x")};
  const std::array fields = {AttributeView{"a", ValueView::boolean(true)}};
  const std::vector<std::pair<ValueView, std::string>> cases = {
      {ValueView::string("4711"), "4711"},  {ValueView::integer(4711), "4711"},
      {ValueView::real(2.5), "2.5"},        {ValueView::boolean(false), "false"},
      {ValueView::bytes("\x01"), "AQ=="},   {ValueView::list(items), "[1, x]"},
      {ValueView::map(fields), "{a: true}"}};
  for (const auto& [value, text] : cases) {
    EXPECT_EQ(shown_text(redaction, "k", value), redaction.hidden(text)) << text;
  }
  EXPECT_EQ(shown_text(redaction, "k", ValueView()), "nil") << "nothing is not a secret";
}

TEST(RedactionTest, HidesFieldsWithinAValueByNameAndByPath) {
  const Redaction redaction = denying({"user.email", "password"});
  const std::array inner = {AttributeView{"email", ValueView::string(kCanary)},
                            AttributeView{"id", ValueView::integer(7)},
                            AttributeView{"password", ValueView::string("p")}};
  const std::array items = {ValueView::map(inner)};
  const std::string hidden = redaction.hidden(kCanary);
  const std::string password = redaction.hidden("p");
  EXPECT_EQ(shown_text(redaction, "user", ValueView::map(inner)),
            "{email: " + hidden + ", id: 7, password: " + password + "}");
  EXPECT_EQ(shown_text(redaction, "user", ValueView::list(items)),
            "[{email: " + hidden + ", id: 7, password: " + password + "}]");
  EXPECT_EQ(shown_text(redaction, "other", ValueView::map(inner)),
            "{email: canary@example.com, id: 7, password: " + password + "}");
}

TEST(RedactionTest, AnIdIsThatOfListsAndKeyInAnyOrder) {
  const std::string id = denying({"a", "b"}, {"c"}).id();
  EXPECT_EQ(id.size(), 10u);
  EXPECT_EQ(id.substr(0, 2), "p-");
  EXPECT_EQ(denying({"b", "a"}, {"c"}).id(), id);
  EXPECT_NE(denying({"a"}, {"c"}).id(), id);
  EXPECT_NE(denying({"a", "b", "c"}).id(), id);
  EXPECT_NE(Redaction({{"c"}, {"a", "b"}}, Secret(std::string(32, 'k'))).id(), id);
  EXPECT_EQ(Redaction().id(), "");
}

/// Shards whose rules read, show and tell the address of a user.
class RedactedShardTest : public testing::Test {
 protected:
  RedactedShardTest() {
    options_.noise.enabled = false;
    model::Rule rule;
    rule.id = "span";
    rule.expression = "span.attributes[\"user.email\"] != nil";
    rule.message = "{span.attributes[\"user.email\"]} {resource.host.owner} {span.attributes.user}";
    rules_.publish({test_rule(rule), test_rule("trace", "count(work) by (user.email) > 1"),
                    test_rule("same", "trace.has(span.attributes[\"user.email\"] == \"" +
                                          std::string(kCanary) + "\") and not other.span")});
  }

  /// Judges two spans of one user, and returns all that the API tells of the records.
  std::vector<std::string> judge(std::uint64_t trace = 1) {
    const std::array user = {AttributeView{"email", ValueView::string(kCanary)}};
    const std::vector<AttributeView> attributes = {{"user.email", ValueView::string(kCanary)},
                                                   {"user", ValueView::map(user)}};
    const std::vector<AttributeView> resource = {{"host.owner", ValueView::string(kCanary)}};
    std::vector<model::KeptSpan> spans;
    for (std::uint64_t id = 1; id <= 2; ++id) {
      add_span(trace, id, attributes, resource, &spans);
    }
    if (shard_ == nullptr) shard_ = std::make_unique<Shard>(options_, rules_, sink_);
    sink_.records.clear();
    shard_->add(batch_of(rules_, spans, "json"), at(0s));
    shard_->close_all(model::CloseReason::Complete, at(1s));
    std::vector<std::string> texts;
    for (const model::ViolationRecord& record : sink_.records) {
      texts.push_back(model::violation_json(record.violation, {}).dump() +
                      model::violation_proof_json(record.violation).dump());
    }
    return texts;
  }

  static void add_span(std::uint64_t trace, std::uint64_t id,
                       const std::vector<AttributeView>& attributes,
                       const std::vector<AttributeView>& resource,
                       std::vector<model::KeptSpan>* spans) {
    model::SpanView span;
    span.trace_id = traces::test_trace_id(trace);
    span.span_id = traces::test_span_id(id);
    if (id > 1) span.parent_span_id = traces::test_span_id(1);
    span.name = "work";
    span.start_time_unix_nano = id;
    span.end_time_unix_nano = id + 1;
    span.attributes = attributes;
    span.resource = resource;
    spans->push_back(model::KeptSpan::copy(span));
  }

  ShardOptions options_;
  ActiveRules rules_;
  TestSink sink_;
  std::unique_ptr<Shard> shard_;
};

// The literal of a rule is text of its author, so the rule that names the canary is left out here.
std::size_t count_canaries(const std::vector<std::string>& texts) {
  std::size_t count = 0;
  for (const std::string& text : texts) {
    const bool is_of_author = text.find("\"rule_id\":\"same\"") != std::string::npos;
    if (!is_of_author && text.find(kCanary) != std::string::npos) ++count;
  }
  return count;
}

TEST_F(RedactedShardTest, ShowsTheValueWhileItIsNotDenied) {
  EXPECT_GT(count_canaries(judge()), 0u) << "or the tests below show nothing";
}

TEST_F(RedactedShardTest, HidesItInWitnessesMessagesAndExplanations) {
  rules_.use(shared(denying({"user.email", "host.owner"}, {"user", "host.*"})));
  const std::vector<std::string> texts = judge();
  EXPECT_GE(texts.size(), 4u);
  EXPECT_EQ(count_canaries(texts), 0u);
  const std::string hidden = rules_.current()->redaction()->hidden(kCanary);
  EXPECT_EQ(sink_.records[0].violation.message, hidden + " " + hidden + " {email: " + hidden + "}");
  for (const model::ViolationRecord& record : sink_.records) {
    EXPECT_EQ(record.violation.redaction, rules_.current()->redaction()->id());
    for (const model::Witness& witness : record.violation.witnesses) {
      const ValueView email = find_attribute(witness.span.view().attributes, "user.email");
      EXPECT_EQ(text_of(email), hidden);
      EXPECT_EQ(text_of(find_attribute(witness.span.view().resource, "host.owner")), hidden);
    }
  }
}

TEST_F(RedactedShardTest, JudgesByTheValueItself) {
  rules_.use(shared(denying({"*"})));
  const std::vector<std::string> texts = judge();
  std::size_t same = 0;
  for (const model::ViolationRecord& record : sink_.records) {
    if (record.violation.rule_id == "same") ++same;
  }
  EXPECT_EQ(same, 1u);
}

TEST_F(RedactedShardTest, TakesNewListsWithoutForgettingOpenTraces) {
  const std::vector<std::string> before = judge(1);
  EXPECT_GT(count_canaries(before), 0u);
  rules_.use(shared(denying({"user.*", "host.owner"})));
  EXPECT_EQ(count_canaries(judge(2)), 0u);
  rules_.use(shared(denying({})));
  EXPECT_GT(count_canaries(judge(3)), 0u);
}

TEST_F(RedactedShardTest, HidesWhatIsDecidedAfterTheChangeInATraceOpenedBefore) {
  rules_.publish({test_rule("late",
                            "trace.has(span.attributes[\"user.email\"] != nil) and not "
                            "other.span")});
  const std::vector<AttributeView> attributes = {{"user.email", ValueView::string(kCanary)}};
  std::vector<model::KeptSpan> spans;
  add_span(1, 1, attributes, {}, &spans);
  Shard shard(options_, rules_, sink_);
  shard.add(batch_of(rules_, spans, "json"), at(0s));
  ASSERT_TRUE(sink_.records.empty());
  rules_.use(shared(denying({"user.email"})));
  shard.close_all(model::CloseReason::Complete, at(1s));
  ASSERT_EQ(sink_.records.size(), 1u);
  const model::KeptSpan& witness = sink_.records[0].violation.witnesses[0].span;
  EXPECT_EQ(text_of(find_attribute(witness.view().attributes, "user.email")),
            rules_.current()->redaction()->hidden(kCanary));
}

TEST_F(RedactedShardTest, ChangesNoIdAndNoJudgement) {
  judge(1);
  std::vector<model::ViolationKey> keys;
  for (const auto& record : sink_.records) keys.push_back(record.violation.key);
  shard_.reset();
  rules_.use(shared(denying({"*"})));
  judge(1);
  std::vector<model::ViolationKey> hidden_keys;
  for (const auto& record : sink_.records) hidden_keys.push_back(record.violation.key);
  EXPECT_EQ(keys, hidden_keys);
}

}  // namespace
}  // namespace betrace::engine
