// Publishes checkpoints: the newest commit, each minute and after every 1,000 records.
//
// Tended by the service's watcher each second. A checkpoint in other hands is what shows that the
// end of a log was cut off, or that whoever holds the key has rewritten it.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "betrace/base/time.h"
#include "betrace/evidence/dsse.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/log.h"

namespace betrace::app {

/// tend() and publish() belong to one thread at a time; last() is thread-safe.
class Checkpointer {
 public:
  using Send = std::function<void(const evidence::CommitEnvelope&)>;

  /// `folder` empty: no files. `send` empty: there is no sink.
  Checkpointer(const storage::ViolationLog& violations, std::string folder, Send send,
               telemetry::Logger& log)
      : violations_(violations), folder_(std::move(folder)), send_(std::move(send)), log_(log) {}

  /// Publishes if it is time to.
  void tend(MonotonicTime now);
  /// Publishes the newest commit, unless it was published.
  void publish();
  [[nodiscard]] std::optional<evidence::CommitEnvelope> last() const;

 private:
  const storage::ViolationLog& violations_;
  const std::string folder_;
  const Send send_;
  telemetry::Logger& log_;
  std::optional<MonotonicTime> next_;
  std::uint64_t published_to_ = 0;
  bool is_failing_ = false;
  mutable std::mutex mutex_;
  std::optional<evidence::CommitEnvelope> last_;
};

}  // namespace betrace::app
