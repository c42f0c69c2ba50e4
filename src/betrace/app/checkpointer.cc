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
  publish(now);
}

void Checkpointer::publish(MonotonicTime now) {
  const storage::LastCommit commit = violations_.last_commit();
  if (commit.last_seq == 0 || commit.last_seq == published_to_) return;
  published_to_ = commit.last_seq;
  {
    const std::lock_guard lock(mutex_);
    kept_.push_front(commit.envelope);
    if (kept_.size() > kKeptMax) kept_.pop_back();
  }
  if (send_) send_(commit.envelope);
  const auto written =
      folder_.empty() ? Result<void>() : storage::write_checkpoint_file(folder_, commit);
  if (!written && !is_failing_) {
    log_.error("a checkpoint could not be written", {{"reason", written.error().message}});
  }
  is_failing_ = !written;
  if (is_failing_) return;
  const std::lock_guard lock(mutex_);
  published_ = now;
}

evidence::CheckpointPage Checkpointer::page(std::size_t offset, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  evidence::CheckpointPage page;
  page.total = kept_.size();
  for (std::size_t i = offset; i < kept_.size() && page.checkpoints.size() < limit; ++i) {
    page.checkpoints.push_back(kept_[i]);
  }
  return page;
}

std::chrono::nanoseconds Checkpointer::age(MonotonicTime now) const {
  const std::lock_guard lock(mutex_);
  return now - published_;
}

}  // namespace betrace::app
