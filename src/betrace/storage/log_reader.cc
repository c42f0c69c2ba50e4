#include "betrace/storage/log_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "betrace/base/base64.h"
#include "betrace/evidence/merkle.h"
#include "betrace/evidence/violation_payload.h"

namespace betrace::storage {
namespace {

constexpr std::int64_t kTopMax = 5;

// A violation (v) with the newest record of its id (n).
constexpr std::string_view kFrom =
    " FROM all_record v JOIN all_record n ON n.seq = (SELECT max(seq) FROM all_record "
    "WHERE violation_id = v.violation_id AND type <= 3) WHERE v.type = 1";
constexpr std::string_view kColumns =
    "SELECT v.seq, v.time_ns, n.seq, n.leaf, n.payload, v.leaf, v.payload";

using Parameter = std::variant<std::int64_t, std::string>;

// Collects conditions with their parameters. Texts are always bound.
class Where {
 public:
  void add(std::string_view condition, std::vector<Parameter> values) {
    sql_ += fmt::format(" AND {}", condition);
    for (Parameter& value : values) parameters_.push_back(std::move(value));
  }

  template <typename T, typename Convert>
  void add_any(std::string_view column, const std::vector<T>& values, Convert convert) {
    if (values.empty()) return;
    std::vector<Parameter> converted;
    std::string marks;
    for (const T& value : values) {
      marks += marks.empty() ? "?" : ", ?";
      converted.push_back(convert(value));
    }
    add(fmt::format("{} IN ({})", column, marks), std::move(converted));
  }

  void add_flag(std::optional<bool> wanted, std::int64_t flag) {
    if (wanted) add(fmt::format("((n.flags & {}) != 0) = ?", flag), {std::int64_t{*wanted}});
  }

  [[nodiscard]] const std::string& sql() const { return sql_; }

  // Binds all parameters and returns how many there were.
  int bind(Statement& statement) const {
    int index = 0;
    for (const Parameter& parameter : parameters_) {
      if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
        statement.bind(index++, *number);
      } else {
        statement.bind(index++, std::string_view(std::get<std::string>(parameter)));
      }
    }
    return index;
  }

