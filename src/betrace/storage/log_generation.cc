#include "betrace/storage/log_generation.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/evidence/commit_payload.h"
#include "betrace/evidence/merkle.h"

namespace betrace::storage {
namespace {

constexpr std::int64_t kTailGroupsMax = 256;
constexpr std::uint64_t kTailRecordsMax = 20'000;

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::Corrupt, fmt::format("violation log: {}", what));
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool equal(std::string_view stored, const Sha256& digest) {
  return stored.size() == digest.size() &&
         std::equal(digest.begin(), digest.end(), as_bytes(stored).begin());
}

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
    auto done = database.exec(fmt::format("PRAGMA {}={}", pragma.name, pragma.set));
    if (!done) return done;
    const auto value = database.integer(fmt::format("PRAGMA {}", pragma.name));
    if (!value) return fail(value.error());
    // SQLite built without memory mapping answers nothing.
    if (value->has_value() && **value != pragma.expected) {
      return fail(ErrorCode::StorageFailed,
                  fmt::format("violation log: pragma {} cannot be set", pragma.name));
    }
  }
  return {};
}

constexpr std::string_view kSchemaText =
    "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL "
    "ORDER BY type, name)";

// The schema as SQLite stores it, from a database in memory.
const std::string& expected_schema() {
  static const std::string text = [] {
    auto memory = Database::open(":memory:", Database::Mode::Create);
    if (!memory || !memory->exec(std::string(kLogSchema))) return std::string();
    return memory->text(kSchemaText).value_or("");
  }();
  return text;
}

}  // namespace

Result<void> LogGeneration::create(const std::string& path, const GenerationStart& start) {
  auto database = Database::open(path, Database::Mode::Create);
  if (!database) return fail(database.error());
  if (auto done = set_pragmas(*database); !done) return done;
  const std::string ids = fmt::format("PRAGMA application_id={}; PRAGMA user_version={};",
                                      kLogApplicationId, kLogUserVersion);
  if (auto done = database->exec("BEGIN IMMEDIATE;" + std::string(kLogSchema) + ids); !done) {
    return done;
  }
  auto insert = database->prepare("INSERT INTO generation VALUES (?, ?, ?, ?, ?)");
  if (!insert) return fail(insert.error());
  insert->bind(0, start.number).bind(1, start.log_id).bind(2, start.first_seq);
  insert->bind_blob(3, start.prev).bind(4, start.created);
  if (auto done = insert->run(); !done) return done;
  return database->exec("COMMIT");
}

Result<std::unique_ptr<LogGeneration>> LogGeneration::open(const std::string& path) {
  auto database = Database::open(path, Database::Mode::ReadWrite);
  if (!database) return fail(database.error());
  std::unique_ptr<LogGeneration> generation(new LogGeneration());
  generation->database_ = std::move(*database);
  using Step = Result<void> (LogGeneration::*)();
  if (auto done = set_pragmas(generation->database_); !done) return fail(done.error());
  for (const Step step : {&LogGeneration::check_structure, &LogGeneration::read_start,
                          &LogGeneration::verify_tail, &LogGeneration::prepare_statements}) {
    if (auto done = (generation.get()->*step)(); !done) return fail(done.error());
  }
  return generation;
}

Result<void> LogGeneration::check_structure() {
  const auto application = database_.integer("PRAGMA application_id");
  if (!application) return fail(application.error());
  if (application->value_or(0) != kLogApplicationId) return corrupt("another application's file");
  const auto version = database_.integer("PRAGMA user_version");
  if (!version) return fail(version.error());
  if (version->value_or(0) / 100 > kLogMajor) {
    return fail(ErrorCode::Unsupported, "violation log: written by a newer version");
  }
  const auto schema = database_.text(kSchemaText);
  if (!schema) return fail(schema.error());
  return *schema == expected_schema() ? Result<void>() : corrupt("its schema was changed");
}

