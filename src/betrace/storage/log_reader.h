// Questions to the violation log, over all its generations, on connections of their own.
//
// Used by ViolationLog for the API. Sees committed rows only and checks every payload that it
// returns against its leaf. One reader belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/log_record.h"
#include "betrace/storage/rule_change_record.h"
#include "betrace/storage/sqlite.h"
#include "betrace/storage/violation_query.h"

namespace betrace::storage {

/// A readable generation and the first sequence that does not count any more in it.
struct ReadableGeneration {
  std::string path;
  std::uint64_t end_seq = UINT64_MAX;
};

/// Most generations that one reader looks into, newest first: SQLite's bound on attached files.
inline constexpr std::size_t kReadableGenerationsMax = 9;

/// One thread at a time.
class LogReader {
 public:
  /// `generations` oldest first, at least one; the newest kReadableGenerationsMax are opened.
  [[nodiscard]] static Result<std::unique_ptr<LogReader>> open(
      std::vector<ReadableGeneration> generations);

  [[nodiscard]] Result<ViolationPage> query(const ViolationQuery& query);
  [[nodiscard]] Result<StoredViolation> find(const ViolationIdBytes& id);
  [[nodiscard]] Result<ViolationSummary> summary(UnixNanos start, UnixNanos end,
                                                 std::size_t buckets);
  [[nodiscard]] Result<std::vector<StoredRuleChange>> rule_history(std::string_view rule_id,
                                                                   std::size_t limit);
  [[nodiscard]] Result<std::map<std::string, RecordedRule>> recorded_rules();
  /// Sequence of the first record of a violation, 0 if there is none.
  [[nodiscard]] Result<std::uint64_t> first_sequence(const ViolationIdBytes& id);

 private:
  LogReader() = default;
  Result<std::vector<ViolationSummary::Count>> top(std::string_view key, UnixNanos start,
                                                   UnixNanos end);
  Result<void> fill_timeline(UnixNanos start, UnixNanos end, std::size_t buckets,
                             ViolationSummary* summary);

  Database database_;
};

/// Reads the text of `next_cursor`. Error InvalidArgument.
struct LogCursor {
  UnixNanos time = 0;
  std::uint64_t sequence = 0;
};
[[nodiscard]] std::string write_cursor(const LogCursor& cursor);
[[nodiscard]] Result<LogCursor> read_cursor(std::string_view text);

}  // namespace betrace::storage
