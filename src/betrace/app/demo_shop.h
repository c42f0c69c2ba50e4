// A small shop that makes traces: orders, profiles, an AI agent; now and then something goes wrong.
//
// Used by `betrace demo`. Every fault breaks exactly one rule of the starter pack, so that what
// comes out can be compared with what went in. Sends nothing and reads no clock.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/model/kept_span.h"

namespace betrace::app {

/// One finished trace of the shop.
struct ShopTrace {
  std::vector<model::KeptSpan> spans;
  std::string_view broken_rule;  ///< Id of the starter rule that it violates; empty if none.
};

/// The same seed gives the same traces, times and trace ids apart. Not thread-safe.
class Shop {
 public:
  /// `run` changes the trace ids: a server that has seen the traces of this seed in another run
  /// takes them for new ones. `fault_rate` is the share of traces with a fault, 0 to 1.
  Shop(std::uint64_t seed, std::uint64_t run, double fault_rate);

  /// Makes the next trace, ending at `end`.
  [[nodiscard]] ShopTrace next(UnixNanos end);

 private:
  std::mt19937_64 random_;
  std::uint64_t run_;
  double fault_rate_;
};

}  // namespace betrace::app
