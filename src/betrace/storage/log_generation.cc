#include "betrace/storage/log_generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "betrace/base/mutant.h"
#include "betrace/evidence/commit_payload.h"
#include "betrace/evidence/merkle.h"
#include "betrace/evidence/sealed_commit.h"

namespace betrace::storage {
namespace {

// Sets what a connection that writes needs, and reads each back.
Result<void> set_pragmas(Database& database) {
  struct Pragma {
    std::string_view name;
    std::string_view set;
    std::int64_t expected;
  };
  static constexpr Pragma kPragmas[] = {
      {"synchronous", "FULL", 2},
      {"wal_autocheckpoint", "0", 0},
      {"mmap_size", "0", 0},
      {"temp_store", "MEMORY", 2},
      {"cell_size_check", "ON", 1},
      {"trusted_schema", "OFF", 0},
      {"cache_size", "-65536", -65536},
  };
  const auto mode = database.text("PRAGMA journal_mode=WAL");
  if (!mode) return fail(mode.error());
  if (*mode != "wal") return fail(ErrorCode::StorageFailed, "violation log: no write-ahead log");
  for (const Pragma& pragma : kPragmas) {
    const std::string_view name = pragma.name;
    if (auto set = database.exec(fmt::format("PRAGMA {}={}", name, pragma.set)); !set) return set;
    const auto value = database.integer(fmt::format("PRAGMA {}", name));
    if (!value) return fail(value.error());
    // SQLite built without memory mapping answers nothing.
    if (value->value_or(pragma.expected) != pragma.expected) {
      return fail(ErrorCode::StorageFailed,
                  fmt::format("violation log: pragma {} cannot be set", name));
    }
  }
  if (is_mutant('a')) return database.exec("PRAGMA synchronous=OFF");
  if (is_mutant('f')) return database.exec("PRAGMA synchronous=NORMAL");
  return {};
}

Result<void> insert_start(Database& database, const GenerationStart& start) {
  auto row = database.prepare("INSERT INTO generation VALUES (?, ?, ?, ?, ?)");
  if (!row) return fail(row.error());
  row->bind(0, start.number).bind(1, std::string_view(start.log_id)).bind(2, start.first_seq);
  row->bind_blob(3, start.prev).bind(4, sql_time(start.created));
  return row->run();
}

std::string cursor_name(std::string_view sink) { return fmt::format("{}/cursor", sink); }
std::string parked_name(std::string_view sink) { return fmt::format("{}/parked", sink); }

// The table `parked` is that of the export; the others have a row of `state`, a line a range.
std::string parked_text(const std::vector<ParkedRange>& parked) {
  std::string text;
  for (const ParkedRange& range : parked) {
    text += fmt::format("{} {} {} {} {}\n", range.first_sequence, range.last_sequence, range.tries,
                        range.next_try, range.reason);
  }
  return text;
}

// A line that is none is passed over: its records can still be sent by hand.
std::vector<ParkedRange> read_parked_text(std::string_view text) {
  std::vector<ParkedRange> parked;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    ParkedRange range;
    words >> range.first_sequence >> range.last_sequence >> range.tries >> range.next_try >>
        range.reason;
    if (words) parked.push_back(std::move(range));
  }
  return parked;
}

// A value that is no number means the beginning: what is sent twice does no harm.
std::uint64_t read_cursor_value(std::string_view text) {
  std::uint64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && at == text.data() + text.size() ? value : 0;
}

Result<void> insert_parked(Database& database, const std::vector<ParkedRange>& parked) {
  auto row = database.prepare("INSERT INTO parked VALUES (?, ?, ?, ?, ?)");
  if (!row) return fail(row.error());
  for (const ParkedRange& range : parked) {
    row->bind(0, range.first_sequence).bind(1, range.last_sequence);
    row->bind(2, std::string_view(range.reason)).bind(3, std::uint64_t{range.tries});
    row->bind(4, sql_time(range.next_try));
    if (auto done = row->run(); !done) return done;
  }
  return {};
}

Result<void> insert_state(Database& database, const LogState& state) {
  auto row = database.prepare("INSERT INTO state VALUES (?, ?)");
  if (!row) return fail(row.error());
  const auto insert = [&row](std::string_view name, std::string_view value) {
    row->bind(0, name).bind_blob(1, value);
    return row->run();
  };
  for (const auto& [name, value] : state.values) {
    if (auto done = insert(name, value); !done) return done;
  }
  for (const auto& [sink, position] : state.positions) {
    if (auto done = insert(cursor_name(sink), std::to_string(position.cursor)); !done) return done;
    if (position.parked.empty()) continue;
    auto done = sink == kExportSink ? insert_parked(database, position.parked)
                                    : insert(parked_name(sink), parked_text(position.parked));
    if (!done) return done;
  }
  return {};
}

}  // namespace

