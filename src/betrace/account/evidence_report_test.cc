// Goal: a report says what the log proves, and exactly what it does not.
// Method: a month of operation on a clock set by hand, with a known hole in it.

#include "betrace/account/evidence_report.h"

#include <gmock/gmock.h>

#include "betrace/account/evidence_report_html.h"
#include "betrace/account/test_account.h"
#include "betrace/storage/log_archive.h"
#include "betrace/storage/test_violations.h"

namespace betrace::account {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class EvidenceReportTest : public ClerkTest {
 protected:
  // Works for so many minutes, or whatever coverage is told of: each one trace of one span.
  void work(int minutes) {
    for (int i = 0; i < minutes; ++i) {
      metrics_.add(MetricId::SpansReceived, {"grpc"}, 1);
      engine_.spans_ingested["grpc"] += 1;
      engine_.traces_closed[2][5] += 1;
      engine_.rules["pii"].pass += 1;
      pass(clerk_options_.coverage_interval);
    }
  }
  void violate(std::uint64_t number, const std::string& tag) {
    model::Violation violation = storage::test_violation(number, "pii");
    violation.timestamp = now().wall;
    violation.tags = {tag};
    clerk_->violation_recorded(violation);
    log_->record(storage::first_record(std::move(violation)));
    ASSERT_TRUE(log_->flush(60s).has_value());
  }
  void start() {
    open();
    activate({rule("pii", {"soc2:CC6.1"})});
  }
  void end() {
    clerk_->finish(now(), 0);
    close();
  }
  EvidenceReport report(UnixNanos from, UnixNanos to) {
    auto log = storage::open_log_archive(directory_.file("state")).value();
    auto made = make_evidence_report(*log, {{"soc2", "CC6.1"}, from, to, now().wall});
    if (!made) throw std::runtime_error(made.error().message);
    return *std::move(made);
  }
};

constexpr UnixNanos kMinute = 60 * kNanosPerSecond;

TEST_F(EvidenceReportTest, AMonthWithAHoleOfTwoHoursReportsExactlyThatHole) {
  constexpr int kMonth = 30 * 24 * 6;  // of ten minutes
  constexpr int kBeforeHole = 12 * 24 * 6 + 18;
  constexpr int kHole = 13;
  constexpr UnixNanos kTenMinutes = 10 * kMinute;
  end();
  clerk_options_.coverage_interval = 10min;
  start();
  work(kBeforeHole);
  end();
  passed_ += kHole * 10min;
  start();
  work(kMonth - kBeforeHole - kHole);
  end();
  const EvidenceReport made = report(kBegin, kBegin + kMonth * kTenMinutes);
  ASSERT_EQ(made.uncovered.size(), 1U);
  EXPECT_EQ(made.uncovered[0].from, kBegin + kBeforeHole * kTenMinutes);
  EXPECT_EQ(made.uncovered[0].to, kBegin + (kBeforeHole + kHole) * kTenMinutes);
  EXPECT_THAT(made.losses, IsEmpty());
  EXPECT_FALSE(made.is_complete());
  EXPECT_EQ(made.outcome(), "no_violation");
  EXPECT_EQ(made.coverage.spans_ingested, std::uint64_t{kMonth - kHole});
  EXPECT_EQ(made.verdict.evaluated(), std::uint64_t{kMonth - kHole});
  EXPECT_THAT(made.rules, ElementsAre("pii"));
  EXPECT_EQ(report_json(made)["coverage"]["uncovered"][0]["seconds"], kHole * 600);
  EXPECT_THAT(report_html(made), HasSubstr("2 h 10 min 00 s"));
}

TEST_F(EvidenceReportTest, EachFigureNamesTheRecordsThatProveIt) {
  end();
  start();
  work(60);
  violate(1, "soc2:CC6.1");
  violate(2, "soc2:CC7.2");
  violate(3, "soc2:CC6.1");
  log_->record_gap({"suppressed", "pii", 5, now().wall, now().wall});
  log_->record_gap({"suppressed", "pii", 7, now().wall, now().wall});
  work(60);
  end();
  const EvidenceReport made = report(kBegin, kBegin + 120 * kMinute);
  EXPECT_EQ(made.outcome(), "violations");
  ASSERT_EQ(made.violations.size(), 2U);
  EXPECT_EQ(made.violations_proof.first_sequence, made.violations[0].sequence);
  EXPECT_EQ(made.violations_proof.last_sequence, made.violations[1].sequence);
  ASSERT_EQ(made.losses.size(), 1U);
  EXPECT_EQ(made.losses[0].count, 12U);
  EXPECT_EQ(made.losses[0].records, 2U);
  EXPECT_EQ(made.losses[0].proof.last_sequence, made.losses[0].proof.first_sequence + 1);
  EXPECT_EQ(made.periods.size(), 2U);
  EXPECT_THAT(made.uncovered, IsEmpty());
  const auto log = storage::open_log_archive(directory_.file("state")).value();
  storage::RecordQuery all;
  all.limit = 1'000;
  const auto page = log->records(all).value();
  for (const auto& record : page.records) {
    const bool is_counted = record.sequence >= made.coverage_proof.first_sequence &&
                            record.sequence <= made.coverage_proof.last_sequence;
    if (record.type != LogRecordType::Coverage) continue;
    const auto coverage = evidence::read_coverage(record.payload).value();
    EXPECT_EQ(is_counted, coverage.from < coverage.to) << record.sequence;
  }
}

TEST_F(EvidenceReportTest, TimeBeforeAndAfterTheLogIsUncovered) {
  end();
  start();
  work(10);
  end();
  const EvidenceReport made = report(kBegin - 5 * kMinute, kBegin + 30 * kMinute);
  ASSERT_EQ(made.uncovered.size(), 2U);
  EXPECT_EQ(made.uncovered[0].to, kBegin);
  EXPECT_EQ(made.uncovered[1].from, kBegin + 10 * kMinute);
  EXPECT_EQ(made.uncovered[1].before_sequence, 0U);
  EXPECT_EQ(report(kBegin - 9 * kMinute, kBegin - 5 * kMinute).outcome(), "not_evaluated");
}

TEST_F(EvidenceReportTest, AViolationThatWasWithdrawnSaysSo) {
  end();
  start();
  violate(1, "soc2:CC6.1");
  model::Violation withdrawn = storage::test_violation(1, "pii");
  withdrawn.timestamp = now().wall;
  withdrawn.status = model::ViolationStatus::Withdrawn;
  withdrawn.tags = {"soc2:CC6.1"};
  log_->record({model::RecordType::Revision, std::move(withdrawn)});
  work(1);
  end();
  const EvidenceReport made = report(kBegin, kBegin + kMinute);
  ASSERT_EQ(made.violations.size(), 1U);
  EXPECT_GT(made.violations[0].withdrawn_by, made.violations[0].sequence);
}

TEST_F(EvidenceReportTest, ThePageStandsAloneAndEscapesWhatOthersWrote) {
  EvidenceReport made;
  made.request = {{"soc2", "<script>alert(1)</script>"}, 0, 1, 2};
  made.losses.push_back({"shed", "a&b", 1, 1, 0, 0, {}});
  const std::string page = report_html(made);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, HasSubstr("a&amp;b"));
}

}  // namespace
}  // namespace betrace::account
