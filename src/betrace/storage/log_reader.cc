#include "betrace/storage/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "betrace/base/base64.h"
#include "betrace/base/mutant.h"
#include "betrace/evidence/merkle.h"
#include "betrace/evidence/violation_payload.h"
#include "betrace/storage/log_check.h"

namespace betrace::storage {
namespace {

constexpr std::size_t kTopMax = 5;
constexpr std::size_t kRowsPerLook = 64;  // at the clock
constexpr std::string_view kCursorVersion = "1.";

tl::unexpected<Error> altered(std::uint64_t sequence) {
  return fail(ErrorCode::Corrupt, fmt::format("record {} is not what was committed", sequence));
}

struct RawRecord {
  std::string payload;
  std::string mac;
};

Result<RawRecord> read_record(GenerationReader& reader, std::uint64_t sequence) {
  Statement& row = reader.record;
  row.reset();
  const auto found = row.bind(0, sequence).step();
  if (!found) return fail(found.error());
  if (!*found) return altered(sequence);
  RawRecord record{std::string(row.bytes(1)), std::string(row.bytes(2))};
  const bool is_whole =
      is_mutant('d') || is_digest(row.bytes(0), evidence::leaf_hash(sequence, record.payload));
  row.reset();
  return is_whole ? Result<RawRecord>(std::move(record)) : altered(sequence);
}

bool has_flag(std::int64_t flags, std::int64_t flag) { return (flags & flag) != 0; }

// What a query asks of the newest record.
bool fits(const ViolationQuery& query, std::int64_t completeness, std::int64_t flags) {
  if (query.late && *query.late != has_flag(flags, kFlagLate)) return false;
  if (query.early && *query.early != has_flag(flags, kFlagEarly)) return false;
  const bool wants_withdrawn = query.status == model::ViolationStatus::Withdrawn;
  if (query.status && wants_withdrawn != has_flag(flags, kFlagWithdrawn)) return false;
  if (query.completeness.empty()) return true;
  return std::ranges::find(query.completeness, static_cast<model::Completeness>(completeness)) !=
         query.completeness.end();
}

// Counts of one kind of key, and where its newest record is.
struct Tally {
  std::uint64_t count = 0;
  std::size_t generation = 0;
  std::uint64_t sequence = 0;
};
using Tallies = std::map<std::string, Tally, std::less<>>;

void add(Tallies* tallies, std::string_view key, const WalkRow& row) {
  auto place = tallies->find(key);
  if (place == tallies->end()) {
    const Tally first{0, row.generation, row.position.sequence};
    place = tallies->emplace(key, first).first;
  }
  ++place->second.count;
}

std::vector<std::pair<std::string, Tally>> most(const Tallies& tallies) {
  std::vector<std::pair<std::string, Tally>> sorted(tallies.begin(), tallies.end());
  std::ranges::stable_sort(sorted, [](const auto& left, const auto& right) {
    return left.second.count > right.second.count;
  });
  if (sorted.size() > kTopMax) sorted.resize(kTopMax);
  return sorted;
}

// The columns of GenerationReader::tail.
bool is_wanted(Statement& row, const TailQuery& query) {
  switch (static_cast<LogRecordType>(row.integer(1))) {
    case LogRecordType::Violation:
      return true;
    case LogRecordType::Revision:
      return query.with_changes || has_flag(row.integer(2), kFlagWithdrawn);
    case LogRecordType::Final:
      return query.with_changes;
    case LogRecordType::RuleChange:
    case LogRecordType::Compliance:
      return query.with_evidence;
    default:
      return false;
  }
}

// Fills in the member of the record's type.
bool read_payload(std::string_view payload, TailRecord* record) {
  if (record->type == LogRecordType::RuleChange) {
    auto change = read_rule_change(payload);
    if (change) record->change = *std::move(change);
    return record->change.has_value();
  }
  if (record->type == LogRecordType::Compliance) {
    auto compliance = evidence::read_compliance(payload);
    if (compliance) record->compliance = *std::move(compliance);
    return record->compliance.has_value();
  }
  auto violation = evidence::read_violation_payload(payload);
  if (!violation) return false;
  record->record = std::move(violation->record);
  record->place.key_id = std::move(violation->key_id);
  return true;
}

TailRecord tail_record(Statement& row) {
  TailRecord record;
  record.type = static_cast<LogRecordType>(row.integer(1));
  record.sequence = static_cast<std::uint64_t>(row.integer(0));
  record.time = static_cast<UnixNanos>(row.integer(3));
  record.byte_count = static_cast<std::size_t>(row.integer(4));
  record.place = {record.sequence, record.time, std::string(row.bytes(6)), ""};
  const std::string_view payload = row.bytes(7);
  record.leaf = evidence::leaf_hash(record.sequence, payload);
  record.is_readable = is_digest(row.bytes(5), record.leaf) && read_payload(payload, &record);
  return record;
}

// Gives each row to `look` until it returns false or a slice of rows is done, since reading keeps
// the writer from reusing its WAL. Returns the last sequence that was looked at, else `after`.
template <typename Look>
Result<std::uint64_t> walk_tail(GenerationReaders& readers, const TailQuery& query, Look look) {
  constexpr std::size_t kRowsMax = 20'000;
  std::uint64_t examined = query.after;
  std::size_t rows = 0;
  for (const auto& reader : readers) {
    if (reader->end_seq <= examined + 1) continue;
    Statement& row = reader->tail;
    row.reset();
    row.bind(0, examined).bind(1, std::min(reader->end_seq, query.last + 1));
    for (;;) {
      const auto found = row.step();
      if (!found) return fail(found.error());
      if (!*found) break;
      examined = static_cast<std::uint64_t>(row.integer(0));
      if (!look(row) || ++rows == kRowsMax) {
        row.reset();
        return examined;
      }
    }
    row.reset();
  }
  return examined;
}

/// Equal slices of a window, oldest first.
class Timeline {
 public:
  Timeline(UnixNanos start, UnixNanos end, std::size_t buckets)
      : start_(start),
        width_(std::max<UnixNanos>((end - start) / std::max<std::size_t>(buckets, 1), 1)) {
    for (std::size_t i = 0; i < buckets; ++i) buckets_.push_back({start + i * width_, {}});
  }

