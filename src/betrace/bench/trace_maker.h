// Makes the traces of the load, each from its number alone: the same number, the same trace.
//
// One trace in many breaks exactly one rule, and as many nearly break one. Reads no clock. Used by
// traffic.h, by the oracle for traces of which only a part was accepted, and by benchmarks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "betrace/bench/bench_rules.h"
#include "betrace/bench/span_shapes.h"
#include "betrace/model/kept_span.h"

namespace betrace::bench {

/// How many spans a trace has: always `least`, or Zipf-distributed from `least` to `most`.
struct TraceSize {
  std::uint32_t least = 20;
  std::uint32_t most = 20;
};

/// `20`, or `zipf:1..1000`; nothing if `text` is neither or beyond 1-10,000.
[[nodiscard]] std::optional<TraceSize> parse_trace_size(std::string_view text);
[[nodiscard]] std::string text_of(const TraceSize& size);

struct TraceOptions {
  Shape shape = Shape::TenAttributes;
  TraceSize size;
  double violation_rate = 0.01;  ///< Share of traces that break a rule, 0 to 0.5.
  std::uint64_t seed = 1;
};

/// The rule that a trace is about; most are about none.
struct Scene {
  std::size_t rule = 0;
  bool is_broken = false;
};

/// One trace in the order in which it is sent: shuffled, the root last.
struct MadeTrace {
  std::vector<model::KeptSpan> spans;
  std::optional<Scene> scene;
};

/// The first bytes of the ids of a made trace; the rest of a trace id is its number.
inline constexpr std::uint8_t kIdMark = 0xb7;

/// Immutable.
class TraceMaker {
 public:
  /// `rules` must outlive the maker.
  TraceMaker(const TraceOptions& options, const BenchRules& rules);

  /// Makes the trace `number`.
  [[nodiscard]] MadeTrace make(std::uint64_t number) const;

  [[nodiscard]] const TraceOptions& options() const noexcept { return options_; }
  [[nodiscard]] const BenchRules& rules() const noexcept { return rules_; }

 private:
  [[nodiscard]] std::uint32_t size_of(std::mt19937_64& random) const;
  [[nodiscard]] std::optional<Scene> scene_of(std::uint64_t number, std::size_t span_count) const;

  TraceOptions options_;
  const BenchRules& rules_;
  SpanShapes shapes_;
};

}  // namespace betrace::bench
