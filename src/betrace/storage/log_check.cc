#include "betrace/storage/log_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "betrace/base/utf8.h"
#include "betrace/evidence/merkle.h"
#include "betrace/storage/log_format.h"

namespace betrace::storage {
namespace {

constexpr std::int64_t kTailGroupsMax = 256;
constexpr std::uint64_t kTailRecordsMax = 20'000;

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::Corrupt, fmt::format("violation log: {}", what));
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

// SQLite refuses a statement when the header holds values that it never writes.
tl::unexpected<Error> unreadable(const Database& database, const Error& error) {
  const bool is_refused = database.last_failure() == SqliteFailure::Refused;
  return is_refused ? corrupt(error.message) : fail(error);
}

// What we read of a file of a newer minor version.
Result<void> check_columns(Database& database) {
  static constexpr std::string_view kReads[] = {
      "SELECT number, log, first_seq, prev, created_ns FROM generation",
      "SELECT last_seq, first_seq, payload, hash FROM commit_group",
      "SELECT seq, type, leaf, time_ns, rule_id, severity, service, completeness, flags, "
      "trace_id, violation_id, mac, payload FROM record",
      "SELECT name, value FROM state",
  };
  for (const std::string_view sql : kReads) {
    if (!database.prepare(sql)) return corrupt("its schema was changed");
  }
  return {};
}

std::optional<Sha256> digest_of(std::string_view stored) {
  Sha256 digest;
  if (stored.size() != digest.size()) return std::nullopt;
  std::ranges::copy(stored, reinterpret_cast<char*>(digest.data()));
  return digest;
}

// The link between a group and the one that follows it, walking back.
struct Link {
  Sha256 prev{};
  std::uint64_t first_seq = 0;
};

// Walks back over the newest groups and returns where they end.
Result<GenerationTail> check_groups(Database& database, const GenerationStart& start,
                                    const evidence::KeyRing& ring) {
  auto rows = database.prepare(
      "SELECT first_seq, last_seq, payload, hash, signature FROM commit_group "
      "ORDER BY last_seq DESC");
  if (!rows) return fail(rows.error());
  GenerationTail tail{start.first_seq - 1, start.prev, true};
  std::optional<Link> later;
  std::uint64_t count = 0;
  for (std::int64_t groups = 0; groups < kTailGroupsMax && count <= kTailRecordsMax; ++groups) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) {
      const bool is_begun =
          !later || (later->prev == start.prev && later->first_seq == start.first_seq);
      return is_begun ? Result<GenerationTail>(tail) : corrupt("its first group is missing");
    }
    const auto group = read_group(*rows);
    if (!group) return fail(group.error());
    const evidence::Commit& commit = group->commit;
    const bool is_linked =
        !later || (later->prev == group->hash && later->first_seq == commit.last_seq() + 1);
    if (!is_linked || commit.log != start.log_id) return corrupt("the chain is broken");
    auto checked = check_signature(
                       {std::string(rows->bytes(2)), commit.kid, std::string(rows->bytes(4))}, ring)
                       .and_then([&] { return check_records(database, commit); });
    if (!checked) return fail(checked.error());
    if (!later) tail = {commit.last_seq(), group->hash, true};
    later = Link{commit.prev, commit.first_seq};
    count += commit.count;
  }
  return tail;
}

// The newest record must be found by every index.
Result<void> check_indexes(Database& database, std::uint64_t sequence) {
  struct Index {
    std::string_view name;
    std::string_view column;
  };
  static constexpr std::array<Index, 5> kIndexes = {{{"record_time", "time_ns"},
                                                     {"record_rule", "rule_id"},
                                                     {"record_severity", "severity"},
                                                     {"record_trace", "trace_id"},
                                                     {"record_violation", "violation_id"}}};
  for (const Index& index : kIndexes) {
    auto row = database.prepare(
        fmt::format("SELECT r.{0} IS NULL OR EXISTS (SELECT 1 FROM record i INDEXED BY {1} "
                    "WHERE i.{0} = r.{0} AND i.seq = r.seq) FROM record r WHERE r.seq = ?",
                    index.column, index.name));
    if (!row) return fail(row.error());
    const auto found = row->bind(0, sequence).step();
    if (!found) return fail(found.error());
    if (!*found || row->integer(0) == 0) return corrupt("an index lacks the newest record");
  }
  return {};
}

}  // namespace

