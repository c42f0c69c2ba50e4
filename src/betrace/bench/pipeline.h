// The whole way of a span without sockets: bytes, reader, shard, verdicts.
//
// Used by benchmarks and the instruction count. Time is made up, so that traces close while others
// open. All that this module knows of the engine is in pipeline.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "betrace/bench/bench_rules.h"
#include "betrace/bench/id_spots.h"
#include "betrace/bench/oracle.h"
#include "betrace/model/violation_sink.h"

namespace betrace::bench {

/// On one thread. Not thread-safe.
class Pipeline {
 public:
  /// `log`: where violations are recorded too, or null. It must outlive this.
  explicit Pipeline(const BenchRules& rules, model::ViolationSink* log = nullptr);
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

/// As in `serve`: so many threads that read, and as many shards with a thread each. Not
/// thread-safe.
class WorkerPipeline {
 public:
  WorkerPipeline(const BenchRules& rules, std::size_t workers);
  ~WorkerPipeline();
  WorkerPipeline(const WorkerPipeline&) = delete;
  WorkerPipeline& operator=(const WorkerPipeline&) = delete;

  /// Lets the threads take the requests, which begin in their order; returns when all of them are
  /// judged. Requires: they are well-formed OTLP/protobuf.
  void take(std::span<const std::string_view> requests);

  /// Closes every trace. Nothing is taken after it.
  void finish();

  [[nodiscard]] std::uint64_t spans() const;
  /// Every violation that was decided. Requires: finish().
  [[nodiscard]] const ViolationCounts& violations() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace betrace::bench
