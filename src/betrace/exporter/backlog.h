// How much of the log waits to be exported: counted as the log grows, without reading payloads.
//
// Used by the exporter's thread alone. What was delivered or parked is subtracted by who asks.
#pragma once

#include <algorithm>
#include <cstdint>

#include "betrace/storage/violation_log.h"

namespace betrace::exporter {

/// Returns how many records of the kinds that `query` asks for lie between two sequences, both
/// inclusive.
[[nodiscard]] inline std::uint64_t records_between(const storage::ViolationLog& log,
                                                   storage::TailQuery query, std::uint64_t first,
                                                   std::uint64_t last) {
  query.after = first - 1;
  query.last = last;
  query.records_max = SIZE_MAX;
  query.bytes_max = SIZE_MAX;
  std::uint64_t records = 0;
  for (;;) {
    const auto size = log.tail_size(query);
    if (!size || size->examined == query.after) return records;
    records += size->records;
    query.after = size->examined;
  }
}

/// One thread.
class Backlog {
 public:
  /// `wanted` says which kinds of records are counted.
  Backlog(const storage::ViolationLog& log, const storage::TailQuery& wanted, std::uint64_t cursor)
      : log_(log), wanted_(wanted), counted_to_(cursor) {}

  /// Counts what has come, some 10,000 records at most; true if there is nothing more to count.
  bool count() {
    const std::uint64_t last = log_.status().last_sequence;
    if (counted_to_ >= last) return true;
    storage::TailQuery query = wanted_;
    query.after = counted_to_;
    query.records_max = SIZE_MAX;
    query.bytes_max = SIZE_MAX;
    const auto size = log_.tail_size(query);
    if (!size) return true;  // whoever reads the records says so
    records_ += size->records;
    bytes_ += size->bytes;
    counted_to_ = size->examined;
    return counted_to_ >= last;
  }

  /// Since the beginning.
  [[nodiscard]] std::uint64_t records() const noexcept { return records_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  const storage::ViolationLog& log_;
  const storage::TailQuery wanted_;
  std::uint64_t counted_to_;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace betrace::exporter
