// The bytes of the violation log: file names, schema, numbers that never change.
//
// One SQLite file is one generation. docs/internals/violation_log.md is the page of this format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/time.h"

namespace betrace::storage {

inline constexpr std::int64_t kLogApplicationId = 0x42544C47;  ///< `BTLG`
inline constexpr std::int64_t kLogUserVersion = 100;           ///< major * 100 + minor
inline constexpr std::int64_t kLogMajor = kLogUserVersion / 100;

/// Column `type` of `record`. Never renumber.
enum class LogRecordType : std::uint8_t {
  Violation = 1,
  Final = 2,
  Revision = 3,
  RuleChange = 4,
  Gap = 5,
  Start = 6,
  Stop = 7,
  Coverage = 8,
  Ruleset = 9,
  Refused = 10,
  Compliance = 11,
  Retention = 12,
  KeyEvent = 13,
};

/// As in payloads and metrics: `rule_change`; empty for a number that is none.
[[nodiscard]] std::string_view name_of(LogRecordType type) noexcept;

/// Bits of column `flags`.
inline constexpr std::int64_t kFlagEarly = 1;
inline constexpr std::int64_t kFlagLate = 2;
inline constexpr std::int64_t kFlagWithdrawn = 4;

/// Sequence numbers that are skipped when the last one of a lost generation is unknown: more than a
/// generation can hold.
inline constexpr std::uint64_t kSequenceSkip = 1ULL << 24;
/// No sequence is as large; leaves room to skip.
inline constexpr std::uint64_t kSequenceMax = 1ULL << 62;

/// Records of the log, both ends inclusive; 0: none.
struct SequenceRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

inline constexpr std::string_view kLogSchema = R"sql(
CREATE TABLE generation (number INTEGER PRIMARY KEY, log TEXT NOT NULL, first_seq INTEGER NOT NULL,
  prev BLOB NOT NULL, created_ns INTEGER NOT NULL) STRICT;
CREATE TABLE commit_group (last_seq INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL,
  payload BLOB NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
CREATE TABLE record (seq INTEGER PRIMARY KEY, group_seq INTEGER NOT NULL, type INTEGER NOT NULL,
  leaf BLOB NOT NULL, time_ns INTEGER NOT NULL, rule_id TEXT, severity INTEGER, service TEXT,
  completeness INTEGER, flags INTEGER NOT NULL, trace_id BLOB, violation_id BLOB, mac BLOB,
  payload BLOB NOT NULL) STRICT;
CREATE INDEX record_time ON record (time_ns);
CREATE INDEX record_rule ON record (rule_id, time_ns) WHERE rule_id IS NOT NULL;
CREATE INDEX record_severity ON record (severity, time_ns) WHERE severity IS NOT NULL;
CREATE INDEX record_trace ON record (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX record_violation ON record (violation_id) WHERE violation_id IS NOT NULL;
CREATE TABLE parked (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, reason TEXT NOT NULL,
  tries INTEGER NOT NULL, next_try_ns INTEGER NOT NULL) STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TRIGGER record_kept BEFORE UPDATE ON record
  BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;
CREATE TRIGGER record_not_deleted BEFORE DELETE ON record
  BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END;
CREATE TRIGGER commit_group_kept BEFORE UPDATE ON commit_group
  BEGIN SELECT RAISE(ABORT, 'groups are never changed'); END;
CREATE TRIGGER commit_group_not_deleted BEFORE DELETE ON commit_group
  BEGIN SELECT RAISE(ABORT, 'groups are never deleted'); END;
CREATE TRIGGER generation_kept BEFORE UPDATE ON generation
  BEGIN SELECT RAISE(ABORT, 'a generation is never changed'); END;
CREATE TRIGGER generation_not_deleted BEFORE DELETE ON generation
  BEGIN SELECT RAISE(ABORT, 'a generation is never deleted'); END;
)sql";

/// `log-000001.db`
[[nodiscard]] std::string generation_file_name(std::uint64_t number);

/// Returns the number in `log-000001.db`, 0 for any other name.
[[nodiscard]] std::uint64_t generation_number(std::string_view file_name) noexcept;

/// Returns the column of a time; times after 2262 do not fit it, the payload has them whole.
[[nodiscard]] std::int64_t sql_time(UnixNanos time) noexcept;

/// `log-000001.corrupt-20261125T101500.123456Z.db`: a generation that was set aside at `now`.
[[nodiscard]] std::string set_aside_file_name(std::uint64_t number, UnixNanos now);

/// Returns the number in the name of a generation that was set aside, 0 for any other name.
[[nodiscard]] std::uint64_t set_aside_number(std::string_view file_name) noexcept;

}  // namespace betrace::storage
