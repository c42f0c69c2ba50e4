#include <gtest/gtest.h>

#include <algorithm>

#include "betrace/base/test_directory.h"
#include "betrace/storage/log_reader.h"
#include "betrace/storage/test_violations.h"
#include "betrace/storage/violation_log.h"

// Goal: every filter alone, the order, exact totals, and pages that do not move under inserts.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

class ViolationQueryTest : public ::testing::Test {
 protected:
  ViolationQueryTest() {
    ViolationLogOptions options;
    options.path = directory_.path();
    options.group_time = 0ms;
    log_ = ViolationLog::open(options).value();
  }
  ~ViolationQueryTest() override { EXPECT_TRUE(log_->stop(60s).has_value()); }

  void record(model::Violation violation) { log_->record(first_record(std::move(violation))); }
  void flush() { ASSERT_TRUE(log_->flush(60s).has_value()); }

  ViolationPage page(const ViolationQuery& query) {
    auto result = log_->query(query);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result ? *std::move(result) : ViolationPage{};
  }

  // Messages of the matches, and that the total says the same.
  std::vector<std::string> matches(const ViolationQuery& query) {
    const ViolationPage result = page(query);
    EXPECT_EQ(result.total, result.violations.size());
    std::vector<std::string> messages;
    for (const StoredViolation& stored : result.violations) {
      messages.push_back(stored.violation.message.substr(std::string("violation ").size()));
    }
    return messages;
  }

  using Texts = std::vector<std::string>;
  TestDirectory directory_;
  std::unique_ptr<ViolationLog> log_;
};

TEST_F(ViolationQueryTest, NewestFirstByTimeThenSequence) {
  for (const std::uint64_t number : {5U, 1U, 9U, 3U}) record(test_violation(number));
  model::Violation same_time = test_violation(8, "other");
  same_time.timestamp = test_violation(9).timestamp;
  record(std::move(same_time));
  flush();
  EXPECT_EQ(matches({}), (Texts{"8", "9", "5", "3", "1"}));
}

TEST_F(ViolationQueryTest, FiltersByRuleSeverityServiceAndTrace) {
  record(test_violation(1, "a"));
  record(test_violation(2, "b"));
  model::Violation third = test_violation(3, "c");
  third.severity = model::Severity::Low;
  third.service = "cart";
  record(std::move(third));
  flush();
  ViolationQuery query;
  query.rule_ids = {"a"};
  EXPECT_EQ(matches(query), Texts{"1"});
  query.rule_ids = {"a", "c", "none"};
  EXPECT_EQ(matches(query), (Texts{"3", "1"}));
  query.severities = {model::Severity::Low, model::Severity::Critical};
  EXPECT_EQ(matches(query), Texts{"3"});
  query = {};
  query.severities = {model::Severity::High};
  EXPECT_EQ(matches(query), (Texts{"2", "1"}));
  query = {};
  query.services = {"cart"};
  EXPECT_EQ(matches(query), Texts{"3"});
  query = {};
  query.trace_id = test_violation(2).trace_id;
  EXPECT_EQ(matches(query), Texts{"2"});
  query.rule_ids = {"a"};
  EXPECT_EQ(matches(query), Texts{});
  query = {};
  query.rule_ids = {"' OR 1=1 --"};
  EXPECT_EQ(matches(query), Texts{});
}

TEST_F(ViolationQueryTest, TheStartIsInclusiveAndTheEndIsNot) {
  for (std::uint64_t i = 1; i <= 4; ++i) record(test_violation(i));
  flush();
  ViolationQuery query;
  query.start_time = test_violation(2).timestamp;
  query.end_time = test_violation(4).timestamp;
  EXPECT_EQ(matches(query), (Texts{"3", "2"}));
  query.start_time += 1;
  EXPECT_EQ(matches(query), Texts{"3"});
}

