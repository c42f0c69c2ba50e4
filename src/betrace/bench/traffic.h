// The load, encoded before anything is measured: the requests of one pass, and who is in them.
//
// A pass is a few waves of traces. In a wave all first parts of the traces come first, then all
// second parts, and so on, so that many traces are open at once and each is spread over several
// requests. Every pass sends the same spans under new ids. Used by bench.h and the benchmarks.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "betrace/bench/id_spots.h"
#include "betrace/bench/trace_maker.h"

namespace betrace::bench {

struct TrafficOptions {
  TraceOptions traces;
  std::uint32_t spans_per_request = 560;
  std::uint32_t interleave = 2'000;  ///< Traces of a wave: so many are open at once.
  std::uint32_t split = 3;           ///< Parts of a trace, sent one wave part after the other.
  Encoding encoding = Encoding::Protobuf;
  std::uint32_t requests_min = 32;  ///< Of one pass; more waves are made until there are so many.
};

/// One request of the pass. `mutex` guards `body` while ids are overwritten and sent.
struct PreparedRequest {
  std::string body;
  std::uint32_t span_count = 0;
  std::unique_ptr<IdSpots> spots;
  std::mutex mutex;
};

/// A trace with a scene, and which request carries each of its spans.
struct StagedTrace {
  std::uint64_t number = 0;
  Scene scene;
  std::vector<std::uint32_t> request_of_span;  ///< In sending order.
};

/// Thread-safe after it is made, as said at PreparedRequest.
class Traffic {
 public:
  /// `rules` must outlive the traffic. Cost: builds and encodes every span of a pass.
  Traffic(const TrafficOptions& options, const BenchRules& rules);

  [[nodiscard]] std::size_t request_count() const noexcept { return requests_.size(); }
  [[nodiscard]] PreparedRequest& request(std::size_t index) noexcept { return *requests_[index]; }
  /// Traces, spans and bytes of one pass.
  [[nodiscard]] std::uint64_t trace_count() const noexcept { return trace_count_; }
  [[nodiscard]] std::uint64_t span_count() const noexcept { return span_count_; }
  [[nodiscard]] std::uint64_t byte_count() const noexcept { return byte_count_; }
  [[nodiscard]] const std::vector<StagedTrace>& staged() const noexcept { return staged_; }
  [[nodiscard]] const TraceMaker& maker() const noexcept { return maker_; }

  /// Gives the request its ids of this pass. Requires: the caller holds its mutex.
  void overwrite_ids(PreparedRequest& request, const IdKeys& keys) const;

 private:
  struct PlacedSpan;

  void add_wave(std::vector<PlacedSpan>* pending);
  void encode(std::vector<PlacedSpan>* pending, std::size_t count);

  TrafficOptions options_;
  TraceMaker maker_;
  std::vector<std::unique_ptr<PreparedRequest>> requests_;
  std::vector<StagedTrace> staged_;
  std::uint64_t trace_count_ = 0;
  std::uint64_t span_count_ = 0;
  std::uint64_t byte_count_ = 0;
};

}  // namespace betrace::bench
