// Goal: the process describes itself in plausible numbers, anew at each render.

#include "betrace/telemetry/process_metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace betrace::telemetry {
namespace {

TEST(ProcessMetricsTest, AreSetWhenRendered) {
  Metrics metrics;
  export_process_metrics(metrics);
  EXPECT_EQ(metrics.value(MetricId::ProcessResidentMemoryBytes), 0);
  (void)metrics.render();
  EXPECT_GT(metrics.value(MetricId::ProcessResidentMemoryBytes), 1e6);
  EXPECT_GE(metrics.value(MetricId::ProcessVirtualMemoryBytes),
            metrics.value(MetricId::ProcessResidentMemoryBytes));
  EXPECT_GE(metrics.value(MetricId::Threads), 1);
  EXPECT_GE(metrics.value(MetricId::CpuLimitCores), 0.01);
  EXPECT_GT(metrics.value(MetricId::MemoryLimitBytes), 1e6);
  EXPECT_GT(metrics.value(MetricId::ProcessStartTimeSeconds), 1.6e9);
}

TEST(ProcessMetricsTest, CountOneMoreDescriptorWhenAFileIsOpened) {
  Metrics metrics;
  export_process_metrics(metrics);
  (void)metrics.render();
  const double before = metrics.value(MetricId::ProcessOpenFds);
  const std::ifstream file("/dev/null");
  (void)metrics.render();
  EXPECT_EQ(metrics.value(MetricId::ProcessOpenFds), before + 1);
}

}  // namespace
}  // namespace betrace::telemetry