// Nobody knows the file before it is whole and synced, so it needs no journal on disk; and SQLite,
// which after a failed sync would write once more to undo things, syncs nothing here.
Result<void> LogGeneration::create(const std::string& path, const GenerationStart& start,
                                   const LogState& state) {
  auto database = Database::open(path, Database::Mode::Create);
  if (!database) return fail(database.error());
  const std::string marks = fmt::format("PRAGMA application_id={}; PRAGMA user_version={};",
                                        kLogApplicationId, kLogUserVersion);
  auto made = database->exec("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY")
                  .and_then([&] { return database->exec("BEGIN IMMEDIATE"); })
                  .and_then([&] { return database->exec(std::string(kLogSchema) + marks); })
                  .and_then([&] { return insert_start(*database, start); })
                  .and_then([&] { return insert_state(*database, state); })
                  .and_then([&] { return database->exec("COMMIT"); });
  if (!made) return made;
  const auto mode = database->text("PRAGMA journal_mode=WAL");
  if (!mode) return fail(mode.error());
  if (*mode == "wal") return {};
  return fail(ErrorCode::StorageFailed, "violation log: a new file cannot have a write-ahead log");
}

Result<std::unique_ptr<LogGeneration>> LogGeneration::open(const std::string& path,
                                                           const evidence::KeyRing& ring) {
  auto database = Database::open(path, Database::Mode::ReadWrite);
  if (!database) return fail(database.error());
  std::unique_ptr<LogGeneration> generation(new LogGeneration());
  generation->database_ = *std::move(database);
  Database& handle = generation->database_;
  const auto is_newer = check_format(handle);  // first, since pragmas write
  if (!is_newer) return fail(is_newer.error());
  generation->is_newer_ = *is_newer;
  if (!*is_newer) {
    if (auto prepared = generation->prepare_for_writing(); !prepared) return fail(prepared.error());
  }
  auto start = read_start(handle);
  if (!start) return fail(start.error());
  generation->start_ = *std::move(start);
  const auto tail = check_tail(handle, generation->start_, ring);
  if (!tail) return fail(tail.error());
  generation->tail_ = *tail;
  if (auto read = generation->read_state(); !read) return fail(read.error());
  return generation;
}

Result<void> LogGeneration::prepare_for_writing() {
  return set_pragmas(database_).and_then([this] { return prepare_statements(); });
}

Result<void> LogGeneration::prepare_statements() {
  struct Wanted {
    Statement* statement;
    std::string_view sql;
  };
  const Wanted wanted[] = {
      {&insert_record_,
       "INSERT INTO record (seq, group_seq, type, leaf, time_ns, rule_id, severity, service, "
       "completeness, flags, trace_id, violation_id, mac, payload) "
       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&insert_group_, "INSERT INTO commit_group VALUES (?, ?, ?, ?, ?)"},
      {&set_state_, "INSERT OR REPLACE INTO state VALUES (?, ?)"},
      {&find_violation_,
       "SELECT seq FROM record WHERE violation_id = ? AND type = 1 ORDER BY seq LIMIT 1"},
  };
  for (const Wanted& each : wanted) {
    auto statement = database_.prepare(each.sql);
    if (!statement) return fail(statement.error());
    *each.statement = *std::move(statement);
  }
  return {};
}

