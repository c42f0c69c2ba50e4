// The violation log: evidence chain, outbox and query store in one SQLite database.
//
// app/ opens it and hands it to the engine as its sink; control/ records rule changes in it; api/
// asks it. Nothing is published before it is committed and synced. SQLite stays in the .cc files.
// Format: docs/internals/violation_log.md.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/evidence/record_key.h"
#include "betrace/model/violation_sink.h"
#include "betrace/storage/backup_report.h"
#include "betrace/storage/evidence_query.h"
#include "betrace/storage/export_position.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/record_query.h"
#include "betrace/storage/rule_change_record.h"
#include "betrace/storage/violation_query.h"
#include "betrace/storage/violation_tail.h"

namespace betrace::storage {

/// A record of a violation that is on disk.
struct CommittedRecord {
  std::uint64_t sequence = 0;
  std::uint64_t first_sequence = 0;  ///< Of the violation; equal for its first record.
  model::ViolationRecord record;
};

struct ViolationLogOptions {
  std::string path;                     ///< State directory; made with mode 0700 if it is missing.
  std::string environment = "default";  ///< For the log id, when the log is made.
  std::string replica = "local";
  std::string evidence_key_file;     ///< Empty: the key is made in the state directory.
  evidence::RecordKeys record_keys;  ///< None active: records have no HMAC.
  std::uint64_t pending_records_max = 200'000;
  std::uint64_t pending_bytes_max = 128ULL * 1024 * 1024;
  /// Of SQLite's caches in the whole process; 0 = 64 MiB for each connection.
  std::uint64_t cache_bytes_max = 0;
  std::size_t group_records_max = 4'096;
  std::size_t group_bytes_max = 2ULL * 1024 * 1024;
  std::chrono::milliseconds group_time{3};
  std::chrono::milliseconds retry_time{1'000};  ///< After a failed commit.
  /// A file of the log is followed by the next at this size, or at this age.
  std::uint64_t generation_bytes_max = 512ULL * 1024 * 1024;
  std::chrono::milliseconds generation_age_max = std::chrono::hours(24);
  /// The oldest file is removed at this age, or while all together are larger than that; they never
  /// take more than 80 % of the volume.
  std::chrono::milliseconds age_max = std::chrono::hours(30 * 24);
  std::uint64_t bytes_max = 8ULL * 1024 * 1024 * 1024;
  bool is_insecure = false;  ///< `insecure`: said in each `start` record.
  /// There is a sink: what it does not have yet is removed for its size only.
  bool has_sink = false;
  /// Room that is kept for the time when the device is full; 0: none.
  std::uint64_t reserve_bytes = 16ULL * 1024 * 1024;
  /// Called by the log thread after each COMMIT with the records of violations in it, in sequence
  /// order; must be quick. Repeats are not among them.
  std::function<void(std::span<const CommittedRecord>)> publish;
  std::function<Now()> clock = read_clocks;
  FileSystem* files = nullptr;  ///< Null: the real one. SQLite's own calls do not go through it.
};

struct ViolationLogStatus {
  std::string log_id;               ///< `betrace/prod/betrace-0/5c1e07d2`
  std::uint64_t last_sequence = 0;  ///< Committed.
  std::uint64_t pending_records = 0;
  std::uint64_t pending_bytes = 0;
  std::uint64_t repeats = 0;            ///< Decisions whose violation was recorded already.
  std::uint64_t file_bytes = 0;         ///< Of all generations.
  std::uint64_t bytes_max = 0;          ///< What they may have together.
  std::uint64_t removed_for_age = 0;    ///< Records that retention has removed since the start.
  std::uint64_t removed_for_bytes = 0;  ///< The same, for their size.
  bool has_removed_unexported = false;  ///< The sink had not got all of them.
  std::size_t quarantined = 0;          ///< Databases set aside that still lie in the directory.
  bool is_failing = false;              ///< Commits fail; they are tried again each second.
  std::string reason;                   ///< Of it.
  /// Appended by this process, by the number of their type.
  std::array<std::uint64_t, 16> records_by_type{};
  bool has_new_key = false;    ///< open() has made the key that seals it.
  bool is_on_network = false;  ///< The directory is on a network file system.
  bool started_after_crash = false;
};

/// Thread-safe.
class ViolationLog : public model::ViolationSink {
 public:
  /// Locks the directory, checks and recovers the log, and commits a `start` record. Error
  /// FailedPrecondition: in use, the message names the owner (exit 75). Unsupported: a newer format
  /// (exit 78). StorageFailed: it cannot be made or read.
  [[nodiscard]] static Result<std::unique_ptr<ViolationLog>> open(ViolationLogOptions options);
  /// As after a crash: what is pending is lost. Call stop() first.
  ~ViolationLog() override;

