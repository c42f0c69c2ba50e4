#include "betrace/bench/machine_facts.h"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace betrace::bench {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("model name")) continue;
    const std::size_t colon = line.find(": ");
    return colon == std::string::npos ? "" : line.substr(colon + 2);
  }
  return "";
}

// The eighth number of the first line of /proc/stat.
double steal_seconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  file >> word;
  double ticks = 0;
  for (int i = 0; i < 8; ++i) file >> ticks;
  return file ? ticks / static_cast<double>(sysconf(_SC_CLK_TCK)) : 0;
}

}  // namespace

MachineFacts read_machine_facts() {
  MachineFacts facts;
  facts.processor = processor_name();
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0) {
    facts.cores = static_cast<unsigned>(CPU_COUNT(&cores));
  }
  utsname system{};
  if (uname(&system) == 0) facts.kernel = system.release;
  std::ifstream("/proc/loadavg") >> facts.load_average;
  facts.steal_seconds = steal_seconds();
#ifdef __clang__
  facts.compiler = "clang " __clang_version__;
#else
  facts.compiler = "g++ " __VERSION__;
#endif
#ifdef __OPTIMIZE__
  facts.is_optimized = true;
#endif
  return facts;
}

}  // namespace betrace::bench
