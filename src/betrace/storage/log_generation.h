// One generation of the violation log: a file that is made, opened with checks, and appended to.
//
// Owned by the log thread, which has the only connection that writes. Source:
// docs/internals/violation_log.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/sha256.h"
#include "betrace/base/time.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/record_key.h"
#include "betrace/evidence/signing_key.h"
#include "betrace/storage/export_position.h"
#include "betrace/storage/log_check.h"
#include "betrace/storage/log_record.h"
#include "betrace/storage/sqlite.h"

namespace betrace::storage {

/// What moves from generation to generation, outside the chain.
struct LogState {
  std::map<std::string, std::string, std::less<>> values;  ///< Other rows of `state`, by name.
  ExportPositions positions;  ///< Rows `<sink>/cursor`, `<sink>/parked`, and the table `parked`.
};

/// What became of one record of a group.
struct Appended {
  std::uint64_t sequence = 0;        ///< 0: it was not written.
  std::uint64_t first_sequence = 0;  ///< Of its violation; equal for its first record.
  bool is_repeat = false;            ///< A decision whose violation is recorded already.
};

/// What is known of violations outside a generation. Asked by the log thread.
class ViolationHistory {
 public:
  virtual ~ViolationHistory() = default;
  /// Sequence of the first record of a violation in older generations, 0 if there is none.
  [[nodiscard]] virtual Result<std::uint64_t> find_older(const ViolationIdBytes& id) = 0;
  /// True if the newest decision of this id was a repeat: what follows belongs to a life of the
  /// trace that recorded nothing.
  [[nodiscard]] virtual bool was_repeat(const ViolationIdBytes& id) const = 0;
};

/// The keys that a group is sealed with. Borrowed.
struct LogSeal {
  const evidence::SigningKey& key;
  const evidence::RecordKey* record_key = nullptr;  ///< Null: records have no HMAC.
};

/// One thread.
class LogGeneration {
 public:
  /// Makes the file, with schema, start and `state`. Nothing of it is synced: the caller does that,
  /// and gives it its name then.
  [[nodiscard]] static Result<void> create(const std::string& path, const GenerationStart& start,
                                           const LogState& state);

  /// Opens for appending and checks format and tail, whose signatures are by keys of `ring`. Error
  /// Corrupt: it is not what was written; Unsupported: a newer format.
  [[nodiscard]] static Result<std::unique_ptr<LogGeneration>> open(const std::string& path,
                                                                   const evidence::KeyRing& ring);

  /// Appends one group in one transaction, sealed and durable when it returns, and keeps
  /// `positions` with it unless they are null. Each violation is recorded once; a `final` or
  /// `revision` follows only a life of the trace that recorded it. On an error nothing was
  /// appended, and failure() says whether the generation may be used again.
  [[nodiscard]] Result<std::vector<Appended>> append(std::span<const LogRecord* const> records,
                                                     UnixNanos now, ViolationHistory& history,
                                                     const LogSeal& seal,
                                                     const ExportPositions* positions = nullptr);

  /// Moves the WAL into the database as far as readers allow. Errors as append().
  [[nodiscard]] Result<void> checkpoint();
  [[nodiscard]] std::uint64_t wal_pages() const noexcept { return database_.wal_pages(); }

  /// What it held when it was opened; its position is the one that was kept last.
  [[nodiscard]] const LogState& state() const noexcept { return state_; }
  /// A newer minor version made it: it must not be appended to.
  [[nodiscard]] bool is_newer() const noexcept { return is_newer_; }
  [[nodiscard]] const GenerationStart& start() const noexcept { return start_; }
  [[nodiscard]] const GenerationTail& tail() const noexcept { return tail_; }
  /// The last commit that this object appended.
  [[nodiscard]] const evidence::CommitEnvelope& last_envelope() const noexcept { return envelope_; }
  /// Of the last call that failed.
  [[nodiscard]] SqliteFailure failure() const noexcept { return failure_; }

 private:
  LogGeneration() = default;
  Result<void> prepare_for_writing();
  Result<void> prepare_statements();
  Result<void> read_state();
  Result<void> read_parked();
  Result<std::vector<Appended>> append_in_transaction(std::span<const LogRecord* const> records,
                                                      UnixNanos now, ViolationHistory& history,
                                                      const LogSeal& seal);
  Result<void> keep(const ExportPositions& positions);
  Result<void> keep(std::string_view sink, const ExportPosition& position);
  Result<Appended> place(const LogRecord& record, std::uint64_t sequence,
                         ViolationHistory& history);
  Result<std::uint64_t> first_sequence_of(const ViolationIdBytes& id, ViolationHistory& history);
  Result<void> insert_sealed(const LogRecord& record, std::uint64_t sequence, const LogSeal& seal);
  Result<void> insert(const LogRecord& record, std::string_view payload, std::string_view mac,
                      std::uint64_t sequence);
  Result<void> insert_group(UnixNanos now, const evidence::SigningKey& key);
  Result<void> noted(Result<void> result);

  Database database_;
  Statement insert_record_;
  Statement insert_group_;
  Statement set_state_;
  Statement find_violation_;
  GenerationStart start_;
  GenerationTail tail_;
  LogState state_;
  bool is_newer_ = false;
  SqliteFailure failure_ = SqliteFailure::None;

  // Of the group that is being appended.
  std::vector<Sha256> leaves_;
  std::string macs_;  // each with a line feed
  bool has_mac_ = false;
  evidence::CommitEnvelope envelope_;
  Sha256 hash_{};
  std::map<ViolationIdBytes, bool> decided_;  // id -> its newest decision was a repeat
};

}  // namespace betrace::storage