TEST_F(ViolationQueryTest, GradeAndStatusAreThoseOfTheNewestRecord) {
  record(test_violation(1));
  record(early_violation(2));
  record(early_violation(3));
  record(test_violation(4, "gone"));
  model::Violation late = test_violation(5);
  late.late = true;
  record(std::move(late));
  log_->record(final_record(3));
  log_->record(withdrawal(4, "gone"));
  flush();
  ViolationQuery query;
  EXPECT_EQ(matches(query), (Texts{"5", "3", "2", "1"})) << "confirmed is the default";
  query.status = model::ViolationStatus::Withdrawn;
  EXPECT_EQ(matches(query), Texts{"4"});
  query.status.reset();
  EXPECT_EQ(matches(query), (Texts{"5", "4", "3", "2", "1"}));
  query.completeness = {model::Completeness::Orphans};
  EXPECT_EQ(matches(query), Texts{"3"});
  query.completeness = {model::Completeness::Complete, model::Completeness::Orphans};
  EXPECT_EQ(matches(query), (Texts{"5", "4", "3", "1"})) << "an early one without grade fits none";
  query = {};
  query.early = true;
  EXPECT_EQ(matches(query), (Texts{"3", "2"}));
  query.early = false;
  EXPECT_EQ(matches(query), (Texts{"5", "1"}));
  query = {};
  query.late = true;
  EXPECT_EQ(matches(query), Texts{"5"});
}

TEST_F(ViolationQueryTest, PagesDoNotMoveUnderInserts) {
  for (std::uint64_t i = 1; i <= 25; ++i) record(test_violation(i));
  flush();
  ViolationQuery query;
  query.limit = 10;
  std::vector<std::uint64_t> seen;
  std::uint64_t inserted = 100;
  do {
    const ViolationPage result = page(query);
    for (const StoredViolation& stored : result.violations) seen.push_back(stored.sequence);
    EXPECT_EQ(result.total, 25 + (inserted - 100)) << "of all matches, whatever the page";
    query.cursor = result.next_cursor;
    record(test_violation(inserted++));
    flush();
  } while (!query.cursor.empty());
  ASSERT_EQ(seen.size(), 25u);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST_F(ViolationQueryTest, APageThatEndsWithTheLastMatchHasNoCursor) {
  for (std::uint64_t i = 1; i <= 4; ++i) record(test_violation(i));
  flush();
  ViolationQuery query;
  query.limit = 2;
  query.cursor = page(query).next_cursor;
  ASSERT_FALSE(query.cursor.empty());
  EXPECT_TRUE(page(query).next_cursor.empty());
  EXPECT_EQ(page(query).violations.size(), 2u);
}

TEST_F(ViolationQueryTest, OffsetsSkipMatches) {
  for (std::uint64_t i = 1; i <= 6; ++i) record(test_violation(i));
  log_->record(withdrawal(5, "rule"));
  flush();
  ViolationQuery query;
  query.offset = 1;
  query.limit = 2;
  const ViolationPage result = page(query);
  EXPECT_EQ(result.total, 5u);
  ASSERT_EQ(result.violations.size(), 2u);
  EXPECT_EQ(result.violations[0].violation.message, "violation 4");
  query.offset = 10;
  EXPECT_TRUE(page(query).violations.empty());
  query.with_total = false;
  EXPECT_EQ(page(query).total, 0u);
}

// The time is a count of looks at it: how often a page may ask, and go on.
TEST_F(ViolationQueryTest, APageEndsWithACursorWhenItsTimeIsSpent) {
  constexpr std::uint64_t kRecords = 500;
  for (std::uint64_t i = 1; i <= kRecords; ++i) {
    model::Violation violation = test_violation(i, "r" + std::to_string(i));
    if (i == 1 || i == 400) violation.service = "rare";
    record(std::move(violation));
  }
  flush();
  for (const std::size_t looks : {0U, 1U, 3U, 7U}) {
    ViolationQuery query;
    query.services = {"rare"};
    Texts found;
    std::size_t pages = 0;
    for (bool is_cut = true; is_cut; ++pages) {
      std::size_t left = looks;
      query.is_time_spent = [&left] { return left-- == 0; };
      const ViolationPage part = page(query);
      for (const StoredViolation& stored : part.violations) {
        found.push_back(stored.violation.message);
      }
      is_cut = part.is_cut;
      EXPECT_EQ(part.next_cursor.empty(), !is_cut);
      EXPECT_EQ(part.total < 2, is_cut) << "what was looked at; else exact, whatever the page";
      query.cursor = part.next_cursor;
      ASSERT_LT(pages, kRecords) << "every page goes on";
    }
    EXPECT_EQ(found, (Texts{"violation 400", "violation 1"})) << looks;
    EXPECT_GE(pages, looks == 0 ? 5U : 1U);
  }
  std::size_t asked = 0;
  ViolationQuery first;
  first.limit = 10;
  first.is_time_spent = [&asked] { return ++asked > 0; };
  EXPECT_EQ(page(first).total, kRecords) << "a page that is full soon has an exact total";
  EXPECT_EQ(asked, 0U);
}

TEST_F(ViolationQueryTest, CursorsThatAreNotOursAreRefused) {
  for (const char* text : {"x", "MQ", "1.2.3", "MS4yLjM=", "MS4yLjM0NQ==", "MS4wMi4z", "MS4"}) {
    ViolationQuery query;
    query.cursor = text;
    const auto result = log_->query(query);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument) << text;
  }
  const LogPosition position{kTestTime, 1ULL << 60};
  EXPECT_EQ(read_cursor(write_cursor(position)).value(), position);
  EXPECT_EQ(write_cursor(position).find_first_of("+/="), std::string::npos);
}

