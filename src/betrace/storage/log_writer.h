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
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/evidence_query.h"
#include "betrace/storage/log_directory.h"
#include "betrace/storage/log_keys.h"
#include "betrace/storage/log_mender.h"
#include "betrace/storage/log_queue.h"
#include "betrace/storage/log_retention.h"
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
            LogKeys keys, LogQueue& queue, ReaderPool& readers);

  /// Commits the `start` record, and what had to be done to open the log.
  [[nodiscard]] Result<void> begin();
  /// Commits groups until the queue is closed and empty, or abandon().
  void run();
  /// Commits the `stop` record.
  [[nodiscard]] Result<void> end();
  /// Ends run() although records wait.
  void abandon();

  [[nodiscard]] ViolationLogStatus status() const;
  [[nodiscard]] evidence::KeyRing key_ring() const;
  [[nodiscard]] LastCommit last_commit() const;
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

  // Keys, log_writer_keys.cc.
  [[nodiscard]] Result<void> begin_keys();
  void make_rotations(Group& group);
  void finish_rotations(Group& group);
  [[nodiscard]] std::vector<LogRecord> key_events(UnixNanos now) const;
  void told_keys();
  void remember_keys();

  void pause();

  // Between groups, log_writer_upkeep.cc.
  void tend();
  [[nodiscard]] bool is_rotation_due(UnixNanos now) const;
  void rotate(const Now& now);
  void retain(const Now& now);
  [[nodiscard]] Group records_of(const Removal& removal, const GenerationStart& next,
                                 UnixNanos now) const;
  void seal();
  void mend(const Now& now);
  void begin_mending();
  void check_after_damage(MonotonicTime now);
  void note_checked(const CheckDone& done, UnixNanos now);
  void note_salvaged(const SalvageDone& done);
  [[nodiscard]] bool spend_reserve();
  [[nodiscard]] Result<void> rebuild_reserve();
  [[nodiscard]] RetentionLimits retention_limits() const;
  [[nodiscard]] std::uint64_t retained_last_seq() const;
  [[nodiscard]] LogState state() const;

  const ViolationLogOptions& options_;
  std::unique_ptr<LogDirectory> directory_;
  LogKeys keys_;
  bool tells_key_ = false;         // that this key follows another, with the next group
  bool tells_record_key_ = false;  // that records have HMACs of another key, or none
  LogQueue& queue_;
  ReaderPool& readers_;
  RepeatedIds repeated_;
  std::vector<GapRecord> gaps_;  // still to be told
  bool has_told_fault_ = false;  // of this time of failing
  bool is_checkpointed_ = true;
  bool is_reserve_spent_ = false;  // nothing but the end is committed before it is there again
  const Now started_;
  MonotonicTime next_look_;
  MonotonicTime next_check_;     // of all files, after an answer has met damage
  MonotonicTime next_rotation_;  // after one that failed
  LogMender mender_;
  std::set<std::string> mended_;  // names of files that the mender was given

  std::atomic<bool> is_abandoned_{false};
  std::mutex pause_mutex_;
  std::condition_variable pause_ended_;

  mutable std::mutex mutex_;  // guards what follows
  ViolationLogStatus status_;
  LogState state_;
  evidence::KeyRing key_ring_;
  LastCommit last_commit_;
  std::uint64_t export_moves_ = 0;
  std::uint64_t export_moves_kept_ = 0;  // of them, what is on disk
};

}  // namespace betrace::storage
