// LogReader::records(): all generations walked along their index of time, and merged.

#include <algorithm>
#include <limits>

#include "betrace/evidence/merkle.h"
#include "betrace/storage/log_check.h"
#include "betrace/storage/log_reader.h"

namespace betrace::storage {
namespace {

// Reading keeps the writer from reusing its WAL.
constexpr std::size_t kRowsLookedAtMax = 20'000;
constexpr UnixNanos kTimeMax = std::numeric_limits<std::int64_t>::max();

/// The rows of one generation that a page may hold, and the one it stands at.
struct RecordCursor {
  Statement rows;
  bool has_row = false;
  LogPosition position;

  Result<void> advance() {
    const auto found = rows.step();
    if (!found) return fail(found.error());
    has_row = *found;
    if (has_row) {
      position = {static_cast<UnixNanos>(rows.integer(2)),
                  static_cast<std::uint64_t>(rows.integer(0))};
    }
    return {};
  }
};

std::string_view rows_newest_first() {
  return "SELECT seq, type, time_ns, leaf, payload FROM record INDEXED BY record_time "
         "WHERE time_ns >= ? AND time_ns <= ? AND (time_ns < ? OR seq < ?) AND seq < ? "
         "ORDER BY time_ns DESC, seq DESC";
}

std::string_view rows_oldest_first() {
  return "SELECT seq, type, time_ns, leaf, payload FROM record INDEXED BY record_time "
         "WHERE time_ns >= ? AND time_ns <= ? AND (time_ns > ? OR seq > ?) AND seq < ? "
         "ORDER BY time_ns, seq";
}

/// What a query asks, with its cursor read.
struct RecordBounds {
  std::int64_t first_time = 0;
  std::int64_t last_time = std::numeric_limits<std::int64_t>::max();
  LogPosition after;
};

Result<RecordBounds> bounds_of(const RecordQuery& query) {
  RecordBounds bounds;
  bounds.first_time = sql_time(query.start_time);
  if (query.end_time) bounds.last_time = sql_time(*query.end_time) - 1;
  bounds.after = query.is_newest_first ? LogPosition{kTimeMax, kSequenceMax} : LogPosition{};
  if (query.cursor.empty()) return bounds;
  const auto cursor = read_cursor(query.cursor);
  if (!cursor) return fail(cursor.error());
  bounds.after = *cursor;
  if (query.is_newest_first) {
    bounds.last_time = std::min(bounds.last_time, sql_time(cursor->time));
  } else {
    bounds.first_time = std::max(bounds.first_time, sql_time(cursor->time));
  }
  return bounds;
}

Result<std::vector<RecordCursor>> open_record_cursors(GenerationReaders& readers,
                                                      const RecordQuery& query,
                                                      const RecordBounds& bounds) {
  std::vector<RecordCursor> cursors(readers.size());
  for (std::size_t i = 0; i < readers.size(); ++i) {
    auto rows = readers[i]->database.prepare(query.is_newest_first ? rows_newest_first()
                                                                   : rows_oldest_first());
    if (!rows) return fail(rows.error());
    cursors[i].rows = *std::move(rows);
    cursors[i].rows.bind(0, bounds.first_time).bind(1, bounds.last_time);
    cursors[i].rows.bind(2, sql_time(bounds.after.time)).bind(3, bounds.after.sequence);
    cursors[i].rows.bind(4, readers[i]->end_seq);
    if (auto done = cursors[i].advance(); !done) return fail(done.error());
  }
  return cursors;
}

// The cursor whose row comes next; null at the end of all.
RecordCursor* next_record(std::vector<RecordCursor>& cursors, bool is_newest_first) {
  RecordCursor* best = nullptr;
  for (RecordCursor& each : cursors) {
    if (!each.has_row) continue;
    const bool is_better = best == nullptr || (is_newest_first ? each.position > best->position
                                                               : each.position < best->position);
    if (is_better) best = &each;
  }
  return best;
}

Result<StoredRecord> stored_record(const RecordCursor& cursor) {
  StoredRecord record;
  record.sequence = cursor.position.sequence;
  record.type = static_cast<LogRecordType>(cursor.rows.integer(1));
  record.time = cursor.position.time;
  record.payload = cursor.rows.bytes(4);
  const Sha256 leaf = evidence::leaf_hash(record.sequence, record.payload);
  if (is_digest(cursor.rows.bytes(3), leaf)) return record;
  return fail(ErrorCode::Corrupt,
              "record " + std::to_string(record.sequence) + " is not what was committed");
}

bool is_wanted(const RecordQuery& query, const RecordCursor& cursor) {
  const auto type = static_cast<LogRecordType>(cursor.rows.integer(1));
  return query.types.empty() || std::ranges::find(query.types, type) != query.types.end();
}

}  // namespace

Result<RecordPage> LogReader::records(const RecordQuery& query) {
  const auto bounds = bounds_of(query);
  if (!bounds) return fail(bounds.error());
  auto cursors = open_record_cursors(readers_, query, *bounds);
  if (!cursors) return fail(cursors.error());
  RecordPage page;
  LogPosition last = bounds->after;
  for (std::size_t rows = 0;; ++rows) {
    RecordCursor* at = next_record(*cursors, query.is_newest_first);
    if (at == nullptr) return page;
    if (page.records.size() == query.limit || rows == kRowsLookedAtMax) break;
    last = at->position;
    if (is_wanted(query, *at)) {
      auto record = stored_record(*at);
      if (!record) return fail(record.error());
      page.records.push_back(*std::move(record));
    }
    if (auto done = at->advance(); !done) return fail(done.error());
  }
  page.next_cursor = write_cursor(last);
  return page;
}

}  // namespace betrace::storage
