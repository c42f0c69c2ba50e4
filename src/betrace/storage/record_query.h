// Questions for records of any type: what the log says, in the order in which it happened.
//
// Asked by api/ (audit) and by reports, answered by ViolationLog and LogReader. For violations as
// they stand now there is violation_query.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/storage/log_format.h"

namespace betrace::storage {

struct RecordQuery {
  std::vector<LogRecordType> types;   ///< Empty: all.
  UnixNanos start_time = 0;           ///< Inclusive.
  std::optional<UnixNanos> end_time;  ///< Exclusive.
  bool is_newest_first = true;        ///< By time, then sequence.
  std::size_t limit = 100;
  std::string cursor;  ///< `next_cursor` of the page before; empty: the first page.
};

struct StoredRecord {
  std::uint64_t sequence = 0;
  LogRecordType type = LogRecordType::Violation;
  UnixNanos time = 0;
  std::string payload;  ///< Compared with its leaf.
};

struct RecordPage {
  std::vector<StoredRecord> records;
  /// Empty at the end. A page may hold less than `limit`, even nothing, and go on: no more than
  /// 20,000 rows are looked at for one.
  std::string next_cursor;
};

}  // namespace betrace::storage