  void add(UnixNanos time, std::size_t severity) {
    if (buckets_.empty()) return;
    const std::size_t bucket = std::min<std::size_t>((time - start_) / width_, buckets_.size() - 1);
    ++buckets_[bucket].by_severity[severity];
  }

  [[nodiscard]] std::vector<ViolationSummary::Bucket> take() { return std::move(buckets_); }

 private:
  UnixNanos start_;
  UnixNanos width_;
  std::vector<ViolationSummary::Bucket> buckets_;
};

}  // namespace

std::string write_cursor(const LogPosition& position) {
  std::string text =
      to_base64(fmt::format("{}{}.{}", kCursorVersion, position.time, position.sequence));
  text.resize(text.find_last_not_of('=') + 1);
  return text;
}

Result<LogPosition> read_cursor(std::string_view text) {
  LogPosition position;
  const auto plain = from_base64(text);
  if (plain && plain->starts_with(kCursorVersion)) {
    const char* const end = plain->data() + plain->size();
    const auto time = std::from_chars(plain->data() + kCursorVersion.size(), end, position.time);
    if (time.ec == std::errc() && time.ptr != end && *time.ptr == '.') {
      std::from_chars(time.ptr + 1, end, position.sequence);
      if (write_cursor(position) == text) return position;
    }
  }
  return fail(ErrorCode::InvalidArgument, "cursor: not one of this service");
}

Result<std::unique_ptr<LogReader>> LogReader::open(
    const std::vector<ReadableGeneration>& generations) {
  std::unique_ptr<LogReader> reader(new LogReader());
  for (const ReadableGeneration& generation : generations) {
    auto opened = GenerationReader::open(generation);
    if (!opened) return fail(opened.error());
    reader->readers_.push_back(*std::move(opened));
  }
  return reader;
}

Result<ViolationPage> LogReader::query(const ViolationQuery& query) {
  ViolationPage page;
  std::optional<LogPosition> cursor;
  if (!query.cursor.empty()) {
    const auto read = read_cursor(query.cursor);
    if (!read) return fail(read.error());
    cursor = *read;
  }
  ViolationWalk walk(readers_, query, cursor);
  if (auto filled = fill(query, walk, &page); !filled) return fail(filled.error());
  if (!query.with_total) page.total = 0;
  if (!query.with_total || page.is_cut) return page;
  // The total wants all matches, the page only those behind the cursor.
  std::optional<ViolationWalk> all;
  if (cursor) {
    page.total = 0;
    all.emplace(readers_, query, std::nullopt);
  }
  if (auto counted = count(query, cursor ? *all : walk, &page.total); !counted) {
    return fail(counted.error());
  }
  return page;
}

// Until the page is full, and one more match has shown that it is not the end, or the time is
// spent. What an offset skips is skipped whatever it takes, for no cursor could stand for the rest.
Result<void> LogReader::fill(const ViolationQuery& query, ViolationWalk& walk,
                             ViolationPage* page) {
  std::uint64_t to_skip = query.offset;
  for (std::size_t rows = 1;; ++rows) {
    const auto row = walk.next();
    if (!row) return fail(row.error());
    if (*row == nullptr) return {};
    const LogPosition position = (*row)->position;
    const auto newest = match(query, **row);
    if (!newest) return fail(newest.error());
    if (*newest) {
      ++page->total;
      if (to_skip > 0) {
        --to_skip;
      } else if (page->violations.size() == query.limit) {
        const StoredViolation& last = page->violations.back();
        page->next_cursor = write_cursor({last.created_at, last.sequence});
        return {};
      } else {
        auto stored = read((*row)->generation, position, **newest);
        if (!stored) return fail(stored.error());
        page->violations.push_back(*std::move(stored));
      }
    }
    const bool asks = query.is_time_spent && to_skip == 0 && rows % kRowsPerLook == 0;
    if (asks && query.is_time_spent()) {
      page->is_cut = true;
      page->next_cursor = write_cursor(position);
      return {};
    }
  }
}

Result<void> LogReader::count(const ViolationQuery& query, ViolationWalk& walk,
                              std::uint64_t* total) {
  for (;;) {
    const auto row = walk.next();
    if (!row) return fail(row.error());
    if (*row == nullptr) return {};
    const auto newest = match(query, **row);
    if (!newest) return fail(newest.error());
    if (*newest) ++*total;
  }
}

Result<std::optional<LogReader::Newest>> LogReader::match(const ViolationQuery& query,
                                                          const WalkRow& row) {
  const bool is_of_service = query.services.empty() ||
                             std::ranges::find(query.services, row.service) != query.services.end();
  if (!is_of_service) return std::nullopt;
  const auto newest = newest_of(row.violation_id);
  if (!newest) return fail(newest.error());
  if (!fits(query, newest->completeness, newest->flags)) return std::nullopt;
  return *newest;
}

Result<LogReader::Newest> LogReader::newest_of(const ViolationIdBytes& id) {
  for (std::size_t i = readers_.size(); i-- > 0;) {
    Statement& row = readers_[i]->newest;
    row.reset();
    const auto found = row.bind_blob(0, id).bind(1, readers_[i]->end_seq).step();
    if (!found) return fail(found.error());
    if (!*found) continue;
    const Newest newest{i, static_cast<std::uint64_t>(row.integer(0)), row.integer(1),
                        row.integer(2)};
    row.reset();
    return newest;
  }
  return fail(ErrorCode::NotFound, "no such violation");
}

Result<StoredViolation> LogReader::read(std::size_t first_generation, LogPosition first,
                                        const Newest& newest) {
  auto record = read_record(*readers_[newest.generation], newest.sequence);
  if (!record) return fail(record.error());
  auto payload = evidence::read_violation_payload(record->payload);
  if (!payload) return fail(payload.error());
  StoredViolation stored;
  stored.violation = std::move(payload->record.violation);
  stored.key_id = std::move(payload->key_id);
  stored.cut = std::move(payload->cut);
  stored.sequence = first.sequence;
  stored.created_at = first.time;
  stored.last_sequence = newest.sequence;
  stored.signature = std::move(record->mac);
  if (first.sequence != newest.sequence) {
    auto original = read_record(*readers_[first_generation], first.sequence);
    if (!original) return fail(original.error());
    stored.signature = std::move(original->mac);
  }
  return stored;
}

Result<StoredViolation> LogReader::find(const ViolationIdBytes& id) {
  const auto newest = newest_of(id);
  if (!newest) return fail(newest.error());
  const auto first = first_of(id);
  if (!first) return fail(first.error());
  if (first->position.sequence == 0) return fail(ErrorCode::NotFound, "no such violation");
  return read(first->generation, first->position, *newest);
}

Result<LogReader::First> LogReader::first_of(const ViolationIdBytes& id) {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    Statement& row = readers_[i]->first;
    row.reset();
    const auto found = row.bind_blob(0, id).bind(1, readers_[i]->end_seq).step();
    if (!found) return fail(found.error());
    if (!*found) continue;
    const LogPosition position{static_cast<UnixNanos>(row.integer(1)),
                               static_cast<std::uint64_t>(row.integer(0))};
    row.reset();
    return First{i, position};
  }
  return First{};
}

