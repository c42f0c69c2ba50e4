// Publishes checkpoints: the newest commit, each minute and after every 1,000 records.
//
// Tended by the service's watcher each second. A checkpoint in other hands is what shows that the
// end of a log was cut off, or that whoever holds the key has rewritten it.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "betrace/base/time.h"
#include "betrace/evidence/dsse.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/log.h"

namespace betrace::app {

/// tend(), make_due() and publish() belong to one thread at a time; page() and age() are
/// thread-safe.
class Checkpointer {
 public:
  using Send = std::function<void(const evidence::CommitEnvelope&)>;

  /// How many are kept to be asked for: a day of them, one a minute.
  static constexpr std::size_t kKeptMax = 24 * 60;

  /// `folder` empty: no files. `send` empty: there is no sink.
  Checkpointer(const storage::ViolationLog& violations, std::string folder, Send send,
               telemetry::Logger& log, MonotonicTime started)
      : violations_(violations),
        folder_(std::move(folder)),
        send_(std::move(send)),
        log_(log),
        published_(started) {}

  /// Publishes if it is time to.
  void tend(MonotonicTime now);
  /// The next tend() publishes: by then the record that was queued just now is committed.
  void make_due() noexcept { next_.reset(); }
  /// Publishes the newest commit, unless it was published.
  void publish(MonotonicTime now);

  /// Those that were published by this process, newest first, without the first `offset`.
  [[nodiscard]] evidence::CheckpointPage page(std::size_t offset, std::size_t limit) const;
  /// Since the last one was published and written, or since the start.
  [[nodiscard]] std::chrono::nanoseconds age(MonotonicTime now) const;

 private:
  const storage::ViolationLog& violations_;
  const std::string folder_;
  const Send send_;
  telemetry::Logger& log_;
  std::optional<MonotonicTime> next_;
  std::uint64_t published_to_ = 0;
  bool is_failing_ = false;
  mutable std::mutex mutex_;                   // guards what follows
  std::deque<evidence::CommitEnvelope> kept_;  // newest first
  MonotonicTime published_;
};

}  // namespace betrace::app
