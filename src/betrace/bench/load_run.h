// `betrace bench`: load over real sockets against a server, and whether every verdict was right.
//
// Used by app/command_line. A run whose counts or violations are not exactly what was sent has no
// rate: it prints INVALID and what is wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "betrace/bench/bench_rules.h"
#include "betrace/bench/traffic.h"

namespace betrace::bench {

struct LoadRunOptions {
  std::string target;  ///< `http://HOST:PORT`; empty: a server of its own is started.
  std::string api;     ///< Of that server; empty: port 12011 of the same host.
  TrafficOptions traffic;
  bool is_gzipped = false;
  std::uint32_t connections = 8;
  std::uint32_t in_flight_max = 0;  ///< Closed loop; 0 = one request for each connection.
  double spans_per_second = 0;      ///< Open loop; 0 = closed loop.
  std::chrono::milliseconds warmup{2'000};
  std::chrono::milliseconds duration{10'000};
  std::chrono::milliseconds settle_max{30'000};
  std::uint32_t repeats = 3;
  std::size_t rule_count = 50;
  Vocabulary vocabulary = Vocabulary::Spread;
  std::string json_path;       ///< Where the result is written as JSON; empty: nowhere.
  std::string server_program;  ///< Program of the server of its own; empty: the running one.
  bool show_progress = false;
  bool print_rules = false;              ///< Print the rules and do nothing else.
  std::function<bool()> is_interrupted;  ///< May be empty.
};

/// Runs it and prints the table. Returns 0; 1 if the run is invalid or could not be made; 2 for
/// options that exclude each other.
[[nodiscard]] int run_load(const LoadRunOptions& options, std::ostream& out, std::ostream& err);

}  // namespace betrace::bench
