// The whole way of a span on one thread, without sockets: bytes, reader, shard, verdicts.
//
// Used by benchmarks and the instruction count. Time is made up, so that traces close while others
// open. All that this module knows of the engine is in pipeline.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "betrace/bench/bench_rules.h"
#include "betrace/bench/id_spots.h"
#include "betrace/bench/oracle.h"

namespace betrace::bench {

/// Not thread-safe.
class Pipeline {
 public:
  explicit Pipeline(const BenchRules& rules);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// Takes one request, some time after the one before. Requires: it is well-formed.
  void take(std::string_view request, Encoding encoding = Encoding::Protobuf);

  /// Lets so much time pass that every trace is closed.
  void finish();

  [[nodiscard]] std::uint64_t spans() const noexcept;
  /// Every violation that was decided.
  [[nodiscard]] const ViolationCounts& violations() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace betrace::bench
