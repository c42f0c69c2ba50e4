#include "betrace/storage/log_salvage.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "betrace/storage/log_generation.h"
#include "betrace/storage/sqlite.h"

namespace betrace::storage {
namespace {

constexpr std::size_t kLostRangesMax = 1'000;

// Groups by rising sequence, over parts of the table that cannot be read.
class GroupScan {
 public:
  static Result<GroupScan> begin(Database& database, const SalvageTask& task) {
    auto next = database.prepare(
        "SELECT first_seq, last_seq, payload, hash, signature FROM commit_group "
        "WHERE last_seq > ? AND last_seq < ? ORDER BY last_seq LIMIT 1");
    if (!next) return fail(next.error());
    GroupScan scan;
    scan.next_ = *std::move(next);
    scan.end_seq_ = task.end_seq;
    scan.ring_ = &task.ring;
    return scan;
  }

  // The next group that can be read after `after`, which moves to its end; nothing at the end.
  std::optional<CheckedGroup> next(std::uint64_t* after) {
    while (*after + 1 < end_seq_) {
      std::optional<bool> found = look(*after);
      if (!found) found = look_behind_hole(after);
      if (!found || !*found) return std::nullopt;
      *after = std::max(*after + 1, static_cast<std::uint64_t>(next_.integer(1)));
      auto group = read_group(next_);
      if (group && check_signature(envelope_of(*group), *ring_)) return *std::move(group);
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] evidence::CommitEnvelope envelope_of(const CheckedGroup& group) const {
    return {std::string(next_.bytes(2)), group.commit.kid, std::string(next_.bytes(4))};
  }

  // Nothing: it cannot be read there.
  std::optional<bool> look(std::uint64_t after) {
    next_.reset();
    const auto found = next_.bind(0, after).bind(1, end_seq_).step();
    return found ? std::optional<bool>(*found) : std::nullopt;
  }

  // A damaged page spoils what is between two sequences: the end of that is searched for.
  std::optional<bool> look_behind_hole(std::uint64_t* after) {
    std::uint64_t bad = *after;
    std::uint64_t good = bad + 1;
    for (std::uint64_t width = 1; !look(good); width *= 2) {
      bad = good;
      if (end_seq_ - bad <= width) return std::nullopt;
      good = bad + width;
    }
    while (good - bad > 1) {
      const std::uint64_t middle = bad + (good - bad) / 2;
      (look(middle) ? good : bad) = middle;
    }
    *after = good;
    return look(good);
  }

  Statement next_;
  std::uint64_t end_seq_ = 0;
  const evidence::KeyRing* ring_ = nullptr;
};

// The clean file, made when there is something to put into it.
class CleanFile {
 public:
  [[nodiscard]] bool is_open() const { return is_open_; }

