// `betrace demo`: the shop's traffic against a running server, and its violations as they come.
//
// Talks to the server over the same doors as everybody: OTLP/HTTP in, REST out. At the end it
// compares the faults it made with the violations it saw.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

#include "betrace/app/stop_signal.h"
#include "betrace/http/client.h"

namespace betrace::app {

struct DemoOptions {
  http::ClientOptions server;      ///< The API of a running server.
  std::uint16_t otlp_port = 4318;  ///< Its OTLP/HTTP.
  double rate = 5;                 ///< Traces a second; 0 = as fast as they are taken.
  double fault_rate = 0.1;         ///< Share of traces with a fault, 0 to 1.
  std::uint64_t traces = 0;        ///< Ends after so many; 0 = until it is stopped.
  std::uint64_t seed = 0;          ///< Of the shop; 0 = a new one. Trace ids are always new.
  bool colour = false;
};

/// Sends and prints until it is stopped or has sent `traces`. Returns 0; 1 if the server cannot be
/// reached, or if after `traces` the violations are not exactly the faults that were sent.
[[nodiscard]] int run_demo(const DemoOptions& options, StopSignal& stop, std::ostream& out,
                           std::ostream& err);

}  // namespace betrace::app
