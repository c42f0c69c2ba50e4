// The violation log as an outbox: what sinks and streams are told of, in the order of the log.
//
// Asked by the exporter and the event stream, answered by ViolationLog. Every sink is told of the
// first record of a violation and of its withdrawal; who asks for it also of what else changes it,
// or, where it takes evidence, of rule changes and of compliance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "betrace/base/sha256.h"
#include "betrace/evidence/compliance.h"
#include "betrace/model/violation.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/rule_change_record.h"

namespace betrace::storage {

struct TailRecord {
  std::uint64_t sequence = 0;
  /// False: the stored bytes are not what was committed, and `record` is empty.
  bool is_readable = true;
  LogRecordType type = LogRecordType::Violation;
  model::ViolationRecord record;                   ///< Of a type that is about a violation.
  std::optional<RuleChangeRecord> change;          ///< Of type RuleChange.
  std::optional<evidence::Compliance> compliance;  ///< Of type Compliance.
  Sha256 leaf{};                                   ///< Of sequence and payload.
  model::ViolationPlace place;                     ///< Of another type: its own, and its signature.
  std::size_t byte_count = 0;                      ///< Of the stored payload.
  UnixNanos time = 0;                              ///< When it was decided.
};

/// The part of the log that a question is about.
struct TailQuery {
  std::uint64_t after = 0;            ///< From the first sequence above it ...
  std::uint64_t last = kSequenceMax;  ///< ... to this one.
  /// Besides first records and withdrawals also what else is said of a violation: its final form,
  /// or a changed one.
  bool with_changes = false;
  std::size_t records_max = 64;
  std::size_t bytes_max = 1024 * 1024;  ///< Of payloads; one more than fits is given.
  bool with_evidence = false;           ///< Rule changes and compliance too.
};

struct ViolationTail {
  std::vector<TailRecord> records;
  std::uint64_t examined = 0;  ///< Nothing up to this sequence is missing; at least `after`.
};

/// How much there is, unread.
struct TailSize {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t examined = 0;  ///< Counted up to this sequence; at least `after`.
};

}  // namespace betrace::storage
