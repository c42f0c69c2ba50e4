// Goal: log, delivery and sink work together: what is in the log arrives, and what was not taken is
// still there for the next start.
// Method: a real log and thread; a sink that answers as the test wants.
#include "betrace/exporter/exporter.h"

#include <gmock/gmock.h>
#include <otlp.pb.h>

#include <set>

#include "betrace/exporter/otlp_form.h"
#include "betrace/exporter/test_outbox.h"
#include "betrace/exporter/test_sink.h"
#include "betrace/storage/test_log.h"

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using storage::test_violation;
using telemetry::MetricId;
using ::testing::HasSubstr;

/// Keeps the messages of the violations that it took.
class FakeSink : public TestSink {
 public:
  using Behave = std::function<SinkVerdict(const std::vector<std::string>& messages)>;

  void behave(Behave behave) {
    const std::lock_guard lock(mutex_);
    behave_ = std::move(behave);
  }
  /// Waits until that many different ones were taken.
  bool has_taken(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(60), [&] { return taken_.size() >= count; });
  }
  std::set<std::string> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  std::size_t requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  void send(std::uint64_t id, std::string request) override {
    otlp::oracle::ExportTraceServiceRequest decoded;
    ASSERT_TRUE(decoded.ParseFromString(request));
    std::vector<std::string> messages;
    for (const auto& span : decoded.resource_spans(0).scope_spans(0).spans()) {
      for (const auto& attribute : span.attributes()) {
        if (attribute.key() != "betrace.violation.message") continue;
        messages.push_back(attribute.value().string_value());
      }
    }
    const std::lock_guard lock(mutex_);
    ++requests_;
    const SinkVerdict verdict = behave_ ? behave_(messages) : SinkVerdict::Delivered;
    if (verdict == SinkVerdict::Delivered) taken_.insert(messages.begin(), messages.end());
    answer(id, verdict);
  }

 private:
  Behave behave_;
  std::set<std::string> taken_;
  std::size_t requests_ = 0;
};

class ExporterTest : public storage::TestLog {
 protected:
  ExporterTest() {
    export_options_.limits.schedule_delay = milliseconds(0);
    export_options_.chance = [] { return 0.001; };
  }
  void start(FakeSink::Behave behave = {}) {
    auto sink = std::make_unique<FakeSink>();
    sink->behave(std::move(behave));
    sink_ = sink.get();
    exporter_ = std::make_unique<Exporter>(export_options_,
                                           ExporterServices{log(), metrics_, readiness_, logger_},
                                           std::make_unique<OtlpForm>(spans_), std::move(sink));
    exporter_->start();
  }
  std::uint64_t stop_export(milliseconds grace = seconds(60)) {
    exporter_->begin_stop(grace);
    const std::uint64_t left = exporter_->finish_stop();
    exporter_.reset();
    return left;
  }
  double metric(MetricId id) { return metrics_.value(id); }

  ExporterOptions export_options_;
  SpanOptions spans_;
  std::string lines_;
  telemetry::Metrics metrics_;
  telemetry::Readiness readiness_;
  telemetry::Logger logger_{{.sink = [this](std::string_view line) { lines_ += line; }}};
  FakeSink* sink_ = nullptr;
  std::unique_ptr<Exporter> exporter_;
};

TEST_F(ExporterTest, WhatIsInTheLogIsDeliveredOnceOverRestarts) {
  record(0, 150);
  start();
  EXPECT_TRUE(sink_->has_taken(150));
  record(150, 160);
  EXPECT_TRUE(sink_->has_taken(160));
  EXPECT_EQ(stop_export(), 0U);
  stop();
  record(160, 170);
  start();
  EXPECT_EQ(stop_export(), 0U);
  EXPECT_EQ(metrics_.value(MetricId::OtlpExportedSpans, {"violation"}), 170);
  EXPECT_EQ(metric(MetricId::ExportBacklogRecords), 0);
}

TEST_F(ExporterTest, WhatTheSinkDoesNotTakeStaysForTheNextStart) {
  record(0, 5);
  start([](const auto&) { return SinkVerdict::Later; });
  EXPECT_EQ(stop_export(milliseconds(50)), 5U);
  EXPECT_EQ(metric(MetricId::ExportBacklogRecords), 5);
  stop();
  start();
  EXPECT_TRUE(sink_->has_taken(5));
  EXPECT_EQ(stop_export(), 0U);
}