 private:
  std::string sql_;
  std::vector<Parameter> parameters_;
};

std::int64_t sql_time(UnixNanos time) {
  return static_cast<std::int64_t>(std::min<UnixNanos>(time, INT64_MAX));
}

Where filters_of(const ViolationQuery& query) {
  const auto text = [](const std::string& value) { return Parameter(value); };
  const auto number = [](auto value) { return Parameter(static_cast<std::int64_t>(value)); };
  Where where;
  where.add_any("v.rule_id", query.rule_ids, text);
  where.add_any("v.severity", query.severities, number);
  where.add_any("v.service", query.services, text);
  where.add_any("n.completeness", query.completeness, number);
  if (query.start_time != 0) where.add("v.time_ns >= ?", {sql_time(query.start_time)});
  if (query.end_time) where.add("v.time_ns < ?", {sql_time(*query.end_time)});
  if (query.trace_id) where.add(fmt::format("v.trace_id = x'{}'", query.trace_id->hex()), {});
  where.add_flag(query.late, kFlagLate);
  where.add_flag(query.early, kFlagEarly);
  if (query.status) {
    where.add_flag(*query.status == model::ViolationStatus::Withdrawn, kFlagWithdrawn);
  }
  return where;
}

bool leaf_fits(std::uint64_t sequence, std::string_view leaf, std::string_view payload) {
  const Sha256 expected = evidence::leaf_hash(sequence, payload);
  return leaf == std::string_view(reinterpret_cast<const char*>(expected.data()), expected.size());
}

tl::unexpected<Error> altered(std::uint64_t sequence) {
  return fail(ErrorCode::Corrupt, fmt::format("record {} is not what was committed", sequence));
}

// A row of kColumns.
Result<StoredViolation> read_row(const Statement& row) {
  StoredViolation stored;
  stored.sequence = static_cast<std::uint64_t>(row.integer(0));
  stored.created_at = static_cast<UnixNanos>(row.integer(1));
  stored.last_sequence = static_cast<std::uint64_t>(row.integer(2));
  if (!leaf_fits(stored.last_sequence, row.bytes(3), row.bytes(4))) {
    return altered(stored.last_sequence);
  }
  if (!leaf_fits(stored.sequence, row.bytes(5), row.bytes(6))) return altered(stored.sequence);
  auto read = evidence::read_violation_payload(row.bytes(4));
  if (!read) return fail(read.error());
  stored.violation = std::move(read->record.violation);
  stored.key_id = std::move(read->key_id);
  stored.cut = std::move(read->cut);
  return stored;
}

std::string quoted_path(const std::string& path) {
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string write_cursor(const LogCursor& cursor) {
  return to_base64(fmt::format("1.{}.{}", cursor.time, cursor.sequence));
}

Result<LogCursor> read_cursor(std::string_view text) {
  const auto malformed = fail(ErrorCode::InvalidArgument, "cursor: not one of this service");
  const auto plain = from_base64(text);
  if (!plain || !plain->starts_with("1.")) return malformed;
  std::array<std::uint64_t, 2> numbers{};
  std::size_t field = 0;
  for (const char c : std::string_view(*plain).substr(2)) {
    if (c == '.' && field == 0) {
      field = 1;
    } else if (c >= '0' && c <= '9' && numbers[field] < UINT64_MAX / 10 - 1) {
      numbers[field] = numbers[field] * 10 + static_cast<std::uint64_t>(c - '0');
    } else {
      return malformed;
    }
  }
  if (field == 0 || write_cursor({numbers[0], numbers[1]}) != text) return malformed;
  return LogCursor{numbers[0], numbers[1]};
}

Result<std::unique_ptr<LogReader>> LogReader::open(std::vector<ReadableGeneration> generations) {
  if (generations.size() > kReadableGenerationsMax) {
    generations.erase(generations.begin(),
                      generations.end() - static_cast<std::ptrdiff_t>(kReadableGenerationsMax));
  }
  auto database = Database::open(generations.back().path, Database::Mode::ReadOnly);
  if (!database) return fail(database.error());
  std::unique_ptr<LogReader> reader(new LogReader());
  reader->database_ = std::move(*database);
  std::string view = "CREATE TEMP VIEW all_record AS SELECT * FROM main.record";
  for (std::size_t i = 0; i + 1 < generations.size(); ++i) {
    auto done = reader->database_.exec(
        fmt::format("ATTACH {} AS g{}", quoted_path(generations[i].path), i));
    if (!done) return fail(done.error());
    view += fmt::format(" UNION ALL SELECT * FROM g{}.record WHERE seq < {}", i,
                        std::min<std::uint64_t>(generations[i].end_seq, INT64_MAX));
  }
  if (auto done = reader->database_.exec(view); !done) return fail(done.error());
  return reader;
}

Result<ViolationPage> LogReader::query(const ViolationQuery& query) {
  Where where = filters_of(query);
  ViolationPage page;
  if (query.with_total) {
    auto count = database_.prepare(fmt::format("SELECT count(*){}{}", kFrom, where.sql()));
    if (!count) return fail(count.error());
    where.bind(*count);
    if (const auto row = count->step(); !row) return fail(row.error());
    page.total = static_cast<std::uint64_t>(count->integer(0));
  }
  if (!query.cursor.empty()) {
    const auto cursor = read_cursor(query.cursor);
    if (!cursor) return fail(cursor.error());
    where.add("(v.time_ns, v.seq) < (?, ?)",
              {sql_time(cursor->time), static_cast<std::int64_t>(cursor->sequence)});
  }
  auto rows = database_.prepare(fmt::format(
      "{}{}{} ORDER BY v.time_ns DESC, v.seq DESC LIMIT ? OFFSET ?", kColumns, kFrom, where.sql()));
  if (!rows) return fail(rows.error());
  const int next = where.bind(*rows);
  rows->bind(next, std::uint64_t{query.limit} + 1).bind(next + 1, std::uint64_t{query.offset});
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    if (page.violations.size() == query.limit) {
      const StoredViolation& last = page.violations.back();
      page.next_cursor = write_cursor({last.created_at, last.sequence});
      break;
    }
    auto stored = read_row(*rows);
    if (!stored) return fail(stored.error());
    page.violations.push_back(std::move(*stored));
  }
  return page;
}

Result<StoredViolation> LogReader::find(const ViolationIdBytes& id) {
  auto row = database_.prepare(fmt::format("{}{} AND v.violation_id = ?", kColumns, kFrom));
  if (!row) return fail(row.error());
  row->bind_blob(0, id);
  const auto found = row->step();
  if (!found) return fail(found.error());
  if (!*found) return fail(ErrorCode::NotFound, "no such violation");
  return read_row(*row);
}

Result<std::uint64_t> LogReader::first_sequence(const ViolationIdBytes& id) {
  auto row = database_.prepare("SELECT seq FROM all_record WHERE violation_id = ? AND type = 1");
  if (!row) return fail(row.error());
  row->bind_blob(0, id);
  const auto found = row->step();
  if (!found) return fail(found.error());
  return *found ? static_cast<std::uint64_t>(row->integer(0)) : 0;
}

Result<std::vector<ViolationSummary::Count>> LogReader::top(std::string_view key, UnixNanos start,
                                                            UnixNanos end) {
  auto rows = database_.prepare(
      fmt::format("SELECT v.{0}, count(*) FROM all_record v WHERE v.type = 1 AND v.{0} IS NOT NULL "
                  "AND v.time_ns >= ? AND v.time_ns < ? GROUP BY v.{0} ORDER BY 2 DESC, 1 LIMIT ?",
                  key));
  if (!rows) return fail(rows.error());
  rows->bind(0, sql_time(start)).bind(1, sql_time(end)).bind(2, kTopMax);
  std::vector<ViolationSummary::Count> counts;
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return counts;
    const std::string value(rows->bytes(0));
    counts.push_back({value, value, static_cast<std::uint64_t>(rows->integer(1))});
  }
}