Result<std::uint64_t> LogReader::first_sequence(const ViolationIdBytes& id) {
  return first_of(id).map([](const First& first) { return first.position.sequence; });
}

// A first record that is gone or altered leaves the place of the later one.
Result<void> LogReader::place_after_first(TailRecord* record) {
  const auto first = first_of(violation_id_bytes(record->record.violation.key));
  if (!first) return fail(first.error());
  if (first->position.sequence == 0) return {};
  auto original = read_record(*readers_[first->generation], first->position.sequence);
  if (!original) {
    if (original.error().code == ErrorCode::Corrupt) return {};
    return fail(original.error());
  }
  record->place.sequence = first->position.sequence;
  record->place.created_at = first->position.time;
  record->place.signature = std::move(original->mac);
  return {};
}

Result<ViolationTail> LogReader::tail(const TailQuery& query) {
  ViolationTail tail;
  tail.examined = query.after;
  std::size_t bytes = 0;
  const auto walked = walk_tail(readers_, query, [&](Statement& row) {
    if (!is_wanted(row, query)) return true;
    TailRecord record = tail_record(row);
    bytes += record.byte_count;
    tail.records.push_back(std::move(record));
    return tail.records.size() < query.records_max && bytes < query.bytes_max;
  });
  if (!walked) return fail(walked.error());
  tail.examined = *walked;
  for (TailRecord& record : tail.records) {
    if (!record.is_readable || record.record.type == model::RecordType::Violation) continue;
    if (auto placed = place_after_first(&record); !placed) return fail(placed.error());
  }
  return tail;
}

