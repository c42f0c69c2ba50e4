// Goal: the process describes itself in plausible numbers, anew at each render.

#include "betrace/telemetry/process_metrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <vector>

namespace betrace::telemetry {
namespace {

using namespace std::chrono_literals;

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

TEST(ResidentMemoryTest, IsReadAnewWhenTheReadingIsOld) {
  constexpr std::size_t kBytes = 64 << 20;
  const MonotonicTime begin{};
  ResidentMemory memory;
  const std::uint64_t before = memory.bytes(begin);
  EXPECT_GT(before, 1e6);
  std::vector<char> more(kBytes, 'x');  // written, so resident
  EXPECT_EQ(memory.bytes(begin + ResidentMemory::kAgeMax - 1ns), before);
  EXPECT_GE(memory.bytes(begin + ResidentMemory::kAgeMax), before + kBytes / 2);
  EXPECT_EQ(more.back(), 'x');
}

}  // namespace
}  // namespace betrace::telemetry
