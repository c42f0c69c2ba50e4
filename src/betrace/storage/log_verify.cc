#include "betrace/storage/log_verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/evidence/chain_verifier.h"
#include "betrace/storage/durable_file.h"
#include "betrace/storage/log_backup.h"
#include "betrace/storage/log_check.h"
#include "betrace/storage/log_evidence.h"
#include "betrace/storage/log_keys.h"
#include "betrace/storage/log_record.h"

namespace betrace::storage {
namespace {

using evidence::ChainVerifier;
using evidence::Place;
using evidence::Verdict;

Verdict verdict_of_file(const Error& error) {
  switch (error.code) {
    case ErrorCode::Unsupported:
      return Verdict::Newer;
    case ErrorCode::Corrupt:
      return Verdict::Invalid;
    default:
      return Verdict::Unreadable;
  }
}

bool is_text(const Statement& row, int column, const std::optional<std::string>& expected) {
  return row.is_null(column) ? !expected : expected && row.bytes(column) == *expected;
}

bool is_bytes(const Statement& row, int column, std::optional<std::string_view> expected) {
  return row.is_null(column) ? !expected : expected && row.bytes(column) == *expected;
}

template <std::size_t N>
std::string_view view_of(const std::array<std::uint8_t, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The first column that says something else than the payload; empty if none does.
std::string_view wrong_column(const Statement& row, const LogRecord& derived) {
  const auto trace = derived.trace_id ? std::optional(view_of(derived.trace_id->bytes))
                                      : std::optional<std::string_view>();
  const auto id = derived.violation_id ? std::optional(view_of(*derived.violation_id))
                                       : std::optional<std::string_view>();
  if (row.integer(1) != static_cast<std::int64_t>(derived.type)) return "type";
  if (row.integer(3) != sql_time(derived.time)) return "time_ns";
  if (!is_text(row, 4, derived.rule_id)) return "rule_id";
  if (row.maybe_integer(5) != derived.severity) return "severity";
  if (!is_text(row, 6, derived.service)) return "service";
  if (row.maybe_integer(7) != derived.completeness) return "completeness";
  if (row.integer(8) != derived.flags) return "flags";
  if (!is_bytes(row, 9, trace)) return "trace_id";
  return is_bytes(row, 10, id) ? "" : "violation_id";
}

/// One file of the log.
class GenerationCheck {
 public:
  GenerationCheck(const ReadableGeneration& generation, ChainVerifier* verifier)
      : generation_(generation),
        place_{generation_file_name(generation.number), 0},
        verifier_(verifier) {}

  bool run() {
    auto reader = GenerationReader::open(generation_);
    if (!reader) return reject(reader.error());
    Database& database = (*reader)->database;
    if (!check_pages(database) || !check_rows(database)) return false;
    readers_.push_back(*std::move(reader));
    return read_chain();
  }

 private:
  bool reject(const Error& error) {
    return verifier_->reject(verdict_of_file(error), error.message, 0, place_);
  }
  bool reject(std::string what, std::uint64_t sequence) {
    return verifier_->reject(Verdict::Invalid, std::move(what), sequence, place_);
  }

  bool check_pages(Database& database) {
    const auto sound = database.text("PRAGMA integrity_check(1)");
    if (!sound) return reject(sound.error());
    return *sound == "ok" || reject(fmt::format("integrity_check: {}", *sound), 0);
  }

  // Every column that can be derived, and that no record stands outside of a group.
  bool check_rows(Database& database) {
    auto rows = database.prepare(
        "SELECT r.seq, r.type, r.payload, r.time_ns, r.rule_id, r.severity, r.service, "
        "r.completeness, r.flags, r.trace_id, r.violation_id, r.group_seq, g.first_seq, r.leaf "
        "FROM record r LEFT JOIN commit_group g ON g.last_seq = "
        "(SELECT min(last_seq) FROM commit_group WHERE last_seq >= r.seq) "
        "WHERE r.seq < ? ORDER BY r.seq");
    if (!rows) return reject(rows.error());
    rows->bind(0, generation_.end_seq);
    for (;;) {
      const auto more = rows->step();
      if (!more) return reject(more.error());
      if (!*more) return true;
      if (!check_row(*rows)) return false;
    }
  }

  bool check_row(const Statement& row) {
    const auto sequence = static_cast<std::uint64_t>(row.integer(0));
    const auto group = row.maybe_integer(12);
    if (!group || *group > row.integer(0))
      return reject("the record belongs to no commit", sequence);
    if (*group != row.integer(11)) return reject("column group_seq is wrong", sequence);
    const auto derived = derive_columns(row.bytes(2));
    // What cannot be read, or belongs to no type known here, is judged with the chain.
    if (!derived) return true;
    const std::string_view wrong = wrong_column(row, *derived);
    return wrong.empty() ||
           reject(fmt::format("column {} is not what the payload says", wrong), sequence);
  }

  bool read_chain() {
    EvidenceQuery query;
    for (;;) {
      const auto groups = read_groups(readers_, query);
      if (!groups) return reject(groups.error());
      if (groups->empty()) return true;
      for (const EvidenceGroup& group : *groups) {
        if (!read_group(group)) return false;
      }
      query.first_seq = groups->back().last_seq + 1;
    }
  }

  bool read_group(const EvidenceGroup& group) {
    if (!verifier_->commit(group.envelope, place_)) return false;
    for (const evidence::EvidenceRecord& record : group.records) {
      if (!verifier_->record(record, place_)) return false;
    }
    return true;
  }

  const ReadableGeneration& generation_;
  const Place place_;
  ChainVerifier* verifier_;
  GenerationReaders readers_;
};

}  // namespace

bool is_log(const std::string& path) {
  FileSystem& files = real_file_system();
  const FileHandle directory(files, files.open_directory(path));
  std::vector<std::string> names;
  if (!directory.is_open() || files.list(directory.number(), &names) != 0) return false;
  return std::ranges::any_of(names,
                             [](const std::string& name) { return generation_number(name) != 0; });
}

evidence::Verification verify_log(const std::string& path,
                                  const std::vector<evidence::CheckpointText>& checkpoints,
                                  const evidence::VerifyOptions& options) {
  const auto ring = read_key_ring_in(path);
  evidence::VerifyOptions whole = options;
  whole.requires_beginning = true;
  ChainVerifier verifier(ring.value_or(evidence::KeyRing()), whole);
  const Place keys_place{kKeyRingName, 0};
  if (!ring) {
    verifier.reject(verdict_of_file(ring.error()), ring.error().message, 0, keys_place);
    return verifier.finish(keys_place);
  }
  const auto generations = find_generations(real_file_system(), path);
  Place end{path, 0};
  if (!generations) {
    verifier.reject(verdict_of_file(generations.error()), generations.error().message, 0, end);
    return verifier.finish(end);
  }
  if (!evidence::read_checkpoints(checkpoints, &verifier)) return verifier.finish(end);
  for (const ReadableGeneration& generation : *generations) {
    end.file = generation_file_name(generation.number);
    if (!GenerationCheck(generation, &verifier).run()) break;
  }
  return verifier.finish(end);
}

}  // namespace betrace::storage