Result<void> LogGeneration::read_start() {
  auto row = database_.prepare("SELECT number, log, first_seq, prev, created_ns FROM generation");
  if (!row) return fail(row.error());
  const auto found = row->step();
  if (!found) return fail(found.error());
  if (!*found || row->bytes(3).size() != start_.prev.size()) return corrupt("no generation row");
  start_.number = static_cast<std::uint64_t>(row->integer(0));
  start_.log_id = row->bytes(1);
  start_.first_seq = static_cast<std::uint64_t>(row->integer(2));
  std::ranges::copy(as_bytes(row->bytes(3)), start_.prev.begin());
  start_.created = static_cast<UnixNanos>(row->integer(4));
  last_sequence_ = start_.first_seq - 1;
  last_hash_ = start_.prev;
  return {};
}

Result<void> LogGeneration::verify_group(std::uint64_t first_seq, std::uint64_t last_seq,
                                         std::string_view payload) {
  const auto commit = evidence::read_commit_payload(payload);
  if (!commit) return corrupt(commit.error().message);
  auto rows = database_.prepare("SELECT seq, leaf, payload FROM record WHERE seq BETWEEN ? AND ?");
  if (!rows) return fail(rows.error());
  rows->bind(0, first_seq).bind(1, last_seq);
  std::vector<Sha256> leaves;
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    const auto sequence = static_cast<std::uint64_t>(rows->integer(0));
    leaves.push_back(evidence::leaf_hash(sequence, rows->bytes(2)));
    if (!equal(rows->bytes(1), leaves.back())) return corrupt("a record was changed");
  }
  const bool is_whole = leaves.size() == commit->count && commit->first_seq == first_seq &&
                        commit->last_seq() == last_seq && !leaves.empty();
  if (!is_whole || evidence::merkle_root(leaves) != commit->root) {
    return corrupt("a group is not whole");
  }
  return {};
}

Result<void> LogGeneration::verify_tail() {
  const auto last_record = database_.integer("SELECT max(seq) FROM record");
  if (!last_record) return fail(last_record.error());
  auto groups = database_.prepare(
      "SELECT first_seq, last_seq, payload, hash FROM commit_group ORDER BY last_seq DESC LIMIT ?");
  if (!groups) return fail(groups.error());
  groups->bind(0, kTailGroupsMax);
  std::uint64_t verified = 0;
  std::optional<Sha256> expected_hash;
  for (bool is_newest = true;; is_newest = false) {
    const auto more = groups->step();
    if (!more) return fail(more.error());
    if (!*more || verified > kTailRecordsMax) break;
    const auto first_seq = static_cast<std::uint64_t>(groups->integer(0));
    const auto last_seq = static_cast<std::uint64_t>(groups->integer(1));
    const std::string payload(groups->bytes(2));
    const Sha256 hash = sha256(payload);
    if (!equal(groups->bytes(3), hash)) return corrupt("a commit was changed");
    if (expected_hash && hash != *expected_hash) return corrupt("the chain of commits is broken");
    if (auto done = verify_group(first_seq, last_seq, payload); !done) return done;
    if (is_newest) {
      last_sequence_ = last_seq;
      last_hash_ = hash;
    }
    expected_hash = evidence::read_commit_payload(payload)->prev;
    verified += last_seq - first_seq + 1;
  }
  const auto newest = static_cast<std::uint64_t>(last_record->value_or(0));
  if (newest != 0 && newest != last_sequence_) return corrupt("records without a commit");
  const auto type = database_.integer("SELECT type FROM record ORDER BY seq DESC LIMIT 1");
  if (!type) return fail(type.error());
  ended_orderly_ = type->value_or(static_cast<std::int64_t>(LogRecordType::Stop)) ==
                   static_cast<std::int64_t>(LogRecordType::Stop);
  return {};
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
       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)"},
      {&insert_group_, "INSERT INTO commit_group VALUES (?, ?, ?, ?, x'')"},
      {&set_state_, "INSERT OR REPLACE INTO state VALUES (?, ?)"},
      {&find_violation_, "SELECT seq FROM record WHERE violation_id = ? AND type = 1 LIMIT 1"},
  };
  for (const Wanted& each : wanted) {
    auto statement = database_.prepare(each.sql);
    if (!statement) return fail(statement.error());
    *each.statement = std::move(*statement);
  }
  return {};
}

