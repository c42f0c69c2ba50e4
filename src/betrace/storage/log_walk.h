// First records of violations, newest first, over all generations at once.
//
// Each generation is walked along one of its indexes, which already has the order that is asked
// for; the walk merges them. Used by log_reader only, for lists, counts and sums.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/log_record.h"
#include "betrace/storage/sqlite.h"
#include "betrace/storage/violation_query.h"

namespace betrace::storage {

/// Whether a generation can still change.
enum class Seal : std::uint8_t {
  None,       ///< It can, or it is to be left as it is until the next start.
  Unchecked,  ///< It is to be sealed when its whole chain was checked.
  Due,        ///< It is to be sealed.
  Sealed,     ///< Nobody changes the file any more.
};

/// A generation that may be read, and which sequences count in it.
struct ReadableGeneration {
  std::uint64_t number = 0;
  std::string path;
  std::uint64_t first_seq = 1;
  std::uint64_t end_seq = 0;  ///< Rows at or above it do not count: a later generation has them.
  UnixNanos created = 0;
  Seal seal = Seal::None;
};

/// A read-only connection to one generation.
struct GenerationReader {
  std::uint64_t end_seq = 0;
  Database database;
  Statement newest;  ///< seq, completeness, flags of the newest record of a violation.
  Statement first;   ///< seq, time_ns of its first record.
  Statement record;  ///< leaf, payload, mac by sequence.
  Statement tail;  ///< seq, type, flags, time_ns, size, leaf, mac, payload, between two sequences.

  [[nodiscard]] static Result<std::unique_ptr<GenerationReader>> open(
      const ReadableGeneration& generation);
};
using GenerationReaders = std::vector<std::unique_ptr<GenerationReader>>;

/// A place in the order: time, then sequence.
struct LogPosition {
  UnixNanos time = 0;
  std::uint64_t sequence = 0;

  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

/// The row that a walk stands at. Texts are valid until next().
struct WalkRow {
  std::size_t generation = 0;  ///< Index into the readers.
  LogPosition position;
  ViolationIdBytes violation_id{};
  std::string_view rule_id;
  std::string_view service;
  std::int64_t severity = 0;
};

/// Borrows the readers. One thread.
class ViolationWalk {
 public:
  /// Walks what `query` asks of first records and an index can find: rules, severities, trace and
  /// times.
  /// `from`, if given, is the last position that was seen already.
  ViolationWalk(GenerationReaders& readers, const ViolationQuery& query,
                std::optional<LogPosition> from);

  /// Goes to the next row; null at the end.
  [[nodiscard]] Result<const WalkRow*> next();

 private:
  using Parameter = std::variant<std::int64_t, std::string>;
  struct Cursor {
    Statement rows;
    bool has_row = false;
    LogPosition position;
  };

  void add_any(std::string_view column, std::vector<Parameter> values);
  [[nodiscard]] Result<void> open_cursors();
  [[nodiscard]] Result<void> advance(Cursor* cursor);
  void read_row(std::size_t generation);

  GenerationReaders& readers_;
  std::string index_;
  std::string conditions_;
  std::vector<Parameter> parameters_;
  std::optional<LogPosition> last_;
  std::vector<Cursor> cursors_;  // one for each reader
  std::size_t steps_ = 0;        // since the cursors were opened
  WalkRow row_;
  std::size_t current_ = SIZE_MAX;
};

}  // namespace betrace::storage
