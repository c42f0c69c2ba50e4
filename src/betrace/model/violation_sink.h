// Where the engine puts what it decided; the violation log stands behind it in `serve`.
#pragma once

#include "betrace/model/violation.h"

namespace betrace::model {

/// Thread-safe where the implementation says so; `record` is called from a shard's thread.
class ViolationSink {
 public:
  virtual ~ViolationSink() = default;

  /// Takes the record over. Never drops it: it waits while the sink's queue is full.
  virtual void record(ViolationRecord record) = 0;

  /// True while records wait for a sink that cannot take them; ingest then refuses retryably.
  [[nodiscard]] virtual bool is_full() const noexcept { return false; }
};

}  // namespace betrace::model
