#include "betrace/telemetry/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "betrace/telemetry/machine.h"

namespace betrace::telemetry {
namespace {

std::string read_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::uint64_t to_number(const std::string& text) {
  std::uint64_t number = 0;
  return (std::istringstream(text) >> number) ? number : 0;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double count_entries(const char* path) {
  DIR* folder = opendir(path);
  if (folder == nullptr) return 0;
  double count = 0;
  while (const dirent* entry = readdir(folder)) count += entry->d_name[0] == '.' ? 0 : 1;
  closedir(folder);
  return count;
}

// Field `index` (from 1) of /proc/self/stat; the name in field 2 may hold spaces.
double stat_field(int index) {
  const std::string line = read_line("/proc/self/stat");
  const std::size_t after_name = line.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(line.substr(after_name + 1));
  std::string field;
  for (int i = 3; i <= index; ++i) fields >> field;
  return static_cast<double>(to_number(field));
}

double start_time_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("btime ", 0) == 0) {
      constexpr int kStartTime = 22;
      return static_cast<double>(to_number(line.substr(6))) +
             stat_field(kStartTime) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }
  }
  return 0;
}

void update(Metrics& metrics) {
  constexpr int kThreads = 20;
  constexpr int kVirtualBytes = 23;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  metrics.set(MetricId::ProcessCpuSeconds, cpu_seconds());
  metrics.set(MetricId::ProcessResidentMemoryBytes, static_cast<double>(resident_memory_bytes()));
  metrics.set(MetricId::ProcessVirtualMemoryBytes, stat_field(kVirtualBytes));
  metrics.set(MetricId::ProcessStartTimeSeconds, start_time_seconds());
  metrics.set(MetricId::ProcessOpenFds, count_entries("/proc/self/fd"));
  metrics.set(MetricId::ProcessMaxFds, static_cast<double>(files.rlim_cur));
  metrics.set(MetricId::Threads, stat_field(kThreads));
  const Machine machine = read_machine();
  metrics.set(MetricId::CpuLimitCores, machine.cores);
  metrics.set(MetricId::MemoryLimitBytes, static_cast<double>(machine.memory_bytes));
}

}  // namespace

void export_process_metrics(Metrics& metrics) { metrics.on_render(update); }

std::uint64_t memory_limit_bytes() { return read_machine().memory_bytes; }

std::uint64_t resident_memory_bytes() {
  std::istringstream fields(read_line("/proc/self/statm"));
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  fields >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGE_SIZE));
}

std::uint64_t ResidentMemory::bytes(MonotonicTime now) {
  MonotonicTime old_at = old_at_.load();
  if (now >= old_at && old_at_.compare_exchange_strong(old_at, now + kAgeMax)) {
    bytes_ = resident_memory_bytes();
  }
  return bytes_;
}

double cpu_limit_cores() { return read_machine().cores; }

}  // namespace betrace::telemetry
