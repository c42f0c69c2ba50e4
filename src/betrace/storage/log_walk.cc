#include "betrace/storage/log_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/mutant.h"

namespace betrace::storage {
namespace {

// Reading keeps the writer from reusing its WAL, so a long walk lets go in between.
constexpr std::size_t kSliceSteps = 20'000;

// The index that leaves the fewest rows to be looked at; all but that of traces have the order.
std::string_view index_for(const ViolationQuery& query) {
  if (query.trace_id) return "record_trace";
  if (query.rule_ids.size() == 1) return "record_rule";
  return query.severities.size() == 1 ? "record_severity" : "record_time";
}

Result<void> prepare(Database& database, std::string_view sql, Statement* statement) {
  auto prepared = database.prepare(sql);
  if (!prepared) return fail(prepared.error());
  *statement = *std::move(prepared);
  return {};
}

}  // namespace

Result<std::unique_ptr<GenerationReader>> GenerationReader::open(
    const ReadableGeneration& generation) {
  const bool is_sealed = generation.seal == Seal::Sealed;
  const auto mode = is_sealed ? Database::Mode::Sealed : Database::Mode::ReadOnly;
  auto database = Database::open(generation.path, mode);
  if (!database) return fail(database.error());
  auto reader = std::make_unique<GenerationReader>();
  reader->end_seq = is_mutant('r') ? kSequenceMax : generation.end_seq;
  reader->database = *std::move(database);
  Database& handle = reader->database;
  auto prepared =
      prepare(handle,
              "SELECT seq, completeness, flags FROM record INDEXED BY record_violation "
              "WHERE violation_id = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
              &reader->newest)
          .and_then([&] {
            return prepare(handle,
                           "SELECT seq, time_ns FROM record INDEXED BY record_violation "
                           "WHERE violation_id = ? AND seq < ? AND type = 1 "
                           "ORDER BY seq LIMIT 1",
                           &reader->first);
          })
          .and_then([&] {
            return prepare(handle, "SELECT leaf, payload, mac FROM record WHERE seq = ?",
                           &reader->record);
          })
          .and_then([&] {
            return prepare(handle,
                           "SELECT seq, type, flags, time_ns, length(payload), leaf, mac, payload "
                           "FROM record WHERE seq > ? AND seq < ? ORDER BY seq",
                           &reader->tail);
          });
  if (!prepared) return fail(prepared.error());
  return reader;
}

ViolationWalk::ViolationWalk(GenerationReaders& readers, const ViolationQuery& query,
                             std::optional<LogPosition> from)
    : readers_(readers), index_(index_for(query)), last_(from) {
  add_any("rule_id", {query.rule_ids.begin(), query.rule_ids.end()});
  std::vector<Parameter> severities;
  for (const model::Severity severity : query.severities) {
    severities.emplace_back(static_cast<std::int64_t>(severity));
  }
  add_any("severity", std::move(severities));
  if (query.trace_id) conditions_ += fmt::format(" AND trace_id = x'{}'", query.trace_id->hex());
  conditions_ += " AND time_ns >= ? AND time_ns < ?";
  parameters_.emplace_back(sql_time(query.start_time));
  parameters_.emplace_back(query.end_time ? sql_time(*query.end_time) : INT64_MAX);
}

void ViolationWalk::add_any(std::string_view column, std::vector<Parameter> values) {
  if (values.empty()) return;
  std::string marks;
  for (Parameter& value : values) {
    marks += marks.empty() ? "?" : ", ?";
    parameters_.push_back(std::move(value));
  }
  // With a single value SQLite sees that the index has the order.
  conditions_ += values.size() == 1 ? fmt::format(" AND {} = ?", column)
                                    : fmt::format(" AND {} IN ({})", column, marks);
}

Result<void> ViolationWalk::open_cursors() {
  cursors_.clear();
  steps_ = 0;
  const std::string sql = fmt::format(
      "SELECT seq, time_ns, violation_id, rule_id, service, severity FROM record INDEXED BY {} "
      "WHERE type = 1 AND seq < ?{}{} ORDER BY time_ns DESC, seq DESC",
      index_, conditions_, last_ ? " AND (time_ns, seq) < (?, ?)" : "");
  for (const auto& reader : readers_) {
    Cursor& cursor = cursors_.emplace_back();
    if (auto prepared = prepare(reader->database, sql, &cursor.rows); !prepared) return prepared;
    int index = 0;
    cursor.rows.bind(index++, reader->end_seq);
    for (const Parameter& parameter : parameters_) {
      if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
        cursor.rows.bind(index++, *number);
      } else {
        cursor.rows.bind(index++, std::string_view(std::get<std::string>(parameter)));
      }
    }
    if (last_) cursor.rows.bind(index, sql_time(last_->time)).bind(index + 1, last_->sequence);
    if (auto advanced = advance(&cursor); !advanced) return advanced;
  }
  return {};
}

Result<void> ViolationWalk::advance(Cursor* cursor) {
  ++steps_;
  const auto row = cursor->rows.step();
  if (!row) return fail(row.error());
  cursor->has_row = *row;
  if (*row) {
    cursor->position = {static_cast<UnixNanos>(cursor->rows.integer(1)),
                        static_cast<std::uint64_t>(cursor->rows.integer(0))};
  }
  return {};
}

Result<const WalkRow*> ViolationWalk::next() {
  if (cursors_.empty() || steps_ >= kSliceSteps) {
    if (auto opened = open_cursors(); !opened) return fail(opened.error());
  } else if (current_ != SIZE_MAX) {
    if (auto advanced = advance(&cursors_[current_]); !advanced) return fail(advanced.error());
  }
  current_ = SIZE_MAX;
  for (std::size_t i = 0; i < cursors_.size(); ++i) {
    const bool is_later =
        current_ == SIZE_MAX || cursors_[i].position > cursors_[current_].position;
    if (cursors_[i].has_row && is_later) current_ = i;
  }
  if (current_ == SIZE_MAX) return nullptr;
  read_row(current_);
  last_ = row_.position;
  return &row_;
}

void ViolationWalk::read_row(std::size_t generation) {
  const Statement& rows = cursors_[generation].rows;
  row_.generation = generation;
  row_.position = cursors_[generation].position;
  const std::string_view id = rows.bytes(2);
  std::copy_n(id.begin(), std::min(id.size(), row_.violation_id.size()), row_.violation_id.begin());
  row_.rule_id = rows.bytes(3);
  row_.service = rows.bytes(4);
  row_.severity = rows.integer(5);
}

}  // namespace betrace::storage