bool is_digest(std::string_view stored, const Sha256& digest) noexcept {
  return stored == std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size());
}

Result<CheckedGroup> read_group(const Statement& row) {
  const auto commit = evidence::read_commit_payload(row.bytes(2));
  if (!commit) return corrupt(commit.error().message);
  CheckedGroup group{*commit, sha256(row.bytes(2))};
  const bool is_whole = is_digest(row.bytes(3), group.hash) &&
                        static_cast<std::uint64_t>(row.integer(0)) == commit->first_seq &&
                        static_cast<std::uint64_t>(row.integer(1)) == commit->last_seq();
  if (!is_whole) return corrupt("a commit was changed");
  return group;
}

Result<void> check_signature(const evidence::CommitEnvelope& envelope,
                             const evidence::KeyRing& ring) {
  const evidence::RingKey* const key = ring.find(envelope.kid);
  if (key == nullptr) return {};
  const std::string message =
      evidence::pre_authentication_encoding(evidence::kCommitType, envelope.payload);
  if (evidence::verify_signature(key->key, message, envelope.signature)) return {};
  return corrupt("the signature of a commit is wrong");
}

Result<void> check_records(Database& database, const evidence::Commit& commit) {
  auto rows = database.prepare("SELECT seq, leaf, payload FROM record WHERE seq BETWEEN ? AND ?");
  if (!rows) return fail(rows.error());
  rows->bind(0, commit.first_seq).bind(1, commit.last_seq());
  std::vector<Sha256> leaves;
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    const auto sequence = static_cast<std::uint64_t>(rows->integer(0));
    leaves.push_back(evidence::leaf_hash(sequence, rows->bytes(2)));
    if (!is_digest(rows->bytes(1), leaves.back())) return corrupt("a record was changed");
  }
  if (leaves.size() != commit.count || evidence::merkle_root(leaves) != commit.root) {
    return corrupt("a group is not whole");
  }
  return {};
}

Result<GenerationTail> check_chain(Database& database, const GenerationStart& start,
                                   std::uint64_t end_seq, Holes holes,
                                   const std::atomic<bool>& is_stopped) {
  auto rows = database.prepare(
      "SELECT first_seq, last_seq, payload, hash FROM commit_group WHERE last_seq < ? "
      "ORDER BY last_seq");
  if (!rows) return fail(rows.error());
  rows->bind(0, std::min(end_seq, kSequenceMax));
  GenerationTail tail{start.first_seq - 1, start.prev, true};
  while (!is_stopped.load()) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return tail;
    const auto group = read_group(*rows);
    if (!group) return fail(group.error());
    const evidence::Commit& commit = group->commit;
    const bool is_next = commit.first_seq == tail.last_seq + 1 && commit.prev == tail.last_hash;
    const bool is_behind_hole = holes == Holes::Allow && commit.first_seq > tail.last_seq + 1;
    if ((!is_next && !is_behind_hole) || commit.log != start.log_id)
      return corrupt("the chain is broken");
    if (auto checked = check_records(database, commit); !checked) return fail(checked.error());
    tail = {commit.last_seq(), group->hash, true};
  }
  return fail(ErrorCode::Unavailable, "violation log: the check was stopped");
}

Result<bool> is_unfinished(Database& database) {
  const auto objects = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!objects) return fail(objects.error());
  const auto mark = database.integer("PRAGMA application_id");
  if (!mark) return fail(mark.error());
  return objects->value_or(1) == 0 && mark->value_or(1) == 0;
}

