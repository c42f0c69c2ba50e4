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
#include <vector>

#include "betrace/bench/bench_rules.h"
#include "betrace/bench/traffic.h"

namespace betrace::bench {

struct LoadRunOptions {
  /// `http://HOST:PORT` or `grpc://HOST:PORT`. Without host and port, or empty (http): that door of
  /// a server of its own, which is started.
  std::string target;
  std::string api;  ///< Of the server `target`; empty: port 12011 of the same host.
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
  std::vector<std::string> server_flags;  ///< Its further flags, `--name=value`.
  /// The server reads requests and drops them (`serve --discard`): only requests are counted.
  bool is_discarded = false;
  /// There is no server but a bare receiver (epoll_receiver.h) in this process; is_discarded.
  bool is_bare = false;
  /// The load is so many traces, rounded up to whole passes, and a server of its own keeps them
  /// open to the end: what do they take? One repeat, nothing is violated. 0 = no such run.
  std::uint64_t held_traces = 0;
  std::chrono::milliseconds reload_every{0};  ///< A rule is published anew so often; 0 = never.
  /// A rule more that every span breaks; a server of its own then bounds the noise as usual.
  bool has_storm = false;
  /// Watches the list of violations, for the time from a span to its verdict.
  bool times_verdicts = false;
  bool show_progress = false;
  bool print_rules = false;              ///< Print the rules and do nothing else.
  std::function<bool()> is_interrupted;  ///< May be empty.
};

/// Runs it and prints the table. Returns 0; 1 if the run is invalid or could not be made; 2 for
/// options that exclude each other.
[[nodiscard]] int run_load(const LoadRunOptions& options, std::ostream& out, std::ostream& err);

}  // namespace betrace::bench