Result<std::vector<Appended>> LogGeneration::append(std::span<const LogRecord* const> records,
                                                    UnixNanos now, ViolationHistory& history,
                                                    const LogSeal& seal,
                                                    const ExportPositions* positions) {
  leaves_.clear();
  macs_.clear();
  has_mac_ = false;
  decided_.clear();
  if (is_mutant('i')) static_cast<void>(database_.exec("COMMIT"));  // of the group before
  if (auto begun = noted(database_.exec("BEGIN IMMEDIATE")); !begun) return fail(begun.error());
  auto appended = append_in_transaction(records, now, history, seal);
  if (appended && positions != nullptr) {
    if (auto done = noted(keep(*positions)); !done) appended = fail(done.error());
  }
  if (appended && !is_mutant('i')) {
    if (const auto done = noted(database_.exec("COMMIT")); !done) appended = fail(done.error());
  }
  if (!appended) {
    // A handle that failed to write must not be asked to write once more.
    if (failure_ != SqliteFailure::Io) static_cast<void>(database_.exec("ROLLBACK"));
    return appended;
  }
  if (positions != nullptr) state_.positions = *positions;
  if (!leaves_.empty()) tail_ = {tail_.last_seq + leaves_.size(), hash_, false};
  return appended;
}

Result<void> LogGeneration::keep(const ExportPositions& positions) {
  for (const auto& [sink, position] : positions) {
    if (auto done = keep(sink, position); !done) return done;
  }
  return {};
}

// Positions move with nearly every group while there is much to export, parked ranges seldom.
Result<void> LogGeneration::keep(std::string_view sink, const ExportPosition& position) {
  const auto set = [this](const std::string& name, const std::string& value) {
    set_state_.bind(0, std::string_view(name)).bind_blob(1, std::string_view(value));
    return set_state_.run();
  };
  const auto known = state_.positions.find(sink);
  const bool is_known = known != state_.positions.end();
  if (is_known && known->second == position) return {};
  if (auto done = set(cursor_name(sink), std::to_string(position.cursor)); !done) return done;
  if (is_known ? known->second.parked == position.parked : position.parked.empty()) return {};
  if (sink != kExportSink) return set(parked_name(sink), parked_text(position.parked));
  return database_.exec("DELETE FROM parked").and_then([&] {
    return insert_parked(database_, position.parked);
  });
}

Result<std::vector<Appended>> LogGeneration::append_in_transaction(
    std::span<const LogRecord* const> records, UnixNanos now, ViolationHistory& history,
    const LogSeal& seal) {
  const std::uint64_t first_seq = tail_.last_seq + 1;
  std::vector<Appended> appended;
  appended.reserve(records.size());
  for (const LogRecord* record : records) {
    const auto placed = place(*record, first_seq + leaves_.size(), history);
    if (!placed) return fail(placed.error());
    appended.push_back(*placed);
    if (placed->sequence == 0) continue;
    if (auto done = noted(insert_sealed(*record, placed->sequence, seal)); !done) {
      return fail(done.error());
    }
  }
  if (leaves_.empty()) return appended;
  if (auto done = noted(insert_group(now, seal.key)); !done) return fail(done.error());
  return appended;
}

// Decides whether a record is written at all. Those of a group before it count already.
Result<Appended> LogGeneration::place(const LogRecord& record, std::uint64_t sequence,
                                      ViolationHistory& history) {
  if (!record.violation_id) return Appended{sequence, sequence, false};
  const ViolationIdBytes& id = *record.violation_id;
  const auto first = first_sequence_of(id, history);
  if (!first) return fail(first.error());
  const bool is_recorded = *first != 0;
  if (record.type == LogRecordType::Violation) {
    decided_[id] = is_recorded;
    return is_recorded ? Appended{0, *first, true} : Appended{sequence, sequence, false};
  }
  const auto decided = decided_.find(id);
  const bool is_of_repeat = decided != decided_.end() ? decided->second : history.was_repeat(id);
  return Appended{is_recorded && !is_of_repeat ? sequence : 0, *first, false};
}

Result<std::uint64_t> LogGeneration::first_sequence_of(const ViolationIdBytes& id,
                                                       ViolationHistory& history) {
  find_violation_.bind_blob(0, id);
  const auto row = find_violation_.step();
  if (!row) {
    failure_ = database_.last_failure();
    return fail(row.error());
  }
  const auto found = *row ? static_cast<std::uint64_t>(find_violation_.integer(0)) : 0;
  find_violation_.reset();
  if (found != 0) return found;
  auto older = history.find_older(id);
  if (!older) failure_ = SqliteFailure::Other;
  return older;
}

// The one way into the log, so that no record of whatever type is without its HMAC.
Result<void> LogGeneration::insert_sealed(const LogRecord& record, std::uint64_t sequence,
                                          const LogSeal& seal) {
  if (seal.record_key == nullptr || !record.mac.empty()) {
    return insert(record, record.payload, record.mac, sequence);
  }
  const SealedRecord sealed = storage::seal(record, *seal.record_key);
  return insert(record, sealed.payload, sealed.mac, sequence);
}

