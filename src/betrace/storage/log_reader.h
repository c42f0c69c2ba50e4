// Questions to the violation log, over all its generations, on connections of their own.
//
// Used by ViolationLog for the API. Sees committed rows only and checks every payload that it
// returns against its leaf. One reader belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/log_evidence.h"
#include "betrace/storage/log_record.h"
#include "betrace/storage/log_walk.h"
#include "betrace/storage/record_query.h"
#include "betrace/storage/rule_change_record.h"
#include "betrace/storage/violation_query.h"
#include "betrace/storage/violation_tail.h"

namespace betrace::storage {

/// One thread at a time.
class LogReader {
 public:
  /// `generations` oldest first, at least one.
  [[nodiscard]] static Result<std::unique_ptr<LogReader>> open(
      const std::vector<ReadableGeneration>& generations);

  [[nodiscard]] Result<ViolationPage> query(const ViolationQuery& query);
  [[nodiscard]] Result<StoredViolation> find(const ViolationIdBytes& id);
  [[nodiscard]] Result<ViolationSummary> summary(UnixNanos start, UnixNanos end,
                                                 std::size_t buckets);
  [[nodiscard]] Result<std::vector<StoredRuleChange>> rule_history(std::string_view rule_id,
                                                                   std::size_t limit);
  [[nodiscard]] Result<ViolationTail> tail(const TailQuery& query);
  [[nodiscard]] Result<TailSize> tail_size(const TailQuery& query);
  [[nodiscard]] Result<RecordPage> records(const RecordQuery& query);
  [[nodiscard]] Result<std::vector<EvidenceGroup>> groups(const EvidenceQuery& query) {
    return read_groups(readers_, query);
  }
  [[nodiscard]] Result<std::vector<EvidenceProof>> proofs(const ViolationIdBytes& id) {
    return read_proofs(readers_, id);
  }
  [[nodiscard]] Result<EvidenceQuery> range(UnixNanos start, UnixNanos end) {
    return read_range(readers_, start, end);
  }
  /// Sequence of the first record of a violation, 0 if there is none.
  [[nodiscard]] Result<std::uint64_t> first_sequence(const ViolationIdBytes& id);

 private:
  struct Newest {
    std::size_t generation = 0;
    std::uint64_t sequence = 0;
    std::int64_t completeness = 0;  // 0: none
    std::int64_t flags = 0;
  };

  /// Of a violation; sequence 0: there is none.
  struct First {
    std::size_t generation = 0;
    LogPosition position;
  };

  [[nodiscard]] Result<Newest> newest_of(const ViolationIdBytes& id);
  [[nodiscard]] Result<void> fill(const ViolationQuery& query, ViolationWalk& walk,
                                  ViolationPage* page);
  [[nodiscard]] Result<void> count(const ViolationQuery& query, ViolationWalk& walk,
                                   std::uint64_t* total);
  /// The newest record of the row's violation if it is what `query` asks for; else nothing.
  [[nodiscard]] Result<std::optional<Newest>> match(const ViolationQuery& query,
                                                    const WalkRow& row);
  [[nodiscard]] Result<First> first_of(const ViolationIdBytes& id);
  [[nodiscard]] Result<void> place_after_first(TailRecord* record);
  [[nodiscard]] Result<StoredViolation> read(std::size_t first_generation, LogPosition first,
                                             const Newest& newest);
  [[nodiscard]] Result<std::string> rule_name_at(std::size_t generation, std::uint64_t sequence);

  GenerationReaders readers_;
};

/// The text of `next_cursor`, fit for a URL.
[[nodiscard]] std::string write_cursor(const LogPosition& position);
/// Error InvalidArgument: not a text of write_cursor().
[[nodiscard]] Result<LogPosition> read_cursor(std::string_view text);

}  // namespace betrace::storage
