// A record of the violation log before it has a sequence: its payload and what is derived from it.
//
// The record thread makes them; the log thread numbers, hashes and inserts them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/sha256.h"
#include "betrace/base/time.h"
#include "betrace/evidence/key_events.h"
#include "betrace/evidence/record_key.h"
#include "betrace/evidence/retention.h"
#include "betrace/model/violation.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/rule_change_record.h"
#include "betrace/storage/violation_log.h"

namespace betrace::storage {

using ViolationIdBytes = std::array<std::uint8_t, 16>;

/// Derived columns are for queries only; the payload is the truth.
struct LogRecord {
  LogRecordType type = LogRecordType::Violation;
  std::string payload;
  std::string mac;  ///< `v1:<kid>:<64 hex>`; empty: not yet, or there is no key.
  UnixNanos time = 0;
  std::optional<std::string> rule_id;
  std::optional<std::int64_t> severity;
  std::optional<std::string> service;
  std::optional<std::int64_t> completeness;
  std::int64_t flags = 0;
  std::optional<model::TraceId> trace_id;
  std::optional<ViolationIdBytes> violation_id;
  /// Name and value of a row of `state` that is set in the same transaction; empty name: none.
  std::string state_name;
  std::string state_value;
};

/// First half of the digest.
[[nodiscard]] ViolationIdBytes violation_id_bytes(const model::ViolationKey& key) noexcept;

/// `key` null: the record is unsigned.
[[nodiscard]] LogRecord make_violation_record(const model::ViolationRecord& record,
                                              const std::string& log_id,
                                              const std::string& rule_sha256,
                                              const evidence::RecordKey* key = nullptr);
[[nodiscard]] LogRecord make_rule_change_record(const RuleChangeRecord& change,
                                                const std::string& log_id);
/// A gap with what storage itself knows of it: a file, and a range of numbers that is lost.
struct GapRecord {
  ViolationLog::Gap gap;
  std::string file;             ///< Empty: none.
  std::uint64_t first_seq = 0;  ///< 0: no range.
  std::uint64_t last_seq = 0;
  std::vector<SequenceRange> further{};  ///< Rising, behind the first.
};
[[nodiscard]] LogRecord make_gap_record(const GapRecord& gap, const std::string& log_id,
                                        UnixNanos now);
/// `file` goes, as a whole: the chain begins after it from now on.
[[nodiscard]] LogRecord make_retention_record(const evidence::Retention& retention,
                                              const std::string& file, const std::string& log_id,
                                              UnixNanos now);
/// Name of the row of `state` with the last sequence that retention has removed.
inline constexpr std::string_view kRetentionState = "retention/last_seq";
/// Name of the row of `state` that says that a file which was set aside has been salvaged.
[[nodiscard]] std::string salvaged_name(std::string_view file);
struct StartFacts {
  bool has_crashed = false;  ///< The record before was no `stop`.
  bool is_insecure = false;  ///< Whoever can connect may do everything.
};
[[nodiscard]] LogRecord make_start_record(const StartFacts& facts, const std::string& log_id,
                                          UnixNanos now);
[[nodiscard]] LogRecord make_stop_record(const std::string& log_id, UnixNanos now);
/// Tells of keys that seal groups, or, with the event `record_key`, of the HMACs of records.
[[nodiscard]] LogRecord make_key_event_record(const evidence::KeyEvent& event,
                                              const std::string& log_id, UnixNanos now);

/// Returns the columns that are derived from a payload, without the payload. Error Corrupt: it is
/// none; Unsupported: of a type that is not known here.
[[nodiscard]] Result<LogRecord> derive_columns(std::string_view payload);

/// What stands in the log for a record.
struct SealedRecord {
  std::string payload;
  std::string mac;
};
/// Makes a record that was made as unsigned one that is signed with `key`. Requires: no `mac`.
[[nodiscard]] SealedRecord seal(const LogRecord& record, const evidence::RecordKey& key);

/// What the service says of itself: `members` stand beside the usual head, and are bounded.
[[nodiscard]] LogRecord make_statement_record(LogRecordType type, const Json& members,
                                              const std::string& log_id, UnixNanos now);

/// Reads a `rule_change` payload. Error Corrupt: it is none.
[[nodiscard]] Result<RuleChangeRecord> read_rule_change(std::string_view payload);

/// Name of the row of `state` that holds the last recorded version of a rule.
[[nodiscard]] std::string recorded_rule_name(std::string_view rule_id);
/// Reads its value. Error Corrupt.
[[nodiscard]] Result<RecordedRule> read_recorded_rule(std::string_view value);

}  // namespace betrace::storage
