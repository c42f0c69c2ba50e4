// One generation of the violation log: a file that is made, checked, and appended to in groups.
//
// Owned by the log thread, which has the only connection that writes. Source: the page on
// reliability, sections 3.1 to 3.5.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/sha256.h"
#include "betrace/base/time.h"
#include "betrace/storage/log_record.h"
#include "betrace/storage/sqlite.h"

namespace betrace::storage {

/// Where a generation begins.
struct GenerationStart {
  std::uint64_t number = 1;
  std::string log_id;
  std::uint64_t first_seq = 1;
  Sha256 prev{};  ///< Hash of the last commit before it.
  UnixNanos created = 0;
};

/// What became of one record of a group.
struct Appended {
  std::uint64_t sequence = 0;        ///< 0: it was not written, being a repeat or without a first.
  std::uint64_t first_sequence = 0;  ///< Of the violation; equal for its first record.
};

/// One thread.
class LogGeneration {
 public:
  /// Makes the file with its schema and commits it; the caller syncs the directory and opens it.
  [[nodiscard]] static Result<void> create(const std::string& path, const GenerationStart& start);

  /// Opens for appending and checks structure and the newest groups. Error Corrupt: it is not what
  /// was written; Unsupported: a newer format.
  [[nodiscard]] static Result<std::unique_ptr<LogGeneration>> open(const std::string& path);

  /// Appends one group in one transaction, durable when it returns. `sequence_of_violation` finds
  /// the first record of a violation in older generations, 0 if there is none. On an error nothing
  /// was appended; last_failure() says whether the generation may be used again.
  using FindOlder = std::uint64_t (*)(void* context, const ViolationIdBytes& id);
  [[nodiscard]] Result<std::vector<Appended>> append(std::span<const LogRecord* const> records,
                                                     UnixNanos now, FindOlder find_older,
                                                     void* context);

  [[nodiscard]] const std::string& log_id() const noexcept { return start_.log_id; }
  [[nodiscard]] std::uint64_t number() const noexcept { return start_.number; }
  [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }
  [[nodiscard]] const Sha256& last_hash() const noexcept { return last_hash_; }
  /// True if the newest record is a `stop`, or there is none.
  [[nodiscard]] bool ended_orderly() const noexcept { return ended_orderly_; }
  [[nodiscard]] SqliteFailure last_failure() const noexcept { return database_.last_failure(); }

  /// Moves the WAL into the database as far as readers allow.
  void checkpoint();

 private:
  LogGeneration() = default;
  Result<void> read_start();
  Result<void> check_structure();
  Result<void> verify_tail();
  Result<void> verify_group(std::uint64_t first_seq, std::uint64_t last_seq,
                            std::string_view payload);
  Result<void> prepare_statements();
  Result<Appended> insert(const LogRecord& record, std::uint64_t group_seq, std::uint64_t sequence,
                          FindOlder find_older, void* context, std::vector<Sha256>* leaves);
  Result<std::uint64_t> first_sequence_of(const ViolationIdBytes& id, FindOlder find_older,
                                          void* context);
  Result<std::vector<Appended>> append_in_transaction(std::span<const LogRecord* const> records,
                                                      UnixNanos now, FindOlder find_older,
                                                      void* context);

  Database database_;
  Statement insert_record_;
  Statement insert_group_;
  Statement set_state_;
  Statement find_violation_;
  GenerationStart start_;
  std::uint64_t last_sequence_ = 0;
  Sha256 last_hash_{};
  Sha256 next_hash_{};  // of the group that is being appended
  bool ended_orderly_ = true;
};

}  // namespace betrace::storage