  Result<void> open(const std::string& path, const GenerationStart& start) {
    is_open_ = true;
    if (auto made = LogGeneration::create(path, start, {}); !made) return made;
    auto opened = Database::open(path, Database::Mode::ReadWrite);
    if (!opened) return fail(opened.error());
    database_ = *std::move(opened);
    auto row = database_.prepare(
        "INSERT INTO record (seq, group_seq, type, leaf, time_ns, rule_id, severity, service, "
        "completeness, flags, trace_id, violation_id, mac, payload) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!row) return fail(row.error());
    auto group = database_.prepare(
        "INSERT INTO commit_group (last_seq, first_seq, payload, hash, signature) "
        "VALUES (?, ?, ?, ?, ?)");
    if (!group) return fail(group.error());
    insert_record_ = *std::move(row);
    insert_group_ = *std::move(group);
    return database_.exec("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; BEGIN");
  }

  // False: it cannot be read as a whole, and nothing of it was copied.
  Result<bool> copy(Database& source, const evidence::Commit& commit) {
    if (auto begun = database_.exec("SAVEPOINT one"); !begun) return fail(begun.error());
    const bool is_whole = copy_group(source, commit).has_value();
    const char* const end = is_whole ? "RELEASE one" : "ROLLBACK TO one; RELEASE one";
    if (auto ended = database_.exec(end); !ended) return fail(ended.error());
    return is_whole;
  }

  Result<void> close() {
    insert_record_ = Statement();
    insert_group_ = Statement();
    if (auto done = database_.exec("COMMIT"); !done) return done;
    const auto mode = database_.text("PRAGMA journal_mode=DELETE");
    database_ = Database();
    return mode ? Result<void>() : fail(mode.error());
  }

 private:
  Result<void> copy_group(Database& source, const evidence::Commit& commit) {
    auto copied = copy_rows(source,
                            "SELECT seq, group_seq, type, leaf, time_ns, rule_id, severity, "
                            "service, completeness, flags, trace_id, violation_id, mac, payload "
                            "FROM record WHERE seq BETWEEN ? AND ?",
                            {commit.first_seq, commit.last_seq()}, 14, &insert_record_);
    if (!copied) return copied;
    return copy_rows(source,
                     "SELECT last_seq, first_seq, payload, hash, signature "
                     "FROM commit_group WHERE last_seq = ?2 AND first_seq = ?1",
                     {commit.first_seq, commit.last_seq()}, 5, &insert_group_);
  }

  static Result<void> copy_rows(Database& source, std::string_view select, SequenceRange range,
                                int columns, Statement* insert) {
    auto rows = source.prepare(select);
    if (!rows) return fail(rows.error());
    rows->bind(0, range.first).bind(1, range.last);
    for (;;) {
      const auto more = rows->step();
      if (!more) return fail(more.error());
      if (!*more) return {};
      for (int i = 0; i < columns; ++i) insert->bind_column(i, *rows, i);
      if (auto done = insert->run(); !done) return done;
    }
  }

  bool is_open_ = false;
  Database database_;
  Statement insert_record_;
  Statement insert_group_;
};

// A view or another table in their place would decide what we read, and how long.
bool has_our_tables(Database& database) {
  const auto both = database.integer(
      "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('record', "
      "'commit_group') AND sql LIKE 'CREATE TABLE%' AND sql LIKE '%STRICT'");
  return both && both->value_or(0) == 2;
}

void add_lost(std::vector<SequenceRange>* lost, std::uint64_t first, std::uint64_t end) {
  if (first >= end) return;
  if (lost->size() < kLostRangesMax) lost->push_back({first, end - 1});
  lost->back().last = end - 1;
}

}  // namespace

Result<Salvaged> salvage(const SalvageTask& task, const std::atomic<bool>& is_stopped) {
  Salvaged salvaged;
  salvaged.start = task.start;
  const std::uint64_t first_seq = task.start.first_seq;
  auto source = Database::open(task.path, Database::Mode::ReadOnly);
  Result<GroupScan> scan = fail(ErrorCode::Corrupt, "violation log: no tables");
  if (source && has_our_tables(*source)) scan = GroupScan::begin(*source, task);
  std::uint64_t copied_to = first_seq - 1;
  std::uint64_t after = copied_to;
  CleanFile clean;
  while (scan) {
    if (is_stopped.load()) return fail(ErrorCode::Unavailable, "salvage was stopped");
    const auto group = scan->next(&after);
    if (!group) break;
    const evidence::Commit& commit = group->commit;
    const bool is_in_place = commit.first_seq > copied_to && commit.last_seq() < task.end_seq;
    if (!is_in_place || !check_records(*source, commit)) continue;
    if (!clean.is_open()) {
      if (commit.first_seq == first_seq) salvaged.start.prev = commit.prev;
      salvaged.start.log_id = commit.log;
      if (auto made = clean.open(task.target, salvaged.start); !made) return fail(made.error());
    }
    if (commit.log != salvaged.start.log_id) continue;
    const auto copied = clean.copy(*source, commit);
    if (!copied) return fail(copied.error());
    if (!*copied) continue;
    add_lost(&salvaged.lost, copied_to + 1, commit.first_seq);
    copied_to = commit.last_seq();
    ++salvaged.groups;
  }
  add_lost(&salvaged.lost, copied_to + 1, task.end_seq);
  if (salvaged.groups == 0) return salvaged;
  if (auto closed = clean.close(); !closed) return fail(closed.error());
  return salvaged;
}

}  // namespace betrace::storage