TEST_F(ViolationQueryTest, IdsThatAreNoneAreNotFound) {
  for (const std::string id : {"", "viol-", "viol-00", "x", "viol-00000000000000000000000000000000",
                               "viol-zz000000000000000000000000000000"}) {
    EXPECT_EQ(log_->find(id).error().code, ErrorCode::NotFound) << id;
  }
}

TEST_F(ViolationQueryTest, SumsUpAWindow) {
  for (std::uint64_t i = 0; i < 8; ++i) record(test_violation(i, i % 4 == 0 ? "rare" : "often"));
  model::Violation low = early_violation(3);
  low.severity = model::Severity::Low;
  low.service = "cart";
  record(std::move(low));
  record(test_violation(100));
  log_->record(withdrawal(1, "often"));
  flush();
  const auto summary = log_->summary(kTestTime, kTestTime + 8 * kTestSecond, 4);
  ASSERT_TRUE(summary.has_value()) << summary.error().message;
  EXPECT_EQ(summary->total, 9u);
  EXPECT_EQ(summary->withdrawn, 1u);
  EXPECT_EQ(summary->by_severity, (std::array<std::uint64_t, 4>{1, 0, 8, 0}));
  EXPECT_EQ(summary->by_completeness, (std::array<std::uint64_t, 7>{1, 0, 0, 0, 0, 0, 8}));
  ASSERT_EQ(summary->top_rules.size(), 3u);
  EXPECT_EQ(summary->top_rules[0].key, "often");
  EXPECT_EQ(summary->top_rules[0].name, "name of often");
  EXPECT_EQ(summary->top_rules[0].count, 6u);
  EXPECT_EQ(summary->top_services[0].key, "checkout");
  ASSERT_EQ(summary->timeline.size(), 4u);
  EXPECT_EQ(summary->timeline[1].start, kTestTime + 2 * kTestSecond);
  EXPECT_EQ(summary->timeline[1].by_severity, (std::array<std::uint64_t, 4>{1, 0, 2, 0}));
}

}  // namespace
}  // namespace betrace::storage
