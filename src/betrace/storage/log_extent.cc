#include "betrace/storage/log_extent.h"

#include <optional>
#include <utility>

#include "betrace/storage/log_format.h"
#include "betrace/storage/sqlite.h"

namespace betrace::storage {
namespace {

// True if the newest record belongs to the last group that was committed.
bool ends_with(const std::string& path, std::uint64_t last_seq) {
  auto database = Database::open(path, Database::Mode::ReadOnly);
  if (!database) return false;
  const auto newest = database->integer("SELECT max(seq) FROM record");
  return newest && static_cast<std::uint64_t>(newest->value_or(0)) == last_seq;
}

}  // namespace

Result<LogExtent> read_extent(const std::string& path, std::uint64_t end_seq) {
  auto database = Database::open(path, Database::Mode::ReadOnly);
  if (!database) return fail(database.error());
  auto start = read_start(*database);
  if (!start) return fail(start.error());
  const auto tail = read_tail_before(*database, *start, end_seq);
  if (!tail) return fail(tail.error());
  return LogExtent{*std::move(start), *tail};
}

LearntTail learn_tail(const DamagedGeneration& damaged, const ReadableGeneration* before) {
  LearntTail learnt{{0, {}, false}, 0, {}};
  std::uint64_t lost = damaged.number;
  if (before != nullptr) {
    const auto extent = read_extent(before->path, kSequenceMax);
    learnt.tail.last_seq = before->first_seq + kSequenceSkip;  // if it cannot be read either
    if (extent) learnt.tail = extent->tail;
    lost -= before->number;
  }
  learnt.first_seq = learnt.tail.last_seq + 1;
  Result<LogExtent> extent = fail(ErrorCode::Corrupt, "its end may be missing");
  if (damaged.wal == WalState::Whole) extent = read_extent(damaged.path, kSequenceMax);
  const bool is_ours = extent && extent->start.number == damaged.number &&
                       extent->tail.last_seq >= learnt.tail.last_seq;
  if (!is_ours) {
    learnt.tail.last_seq += 2 * kSequenceSkip * lost;
    return learnt;
  }
  learnt.log_id = extent->start.log_id;
  learnt.tail = extent->tail;
  if (!ends_with(damaged.path, learnt.tail.last_seq)) learnt.tail.last_seq += kSequenceSkip;
  return learnt;
}

}  // namespace betrace::storage