Result<bool> is_unused(Database& database) {
  if (const auto checked = check_format(database); !checked) return checked;
  const auto used = database.integer(
      "SELECT EXISTS (SELECT 1 FROM record) OR EXISTS (SELECT 1 FROM commit_group)");
  if (!used) return fail(used.error());
  return used->value_or(1) == 0;
}

Result<bool> check_format(Database& database) {
  const auto mark = database.integer("PRAGMA application_id");
  if (!mark) return unreadable(database, mark.error());
  if (mark->value_or(0) != kLogApplicationId) return corrupt("another application's file");
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return unreadable(database, version.error());
  const std::int64_t number = version->value_or(0);
  if (number / 100 > kLogMajor) {
    return fail(ErrorCode::Unsupported, "violation log: written by a newer version");
  }
  if (number < kLogUserVersion) return corrupt("no version");
  if (number > kLogUserVersion) {
    auto checked = check_columns(database);
    return checked ? Result<bool>(true) : fail(checked.error());
  }
  const auto schema = database.text(kSchemaText);
  if (!schema) return unreadable(database, schema.error());
  return *schema == expected_schema() ? Result<bool>(false) : corrupt("its schema was changed");
}

Result<GenerationStart> read_start(Database& database) {
  auto row = database.prepare("SELECT number, log, first_seq, prev, created_ns FROM generation");
  if (!row) return fail(row.error());
  const auto found = row->step();
  if (!found) return fail(found.error());
  if (!*found) return corrupt("no generation row");
  const auto prev = digest_of(row->bytes(3));
  GenerationStart start;
  start.number = static_cast<std::uint64_t>(row->integer(0));
  start.log_id = row->bytes(1);
  start.first_seq = static_cast<std::uint64_t>(row->integer(2));
  start.created = static_cast<UnixNanos>(row->integer(4));
  const bool is_named = !start.log_id.empty() && is_utf8(start.log_id);
  if (!prev || !is_named || start.first_seq == 0 || start.first_seq >= kSequenceMax) {
    return corrupt("a wrong generation row");
  }
  start.prev = *prev;
  const auto second = row->step();
  if (!second) return fail(second.error());
  return *second ? corrupt("two generation rows") : Result<GenerationStart>(std::move(start));
}

Result<GenerationTail> check_tail(Database& database, const GenerationStart& start,
                                  const evidence::KeyRing& ring) {
  auto tail = check_groups(database, start, ring);
  if (!tail) return tail;
  const auto newest = database.integer("SELECT max(seq) FROM record");
  if (!newest) return fail(newest.error());
  if (!newest->has_value()) {
    return tail->last_seq == start.first_seq - 1 ? tail : corrupt("records are missing");
  }
  if (static_cast<std::uint64_t>(**newest) != tail->last_seq) {
    return corrupt("records and groups do not end alike");
  }
  if (auto checked = check_indexes(database, tail->last_seq); !checked) {
    return fail(checked.error());
  }
  const auto type = database.integer("SELECT type FROM record ORDER BY seq DESC LIMIT 1");
  if (!type) return fail(type.error());
  tail->ended_orderly = type->value_or(0) == static_cast<std::int64_t>(LogRecordType::Stop);
  return tail;
}

Result<GenerationTail> read_tail_before(Database& database, const GenerationStart& start,
                                        std::uint64_t end_seq) {
  auto row = database.prepare(
      "SELECT first_seq, last_seq, payload, hash FROM commit_group WHERE last_seq < ? "
      "ORDER BY last_seq DESC LIMIT 1");
  if (!row) return fail(row.error());
  const auto found = row->bind(0, std::min(end_seq, kSequenceMax)).step();
  if (!found) return fail(found.error());
  if (!*found) return GenerationTail{start.first_seq - 1, start.prev, true};
  const auto group = read_group(*row);
  if (!group) return fail(group.error());
  return GenerationTail{group->commit.last_seq(), group->hash, true};
}

}  // namespace betrace::storage
