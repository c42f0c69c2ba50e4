#include "betrace/telemetry/machine.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

namespace betrace::telemetry {
namespace {

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

// Returns the number that a file begins with; nothing for `max`, -1 and what is no number.
std::optional<double> number_in(const std::string& path) {
  const auto line = first_line(path);
  double number = -1;
  if (!line || !(std::istringstream(*line) >> number) || number < 0) return std::nullopt;
  return number;
}

double processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

double all_memory(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string name;
  double kibibytes = 0;
  while (file >> name >> kibibytes) {
    if (name == "MemTotal:") return kibibytes * 1024;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

// Returns the path of the own group below the mount of a controller: `/user.slice/...`, or `/`.
std::string own_group(const std::string& root, std::string_view controller) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string wanted = "," + std::string(controller) + ",";
    if (names.find(wanted) != std::string::npos) return line.substr(second + 1);
  }
  return "/";
}

// Calls `visit` with the folder of the own group and of each group above it.
template <typename Visit>
void for_groups(const std::string& mount, std::string group, Visit visit) {
  while (!group.empty() && group != "/") {
    visit(mount + group);
    group.erase(group.rfind('/'));
  }
  visit(mount);
}

double smaller(double limit, std::optional<double> other) {
  return other && *other > 0 ? std::min(limit, *other) : limit;
}

}  // namespace

Machine read_machine(const std::string& root) {
  double cores = processors();
  double memory = all_memory(root);
  if (memory <= 0) memory = 9e18;
  const std::string mount = root + "/sys/fs/cgroup";
  for_groups(mount, own_group(root, ""), [&](const std::string& folder) {
    const auto quota = first_line(folder + "/cpu.max");
    double limit = 0;
    double period = 0;
    if (quota && std::istringstream(*quota) >> limit >> period && period > 0) {
      cores = smaller(cores, limit / period);
    }
    memory = smaller(memory, number_in(folder + "/memory.max"));
  });
  for_groups(mount + "/cpu", own_group(root, "cpu"), [&](const std::string& folder) {
    const auto quota = number_in(folder + "/cpu.cfs_quota_us");
    const auto period = number_in(folder + "/cpu.cfs_period_us");
    if (quota && period && *period > 0) cores = smaller(cores, *quota / *period);
  });
  for_groups(mount + "/memory", own_group(root, "memory"), [&](const std::string& folder) {
    memory = smaller(memory, number_in(folder + "/memory.limit_in_bytes"));
  });
  return Machine{cores, static_cast<std::uint64_t>(memory)};
}

}  // namespace betrace::telemetry
