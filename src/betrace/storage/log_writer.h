// The log thread: takes groups from the queue, commits them, and tells who waits.
//
// Owns the state directory. What cannot be committed is kept and tried again each second, in the
// next generation if the handle of this one is lost; only who waits is told at once. Source:
// docs/internals/violation_log.md.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/log_directory.h"
#include "betrace/storage/log_queue.h"
#include "betrace/storage/reader_pool.h"
#include "betrace/storage/repeated_ids.h"
#include "betrace/storage/violation_log.h"

namespace betrace::storage {

/// run() belongs to the log thread, begin() and end() to the time before and after it; the rest is
/// thread-safe.
class LogWriter : private ViolationHistory {
 public:
  /// `options`, `queue` and `readers` must outlive it.
  LogWriter(const ViolationLogOptions& options, std::unique_ptr<LogDirectory> directory,
            LogQueue& queue, ReaderPool& readers);

  /// Commits the `start` record, and what had to be done to open the log.
  [[nodiscard]] Result<void> begin();
  /// Commits groups until the queue is closed and empty, or abandon().
  void run();
  /// Commits the `stop` record.
  [[nodiscard]] Result<void> end();
  /// Ends run() although records wait.
  void abandon();

  [[nodiscard]] ViolationLogStatus status() const;
  [[nodiscard]] std::map<std::string, RecordedRule> recorded_rules() const;
  [[nodiscard]] std::optional<ExportPosition> export_position(std::string_view sink) const;
  void move_export(std::string_view sink, ExportPosition position);
  /// Checksum of that version of the rule if it is the last recorded one, else empty.
  [[nodiscard]] std::string rule_sha256(std::string_view rule_id, std::uint64_t revision) const;

 private:
  using Group = std::vector<PendingRecord>;

  [[nodiscard]] Result<std::uint64_t> find_older(const ViolationIdBytes& id) override;
  [[nodiscard]] bool was_repeat(const ViolationIdBytes& id) const override;

  [[nodiscard]] bool has_export_to_keep() const;
  void commit(Group& group);
  bool try_commit(Group& group);
  [[nodiscard]] Result<std::vector<Appended>> append_or_move_on(const Group& group);
  [[nodiscard]] Result<std::vector<Appended>> append(const Group& group);
  void note_failure(const Error& error);
  bool retire_if_lost();
  void give_up_waiting(Group& group, const Error& error);
  [[nodiscard]] Result<void> begin_generation();
  void committed(Group& group, const std::vector<Appended>& appended);
  void note_decisions(const Group& group, const std::vector<Appended>& appended);
  void publish(Group& group, const std::vector<Appended>& appended);
  void remember_state(const Group& group);
  void remember_directory();
  void note_failing(const std::string& reason);
  void checkpoint();
  void look_at_size();
  void pause();

  const ViolationLogOptions& options_;
  std::unique_ptr<LogDirectory> directory_;
  LogQueue& queue_;
  ReaderPool& readers_;
  RepeatedIds repeated_;
  std::vector<GapRecord> gaps_;  // still to be told
  bool has_told_fault_ = false;  // of this time of failing
  bool is_checkpointed_ = true;
  MonotonicTime next_look_;

  std::atomic<bool> is_abandoned_{false};
  std::mutex pause_mutex_;
  std::condition_variable pause_ended_;

  mutable std::mutex mutex_;  // guards what follows
  ViolationLogStatus status_;
  LogState state_;
  std::uint64_t export_moves_ = 0;
  std::uint64_t export_moves_kept_ = 0;  // of them, what is on disk
};

}  // namespace betrace::storage
