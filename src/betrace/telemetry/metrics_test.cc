// Goal: /metrics is what the catalogue promises, for any label text and any number of rules.

#include "betrace/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace betrace::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricCatalogTest, RowsStandWhereTheirEnumeratorSays) {
  const auto catalog = metric_catalog();
  ASSERT_EQ(catalog.size(), static_cast<std::size_t>(MetricId::BuildInfo) + 1);
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(catalog[i].id), i) << catalog[i].name;
  }
}

TEST(MetricCatalogTest, NamesAreUniqueAndFollowTheConventions) {
  std::set<std::string_view> names;
  for (const MetricInfo& info : metric_catalog()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(info.type == MetricType::Counter, info.name.ends_with("_total")) << info.name;
    EXPECT_EQ(info.type == MetricType::Histogram, !info.buckets.empty()) << info.name;
    EXPECT_FALSE(info.help.empty()) << info.name;
    for (const MetricLabel& label : info.labels) {
      EXPECT_EQ(label.kind == LabelKind::Enumerated, !label.values.empty()) << info.name;
      EXPECT_EQ(label.kind == LabelKind::RuleId, &label == info.labels.data() && info.is_per_rule())
          << info.name;
    }
  }
}

TEST(MetricsTest, EnumeratedSeriesExistAtZeroFromTheStart) {
  const std::string text = Metrics().render();
  EXPECT_THAT(text, HasSubstr("betrace_spans_received_total{protocol=\"http_json\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("betrace_traces_closed_total{reason=\"max_age\",completeness=\"shed\"} "
                        "0\n"));
  EXPECT_THAT(text, HasSubstr("betrace_traces_open 0\n"));
  EXPECT_THAT(text, HasSubstr("betrace_rule_evaluation_duration_seconds_count 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nhttp_requests_total{")));
}

TEST(MetricsTest, CountersAddAndGaugesAreSet) {
  Metrics metrics;
  metrics.add(MetricId::SpansReceived, {"json"});
  metrics.add(MetricId::SpansReceived, {"json"}, 41);
  metrics.set(MetricId::BlindRatio, 0.25);
  EXPECT_EQ(metrics.value(MetricId::SpansReceived, {"json"}), 42);
  EXPECT_EQ(metrics.value(MetricId::SpansReceived, {"kafka"}), 0);
  EXPECT_THAT(metrics.render(),
              HasSubstr("\nbetrace_spans_received_total{protocol=\"json\"} 42\n"));
  EXPECT_THAT(metrics.render(), HasSubstr("\nbetrace_blind_ratio 0.25\n"));
}

TEST(MetricsTest, LargeCountersArePrintedWhole) {
  Metrics metrics;
  metrics.add(MetricId::SpansReceived, {"json"}, 12'345'678'901'234.0);
  EXPECT_THAT(metrics.render(), HasSubstr("{protocol=\"json\"} 12345678901234\n"));
}