Result<std::uint64_t> LogGeneration::first_sequence_of(const ViolationIdBytes& id,
                                                       FindOlder find_older, void* context) {
  find_violation_.bind_blob(0, id);
  const auto row = find_violation_.step();
  if (!row) return fail(row.error());
  const auto found = *row ? static_cast<std::uint64_t>(find_violation_.integer(0)) : 0;
  find_violation_.reset();
  return found != 0 ? found : find_older(context, id);
}

Result<Appended> LogGeneration::insert(const LogRecord& record, std::uint64_t group_seq,
                                       std::uint64_t sequence, FindOlder find_older, void* context,
                                       std::vector<Sha256>* leaves) {
  Appended appended{sequence, sequence};
  if (record.violation_id) {
    const auto first = first_sequence_of(*record.violation_id, find_older, context);
    if (!first) return fail(first.error());
    const bool is_first = record.type == LogRecordType::Violation;
    if (is_first == (*first != 0)) return Appended{0, *first};
    if (!is_first) appended.first_sequence = *first;
  }
  leaves->push_back(evidence::leaf_hash(sequence, record.payload));
  Statement& row = insert_record_;
  row.bind(0, sequence).bind(1, group_seq).bind(2, static_cast<std::int64_t>(record.type));
  row.bind_blob(3, leaves->back()).bind(4, record.time).bind(9, record.flags);
  record.rule_id ? row.bind(5, *record.rule_id) : row.bind_null(5);
  record.severity ? row.bind(6, *record.severity) : row.bind_null(6);
  record.service ? row.bind(7, *record.service) : row.bind_null(7);
  record.completeness ? row.bind(8, *record.completeness) : row.bind_null(8);
  record.trace_id ? row.bind_blob(10, record.trace_id->bytes) : row.bind_null(10);
  record.violation_id ? row.bind_blob(11, *record.violation_id) : row.bind_null(11);
  row.bind_blob(12, record.payload);
  if (auto done = row.run(); !done) return fail(done.error());
  if (!record.state_name.empty()) {
    set_state_.bind(0, record.state_name).bind_blob(1, record.state_value);
    if (auto done = set_state_.run(); !done) return fail(done.error());
  }
  return appended;
}

Result<std::vector<Appended>> LogGeneration::append_in_transaction(
    std::span<const LogRecord* const> records, UnixNanos now, FindOlder find_older, void* context) {
  const std::uint64_t first_seq = last_sequence_ + 1;
  std::vector<Appended> appended;
  std::vector<Sha256> leaves;
  for (const LogRecord* record : records) {
    auto one = insert(*record, first_seq, first_seq + leaves.size(), find_older, context, &leaves);
    if (!one) return fail(one.error());
    appended.push_back(*one);
  }
  if (leaves.empty()) return appended;
  evidence::Commit commit;
  commit.log = start_.log_id;
  commit.first_seq = first_seq;
  commit.count = leaves.size();
  commit.prev = last_hash_;
  commit.root = evidence::merkle_root(leaves);
  commit.time = now;
  const std::string payload = evidence::commit_payload(commit);
  insert_group_.bind(0, commit.last_seq()).bind(1, first_seq).bind_blob(2, payload);
  next_hash_ = sha256(payload);
  insert_group_.bind_blob(3, next_hash_);
  if (auto done = insert_group_.run(); !done) return fail(done.error());
  return appended;
}

Result<std::vector<Appended>> LogGeneration::append(std::span<const LogRecord* const> records,
                                                    UnixNanos now, FindOlder find_older,
                                                    void* context) {
  if (auto begun = database_.exec("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
  auto appended = append_in_transaction(records, now, find_older, context);
  if (appended) {
    if (const auto done = database_.exec("COMMIT"); !done) appended = fail(done.error());
  }
  if (!appended) {
    if (last_failure() != SqliteFailure::Io) (void)database_.exec("ROLLBACK");
    return appended;
  }
  const auto written = static_cast<std::uint64_t>(
      std::ranges::count_if(*appended, [](const Appended& one) { return one.sequence != 0; }));
  if (written == 0) return appended;
  last_sequence_ += written;
  last_hash_ = next_hash_;
  return appended;
}

void LogGeneration::checkpoint() { (void)database_.exec("PRAGMA wal_checkpoint(PASSIVE)"); }

}  // namespace betrace::storage
