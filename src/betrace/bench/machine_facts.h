// The machine that a benchmark ran on, as far as a reader of its numbers must know it.
#pragma once

#include <cstdint>
#include <string>

namespace betrace::bench {

/// Empty or zero where the machine does not tell.
struct MachineFacts {
  std::string processor;
  unsigned cores = 0;  ///< That this process may use.
  std::string kernel;
  double load_average = 0;   ///< Of the last minute.
  double steal_seconds = 0;  ///< Taken by other guests of the host, since it started.
  std::string compiler;
  bool is_optimized = false;
};

[[nodiscard]] MachineFacts read_machine_facts();

}  // namespace betrace::bench