TEST_F(ExporterTest, TooLargeABacklogIsParkedToldAndDeliveredLater) {
  record(0, 40);
  export_options_.limits.batch_records_max = 5;
  export_options_.limits.backlog_bytes_max = log().tail({}).value().records[0].byte_count * 20;
  std::size_t refusals = 0;
  start([&](const auto&) { return ++refusals < 20 ? SinkVerdict::Later : SinkVerdict::Delivered; });
  EXPECT_TRUE(sink_->has_taken(40));
  EXPECT_EQ(stop_export(), 0U);
  EXPECT_GT(metrics_.value(MetricId::ExportParked, {"export_parked"}), 15);
  EXPECT_EQ(metric(MetricId::ExportParkedRecords), 0);
  stop();
  EXPECT_EQ(gaps(1, "\"cause\":\"export_parked\""), 1);
}

TEST_F(ExporterTest, ARecordThatIsNotWhatWasCommittedIsParked) {
  record(0, 3);
  run(1,
      "DROP TRIGGER record_kept; UPDATE record SET payload = CAST(payload || ' ' AS BLOB) "
      "WHERE seq = 3");
  start();
  EXPECT_TRUE(sink_->has_taken(2));
  EXPECT_EQ(stop_export(), 0U);
  EXPECT_EQ(metric(MetricId::ExportParkedRecords), 1);
  EXPECT_THAT(lines_, HasSubstr("not what was committed"));
}

TEST_F(ExporterTest, ParkedRecordsAreCountedAfterARestart) {
  record(0, 5);
  log().move_export(storage::kExportSink,
                    {last_sequence(), {{1, last_sequence(), "sink_error", 24, 0}}});
  start();
  stop_export();
  EXPECT_EQ(metric(MetricId::ExportParkedRecords), 5);
  EXPECT_EQ(
      log().export_position(storage::kExportSink).value_or(storage::ExportPosition()).parked.size(),
      1U);
}

TEST_F(ExporterTest, RecordsAreSentOnceMoreWhenSomebodyAsks) {
  record(0, 30);
  start();
  EXPECT_TRUE(sink_->has_taken(30));
  const auto tail = log().tail({}).value().records;
  exporter_->resend({tail[5].sequence, tail[14].sequence});
  while (metrics_.value(MetricId::OtlpExportedSpans, {"violation"}) < 40) std::this_thread::yield();
  EXPECT_EQ(stop_export(), 0U);
  EXPECT_EQ(metrics_.value(MetricId::OtlpExportedSpans, {"violation"}), 40);
  EXPECT_EQ(metric(MetricId::ExportParkedRecords), 0);
}

TEST_F(ExporterTest, RuleChangesAndPeriodsAreSentAsEvidenceIfThatIsWanted) {
  evidence::Compliance period;
  period.control = {"soc2", "CC6.1"};
  for (const bool emits : {true, false}) {
    spans_.emits_evidence = emits;
    ASSERT_TRUE(log().append_rule_change(storage::test_rule_change(1)).has_value());
    ASSERT_TRUE(log().record_statement(storage::LogRecordType::Compliance,
                                       evidence::compliance_members(period), kTestTime));
    record(emits ? 0 : 1, emits ? 1 : 2);
    start();
    EXPECT_EQ(stop_export(), 0U);
    EXPECT_EQ(metrics_.value(MetricId::OtlpExportedSpans, {"evidence"}), 2);
    EXPECT_EQ(metrics_.value(MetricId::OtlpExportedSpans, {"violation"}), emits ? 1 : 2);
    EXPECT_EQ(metric(MetricId::ExportBacklogRecords), 0);
  }
  EXPECT_EQ(metrics_.value(MetricId::ComplianceSpansEmitted, {"soc2", "CC6.1", "not_evaluated"}),
            1);
  EXPECT_EQ(metrics_.value(MetricId::ComplianceSpansEmitted, {"soc2", "CC8.1", "rule_change"}), 1);
}

TEST_F(ExporterTest, ReadinessAndLogSayThatTheSinkIsAwayAndBack) {
  record(0, 3);
  start([](const auto&) { return SinkVerdict::Later; });
  const auto state = [this] { return readiness_.report().checks[0].second; };
  while (state() != "error: because, 3 waiting") std::this_thread::yield();
  sink_->behave({});
  EXPECT_TRUE(sink_->has_taken(3));
  EXPECT_EQ(stop_export(), 0U);
  EXPECT_EQ(state(), "ok");
  EXPECT_THAT(lines_, HasSubstr("does not take them"));
  EXPECT_THAT(lines_, HasSubstr("takes them again"));
}

}  // namespace
}  // namespace betrace::exporter
