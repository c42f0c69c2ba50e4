#include "betrace/app/checkpointer.h"

#include "betrace/storage/stored_evidence.h"

namespace betrace::app {
namespace {

constexpr std::chrono::minutes kCheckpointInterval{1};
constexpr std::uint64_t kCheckpointRecords = 1'000;

}  // namespace

void Checkpointer::tend(MonotonicTime now) {
  const std::uint64_t last = violations_.status().last_sequence;
  const bool is_due = !next_ || now >= *next_ || last >= published_to_ + kCheckpointRecords;
  if (!is_due) return;
  next_ = now + kCheckpointInterval;
  publish();
}

void Checkpointer::publish() {
  const storage::LastCommit commit = violations_.last_commit();
  if (commit.last_seq == 0 || commit.last_seq == published_to_) return;
  published_to_ = commit.last_seq;
  {
    const std::lock_guard lock(mutex_);
    last_ = commit.envelope;
  }
  if (send_) send_(commit.envelope);
  if (folder_.empty()) return;
  const auto written = storage::write_checkpoint_file(folder_, commit);
  if (!written && !is_failing_) {
    log_.error("a checkpoint could not be written", {{"reason", written.error().message}});
  }
  is_failing_ = !written;
}

std::optional<evidence::CommitEnvelope> Checkpointer::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace betrace::app
