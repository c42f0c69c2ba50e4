// The flags of `betrace bench`. Part of app/command_line, which is long enough without them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "betrace/bench/load_run.h"

namespace betrace::app {

/// Must outlive the parsing of the command that it was added to.
class BenchFlags {
 public:
  void add_to(CLI::App& bench);

  /// What the flags say. Throws CLI::ValidationError, as the parser does, for a wrong value.
  [[nodiscard]] bench::LoadRunOptions options() const;

 private:
  void add_load(CLI::App& bench);
  void add_run(CLI::App& bench);
  void add_kinds(CLI::App& bench);

  bench::LoadRunOptions options_;
  bool has_own_server_ = false;
  std::string shape_ = "10a";
  std::string trace_size_ = "20";
  std::string encoding_ = "proto";
  std::string vocabulary_ = "spread";
  std::string open_;
  std::uint64_t warmup_ms_ = 2'000;
  std::uint64_t duration_ms_ = 10'000;
  std::uint64_t reload_ms_ = 0;
};

}  // namespace betrace::app