Result<TailSize> LogReader::tail_size(const TailQuery& query) {
  TailSize size;
  const auto walked = walk_tail(readers_, query, [&](Statement& row) {
    if (!is_wanted(row, query)) return true;
    size.bytes += static_cast<std::uint64_t>(row.integer(4));
    return ++size.records < query.records_max && size.bytes < query.bytes_max;
  });
  if (!walked) return fail(walked.error());
  size.examined = *walked;
  return size;
}

Result<ViolationSummary> LogReader::summary(UnixNanos start, UnixNanos end, std::size_t buckets) {
  ViolationQuery window;
  window.start_time = start;
  window.end_time = end;
  ViolationSummary summary;
  Timeline timeline(start, end, buckets);
  Tallies rules;
  Tallies services;
  ViolationWalk walk(readers_, window, std::nullopt);
  for (;;) {
    const auto next = walk.next();
    if (!next) return fail(next.error());
    if (*next == nullptr) break;
    const WalkRow& row = **next;
    const auto newest = newest_of(row.violation_id);
    if (!newest) return fail(newest.error());
    const auto severity = static_cast<std::size_t>(std::clamp<std::int64_t>(row.severity, 1, 4));
    ++summary.total;
    ++summary.by_severity[severity - 1];
    ++summary.by_completeness[static_cast<std::size_t>(newest->completeness) % 7];
    summary.withdrawn += has_flag(newest->flags, kFlagWithdrawn) ? 1 : 0;
    timeline.add(row.position.time, severity - 1);
    add(&rules, row.rule_id, row);
    if (!row.service.empty()) add(&services, row.service, row);
  }
  summary.timeline = timeline.take();
  for (const auto& [id, tally] : most(rules)) {
    auto name = rule_name_at(tally.generation, tally.sequence);
    if (!name) return fail(name.error());
    summary.top_rules.push_back({id, *std::move(name), tally.count});
  }
  for (const auto& [service, tally] : most(services)) {
    summary.top_services.push_back({service, service, tally.count});
  }
  return summary;
}

Result<std::string> LogReader::rule_name_at(std::size_t generation, std::uint64_t sequence) {
  const auto record = read_record(*readers_[generation], sequence);
  if (!record) return fail(record.error());
  auto payload = evidence::read_violation_payload(record->payload);
  if (!payload) return fail(payload.error());
  return std::move(payload->record.violation.rule_name);
}

Result<std::vector<StoredRuleChange>> LogReader::rule_history(std::string_view rule_id,
                                                              std::size_t limit) {
  std::vector<StoredRuleChange> changes;
  for (std::size_t i = readers_.size(); i-- > 0 && changes.size() < limit;) {
    auto rows = readers_[i]->database.prepare(
        "SELECT seq FROM record INDEXED BY record_rule WHERE rule_id = ? AND type = 4 AND seq < ? "
        "ORDER BY time_ns DESC, seq DESC LIMIT ?");
    if (!rows) return fail(rows.error());
    rows->bind(0, rule_id).bind(1, readers_[i]->end_seq);
    rows->bind(2, std::uint64_t{limit - changes.size()});
    for (;;) {
      const auto more = rows->step();
      if (!more) return fail(more.error());
      if (!*more) break;
      const auto sequence = static_cast<std::uint64_t>(rows->integer(0));
      const auto record = read_record(*readers_[i], sequence);
      if (!record) return fail(record.error());
      auto change = read_rule_change(record->payload);
      if (!change) return fail(change.error());
      changes.push_back({sequence, *std::move(change)});
    }
  }
  return changes;
}

}  // namespace betrace::storage
