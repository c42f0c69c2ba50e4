// Goal: limits of containers are seen, whichever version of cgroups gives them.
// Method: small trees of files that look like /proc and /sys.

#include "betrace/telemetry/machine.h"

#include <gtest/gtest.h>

#include <string>

#include "betrace/base/test_directory.h"

namespace betrace::telemetry {
namespace {

class MachineTest : public ::testing::Test {
 protected:
  MachineTest() { write("/proc/meminfo", "MemFree: 1 kB\nMemTotal:       8192 kB\n"); }
  void write(const std::string& path, const std::string& text) { directory_.write(path, text); }

  TestDirectory directory_;
  const std::string root_ = directory_.path();
};

TEST_F(MachineTest, WithoutACgroupTheWholeMachineCounts) {
  EXPECT_EQ(read_machine(root_).memory_bytes, 8192u * 1024);
  EXPECT_GE(read_machine(root_).cores, 1);
}

TEST_F(MachineTest, TheSmallestLimitAboveTheOwnGroupCounts) {
  write("/proc/self/cgroup", "0::/outer/inner\n");
  write("/sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/outer/inner/memory.max", "3000000\n");
  write("/sys/fs/cgroup/outer/cpu.max", "50000 100000\n");
  write("/sys/fs/cgroup/outer/memory.max", "2000000\n");
  EXPECT_EQ(read_machine(root_).cores, 0.5);
  EXPECT_EQ(read_machine(root_).memory_bytes, 2'000'000u);
}

TEST_F(MachineTest, ReadsVersionOneToo) {
  write("/proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n");
  write("/sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "25000\n");
  write("/sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1000000\n");
  EXPECT_EQ(read_machine(root_).cores, 0.25);
  EXPECT_EQ(read_machine(root_).memory_bytes, 1'000'000u);
}

TEST_F(MachineTest, NoLimitAndGarbageMeanNoLimit) {
  write("/proc/self/cgroup", "0::/\n");
  write("/sys/fs/cgroup/memory.max", "max\n");
  write("/sys/fs/cgroup/cpu.max", "what\n");
  EXPECT_EQ(read_machine(root_).memory_bytes, 8192u * 1024);
}

}  // namespace
}  // namespace betrace::telemetry
