// Where requests go: the interface between the delivery of violations and the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "betrace/exporter/sink_outcome.h"

namespace betrace::exporter {

/// What became of a request.
struct SinkAnswer {
  std::uint64_t id = 0;
  SinkOutcome outcome;
};

/// All but wake() belong to one thread.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Begins to send a body, as SinkForm writes it for this sink; wait() gives its answer, once.
  /// `id` is one of no request that is under way.
  virtual void send(std::uint64_t id, std::string request) = 0;

  /// Lets requests go on until there are answers, `wait` has passed, or wake().
  [[nodiscard]] virtual std::vector<SinkAnswer> wait(std::chrono::milliseconds wait) = 0;

  /// Ends a wait(), or the next one. From any thread.
  virtual void wake() = 0;
};

}  // namespace betrace::exporter