Result<void> LogGeneration::insert(const LogRecord& record, std::string_view payload,
                                   std::string_view mac, std::uint64_t sequence) {
  const std::uint64_t group_seq = sequence - leaves_.size();
  leaves_.push_back(evidence::leaf_hash(sequence, payload));
  macs_.append(mac).push_back('\n');
  has_mac_ = has_mac_ || !mac.empty();
  Statement& row = insert_record_;
  row.bind(0, sequence).bind(1, group_seq).bind(2, static_cast<std::int64_t>(record.type));
  row.bind_blob(3, leaves_.back()).bind(4, sql_time(record.time)).bind(9, record.flags);
  record.rule_id ? row.bind(5, std::string_view(*record.rule_id)) : row.bind_null(5);
  record.severity ? row.bind(6, *record.severity) : row.bind_null(6);
  record.service ? row.bind(7, std::string_view(*record.service)) : row.bind_null(7);
  record.completeness ? row.bind(8, *record.completeness) : row.bind_null(8);
  record.trace_id ? row.bind_blob(10, record.trace_id->bytes) : row.bind_null(10);
  record.violation_id ? row.bind_blob(11, *record.violation_id) : row.bind_null(11);
  mac.empty() ? row.bind_null(12) : row.bind_blob(12, mac);
  row.bind_blob(13, payload);
  if (auto done = row.run(); !done || record.state_name.empty()) return done;
  set_state_.bind(0, std::string_view(record.state_name));
  set_state_.bind_blob(1, std::string_view(record.state_value));
  return set_state_.run();
}

Result<void> LogGeneration::insert_group(UnixNanos now, const evidence::SigningKey& key) {
  evidence::Commit commit;
  commit.log = start_.log_id;
  commit.first_seq = tail_.last_seq + 1;
  commit.count = leaves_.size();
  commit.prev = tail_.last_hash;
  commit.root = evidence::merkle_root(leaves_);
  commit.time = now;
  if (has_mac_) commit.macs = sha256(macs_);
  envelope_ = evidence::seal_commit(commit, key);
  hash_ = sha256(envelope_.payload);
  insert_group_.bind(0, commit.last_seq()).bind(1, commit.first_seq);
  insert_group_.bind_blob(2, std::string_view(envelope_.payload)).bind_blob(3, hash_);
  insert_group_.bind_blob(4, std::string_view(envelope_.signature));
  return insert_group_.run();
}

Result<void> LogGeneration::checkpoint() {
  return noted(database_.exec("PRAGMA wal_checkpoint(PASSIVE)"));
}

Result<void> LogGeneration::read_state() {
  auto rows = database_.prepare("SELECT name, value FROM state");
  if (!rows) return fail(rows.error());
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    const std::string_view name = rows->bytes(0);
    const std::string_view sink = name.substr(0, name.find('/'));
    const bool is_of_sink = std::ranges::find(kSinks, sink) != kSinks.end();
    if (is_of_sink && name == cursor_name(sink)) {
      state_.positions[std::string(sink)].cursor = read_cursor_value(rows->bytes(1));
    } else if (is_of_sink && name == parked_name(sink)) {
      state_.positions[std::string(sink)].parked = read_parked_text(rows->bytes(1));
    } else {
      state_.values.emplace(name, rows->bytes(1));
    }
  }
  return read_parked();
}

Result<void> LogGeneration::read_parked() {
  auto rows = database_.prepare(
      "SELECT first_seq, last_seq, reason, tries, next_try_ns FROM parked ORDER BY first_seq");
  if (!rows) return fail(rows.error());
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    const auto number = [&](int column) {
      return static_cast<std::uint64_t>(rows->integer(column));
    };
    ParkedRange range{number(0), number(1), std::string(rows->bytes(2)),
                      static_cast<std::uint32_t>(number(3)), number(4)};
    state_.positions[std::string(kExportSink)].parked.push_back(std::move(range));
  }
}

// Keeps what a failure means before another call on the connection overwrites it.
Result<void> LogGeneration::noted(Result<void> result) {
  if (!result) failure_ = database_.last_failure();
  return result;
}

}  // namespace betrace::storage