  /// Waits while the queue is full. A `violation` whose id is recorded already counts as a repeat
  /// and is not written; a `final` or `revision` is written only after a first record of the same
  /// life of its trace.
  void record(model::ViolationRecord record) override;
  [[nodiscard]] bool is_full() const noexcept override;

  /// Appends the record and waits until it is committed; returns its sequence. Error StorageFailed:
  /// it is not and will not be in the log. StorageUncertain: the disk failed while it was written;
  /// this process does not count it, the next one may find it.
  [[nodiscard]] Result<std::uint64_t> append_rule_change(const RuleChangeRecord& change);
  /// The same with several, in one commit; returns the sequence of the first.
  [[nodiscard]] Result<std::uint64_t> append_rule_changes(
      std::span<const RuleChangeRecord> changes);

  /// What is folded into one `gap` record by its reporter: shed traces, suppressed violations, ...
  struct Gap {
    std::string cause;    ///< `suppressed`, `shed`, ...
    std::string rule_id;  ///< Where the rule is part of the cause, else empty.
    std::uint64_t count = 0;
    UnixNanos first_time = 0;
    UnixNanos last_time = 0;
  };
  /// Queues a `gap` record. `about`: the records that it is about.
  void record_gap(const Gap& gap, SequenceRange about = {});

  /// Queues a record of what the service says of itself: coverage, rule sets, refused requests,
  /// compliance. `members` stand beside the usual head, and are bounded. False once stop() was
  /// called.
  bool record_statement(LogRecordType type, const Json& members, UnixNanos now);

  /// Waits until all that was recorded before the call is committed. Error Unavailable: not within
  /// `wait`.
  [[nodiscard]] Result<void> flush(std::chrono::milliseconds wait);
  /// Commits what is pending and a `stop` record, and ends the threads. Error StorageFailed: not
  /// within `grace`; what is pending is lost then, and the message says how much.
  [[nodiscard]] Result<void> stop(std::chrono::milliseconds grace);

  [[nodiscard]] ViolationLogStatus status() const;

  /// The keys that sealed the log, oldest first; the last one does now.
  [[nodiscard]] evidence::KeyRing key_ring() const;
  /// Seals with a new key from the next group on and returns it; the old one becomes `old_status`.
  /// Error FailedPrecondition: keys are given by `evidence.key_file`; StorageFailed.
  [[nodiscard]] Result<evidence::RingKey> rotate_key(evidence::KeyStatus old_status);

  /// Error InvalidArgument: the cursor is none of ours. Corrupt: a stored payload is not what was
  /// committed.
  [[nodiscard]] Result<ViolationPage> query(const ViolationQuery& query) const;
  /// `id` is `viol-` + 32 hex. Error NotFound.
  [[nodiscard]] Result<StoredViolation> find(std::string_view id) const;
  /// First records decided in [start, end), in `buckets` slices. Requires: start < end.
  [[nodiscard]] Result<ViolationSummary> summary(UnixNanos start, UnixNanos end,
                                                 std::size_t buckets) const;
  /// Changes of one rule, newest first.
  [[nodiscard]] Result<std::vector<StoredRuleChange>> rule_history(std::string_view rule_id,
                                                                   std::size_t limit) const;
  /// Records of any type, in the order of time.
  [[nodiscard]] Result<RecordPage> records(const RecordQuery& query) const;
  /// The last recorded version of each rule, for finding changes that were made outside.
  [[nodiscard]] Result<std::map<std::string, RecordedRule>> recorded_rules() const;

  [[nodiscard]] LastCommit last_commit() const;
  /// Whole commit groups, oldest first; none at the end. Error Corrupt.
  [[nodiscard]] Result<std::vector<EvidenceGroup>> evidence(const EvidenceQuery& query) const;
  /// The range of records that were decided in [start, end). Error NotFound.
  [[nodiscard]] Result<EvidenceQuery> evidence_range(UnixNanos start, UnixNanos end) const;
  /// All records of a violation, oldest first. Error NotFound; Corrupt.
  [[nodiscard]] Result<std::vector<EvidenceProof>> evidence_of(std::string_view id) const;
  /// Copies the log to the new directory `path` while it goes on, and verifies the copy. Errors as
  /// write_backup().
  [[nodiscard]] Result<BackupReport> back_up(const std::string& path) const;

  /// Records for sinks, oldest first; those that were committed when it is asked.
  [[nodiscard]] Result<ViolationTail> tail(const TailQuery& query) const;
  [[nodiscard]] Result<TailSize> tail_size(const TailQuery& query) const;
  /// As it was moved last, or as it was kept when the log was opened; nothing if it never was.
  [[nodiscard]] std::optional<ExportPosition> export_position(std::string_view sink) const;
  /// Keeps a new position: with the next commit, alone after a second, or at stop(). Requires:
  /// `sink` is one of kSinks.
  void move_export(std::string_view sink, ExportPosition position);

 private:
  class Core;
  explicit ViolationLog(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace betrace::storage