TEST(MetricsTest, HistogramBucketsAreCumulativeAndIncludeTheirBound) {
  Metrics metrics;
  metrics.observe(MetricId::HttpRequestDurationSeconds, {"GET", "/ready", "200"}, 0.001);
  metrics.observe(MetricId::HttpRequestDurationSeconds, {"GET", "/ready", "200"}, 0.002);
  metrics.observe(MetricId::HttpRequestDurationSeconds, {"GET", "/ready", "200"}, 60);
  const std::string labels = "method=\"GET\",route=\"/ready\",status=\"200\"";
  const std::string name = "http_request_duration_seconds";
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"0.001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"0.0025\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(name + "_bucket{" + labels + ",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(name + "_sum{" + labels + "} 60.003\n"));
  EXPECT_THAT(text, HasSubstr(name + "_count{" + labels + "} 3\n"));
  EXPECT_EQ(metrics.value(MetricId::HttpRequestDurationSeconds, {"GET", "/ready", "200"}), 3);
}

TEST(MetricsTest, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.register_rule("r", "a \"b\" \\ c\nd", "HIGH");
  EXPECT_THAT(metrics.render(),
              HasSubstr("betrace_violations_total{rule_id=\"r\",rule_name=\"a \\\"b\\\" \\\\ "
                        "c\\nd\",severity=\"HIGH\"} 0\n"));
}

TEST(MetricsTest, SeriesOfARuleLiveFromRegistrationToRemoval) {
  Metrics metrics;
  metrics.register_rule("r", "name", "LOW");
  EXPECT_THAT(metrics.render(),
              HasSubstr("betrace_rule_evaluations_total{rule_id=\"r\",result=\"skipped\"} 0\n"));
  metrics.add(MetricId::Violations, {"r", "name", "LOW"}, 2);
  EXPECT_EQ(metrics.value(MetricId::Violations, {"r", "name", "LOW"}), 2);
  metrics.register_rule("r2", "r2", "LOW");
  metrics.unregister_rule("r");
  EXPECT_THAT(metrics.render(), Not(HasSubstr("rule_id=\"r\"")));
  EXPECT_THAT(metrics.render(), HasSubstr("rule_id=\"r2\""));
}

TEST(MetricsTest, RulesBeyondTheBoundShareOther) {
  Metrics metrics(1);
  metrics.register_rule("first", "first", "LOW");
  metrics.register_rule("second", "second", "HIGH");
  metrics.add(MetricId::Violations, {"first", "first", "LOW"});
  metrics.add(MetricId::Violations, {"second", "second", "HIGH"}, 3);
  metrics.set(MetricId::RuleBlindRatio, {"second"}, 0.5);
  EXPECT_EQ(metrics.value(MetricId::Violations, {"first", "first", "LOW"}), 1);
  EXPECT_EQ(metrics.value(MetricId::Violations, {"other", "other", "HIGH"}), 3);
  EXPECT_EQ(metrics.value(MetricId::RuleBlindRatio, {"other"}), 0);
  EXPECT_EQ(metrics.value(MetricId::LabelOverflow), 1);
  metrics.unregister_rule("first");
  metrics.register_rule("second", "second", "HIGH");
  metrics.add(MetricId::Violations, {"second", "second", "HIGH"});
  EXPECT_EQ(metrics.value(MetricId::Violations, {"second", "second", "HIGH"}), 1);
}

TEST(MetricsTest, OpenLabelsAreBounded) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kSeriesMax + 10; ++i) {
    metrics.add(MetricId::HttpRequests, {"GET", "/" + std::to_string(i), "200"});
  }
  EXPECT_EQ(metrics.value(MetricId::LabelOverflow), 10);
}

TEST(MetricsTest, UpdatesRunAtTheBeginningOfARendering) {
  Metrics metrics;
  metrics.on_render([](Metrics& at_scrape) { at_scrape.set(MetricId::TracesOpen, 7); });
  EXPECT_THAT(metrics.render(), HasSubstr("\nbetrace_traces_open 7\n"));
}

TEST(MetricsTest, OpenMetricsNamesCounterFamiliesWithoutTotalAndEnds) {
  Metrics metrics;
  const std::string text = metrics.render(ExpositionFormat::OpenMetrics);
  EXPECT_THAT(text, HasSubstr("# TYPE betrace_spans_received counter\n"));
  EXPECT_THAT(text, HasSubstr("\nbetrace_spans_received_total{protocol=\"json\"} 0\n"));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(MetricsTest, HelpAndTypePrecedeTheSeries) {
  EXPECT_THAT(Metrics().render(),
              HasSubstr("# HELP betrace_traces_open traces waiting for their verdict\n"
                        "# TYPE betrace_traces_open gauge\n"
                        "betrace_traces_open 0\n"));
}

TEST(MetricsTest, AQuantileIsTheBoundOfItsBucket) {
  Metrics metrics;
  constexpr MetricId kId = MetricId::RuleEvaluationDurationSeconds;
  EXPECT_FALSE(metrics.quantile(kId, 0.5).has_value());
  for (int i = 0; i < 98; ++i) metrics.observe(kId, 0.9e-6);
  metrics.observe(kId, 3e-6);
  metrics.observe(kId, 1'000);
  EXPECT_EQ(metrics.quantile(kId, 0.5), 1e-6);
  EXPECT_EQ(metrics.quantile(kId, 0.99), 4e-6);
  EXPECT_FALSE(metrics.quantile(kId, 1).has_value());
}

TEST(MetricsTest, ThreadsLoseNoUpdate) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int n = 0; n < 1'000; ++n) metrics.add(MetricId::SpansReceived, {"json"});
      metrics.register_rule("r", "r", "LOW");
      (void)metrics.render();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics.value(MetricId::SpansReceived, {"json"}), 4'000);
}

}  // namespace
}  // namespace betrace::telemetry