Result<void> LogReader::fill_timeline(UnixNanos start, UnixNanos end, std::size_t buckets,
                                      ViolationSummary* summary) {
  const UnixNanos width = std::max<UnixNanos>((end - start) / std::max<std::size_t>(buckets, 1), 1);
  for (std::size_t i = 0; i < buckets; ++i) summary->timeline.push_back({start + i * width, {}});
  auto rows = database_.prepare(
      fmt::format("SELECT v.time_ns, v.severity, n.completeness, n.flags{} AND v.time_ns >= ? AND "
                  "v.time_ns < ?",
                  kFrom));
  if (!rows) return fail(rows.error());
  rows->bind(0, sql_time(start)).bind(1, sql_time(end));
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    const auto severity = static_cast<std::size_t>(rows->integer(1) - 1) % 4;
    ++summary->total;
    ++summary->by_severity[severity];
    ++summary->by_completeness[static_cast<std::size_t>(rows->integer(2)) % 7];
    summary->withdrawn += (rows->integer(3) & kFlagWithdrawn) != 0 ? 1 : 0;
    if (buckets == 0) continue;
    const UnixNanos offset = static_cast<UnixNanos>(rows->integer(0)) - start;
    const auto bucket = std::min<std::size_t>(offset / width, buckets - 1);
    ++summary->timeline[bucket].by_severity[severity];
  }
}

Result<ViolationSummary> LogReader::summary(UnixNanos start, UnixNanos end, std::size_t buckets) {
  ViolationSummary summary;
  if (auto done = fill_timeline(start, end, buckets, &summary); !done) return fail(done.error());
  auto rules = top("rule_id", start, end);
  if (!rules) return fail(rules.error());
  summary.top_rules = std::move(*rules);
  auto services = top("service", start, end);
  if (!services) return fail(services.error());
  summary.top_services = std::move(*services);
  return summary;
}

Result<std::vector<StoredRuleChange>> LogReader::rule_history(std::string_view rule_id,
                                                              std::size_t limit) {
  auto rows = database_.prepare(
      "SELECT seq, leaf, payload FROM all_record WHERE rule_id = ? AND type = 4 "
      "ORDER BY seq DESC LIMIT ?");
  if (!rows) return fail(rows.error());
  rows->bind(0, rule_id).bind(1, std::uint64_t{limit});
  std::vector<StoredRuleChange> changes;
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return changes;
    const auto sequence = static_cast<std::uint64_t>(rows->integer(0));
    if (!leaf_fits(sequence, rows->bytes(1), rows->bytes(2))) return altered(sequence);
    auto change = read_rule_change(rows->bytes(2));
    if (!change) return fail(change.error());
    changes.push_back({sequence, std::move(*change)});
  }
}

Result<std::map<std::string, RecordedRule>> LogReader::recorded_rules() {
  const std::string prefix = recorded_rule_name("");
  auto rows = database_.prepare("SELECT name, value FROM main.state WHERE name >= ? ORDER BY name");
  if (!rows) return fail(rows.error());
  rows->bind(0, std::string_view(prefix));
  std::map<std::string, RecordedRule> recorded;
  for (;;) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more || !rows->bytes(0).starts_with(prefix)) return recorded;
    auto rule = read_recorded_rule(rows->bytes(1));
    if (!rule) return fail(rule.error());
    recorded.emplace(rows->bytes(0).substr(prefix.size()), std::move(*rule));
  }
}

}  // namespace betrace::storage
