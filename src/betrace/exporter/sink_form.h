// What a kind of sink is told, and in which words: the part of the export that knows its receiver.
//
// Used by exporter/exporter, which reads the log for it, and by exporter/delivery, which carries
// what it made. Implemented by otlp_form, webhook and alertmanager.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/evidence/dsse.h"
#include "betrace/exporter/violation_span.h"
#include "betrace/storage/violation_tail.h"

namespace betrace::exporter {

using Spans = std::vector<ViolationSpan>;
/// What a record is to a sink: spans, not empty, or the text of an event or an alert.
using Telling = std::variant<Spans, std::string>;

/// One record on its way. Movable.
struct OutboxItem {
  std::uint64_t sequence = 0;
  std::size_t byte_count = 0;
  UnixNanos time = 0;  ///< When it was decided.
  Telling telling;
};

/// Immutable.
class SinkForm {
 public:
  virtual ~SinkForm() = default;
  /// Returns a question for all records of the kinds that it is told of.
  /// Unless a form says otherwise these are violations and what becomes of them later, withdrawals
  /// included.
  [[nodiscard]] virtual storage::TailQuery wanted() const {
    storage::TailQuery query;
    query.with_changes = true;
    return query;
  }
  /// Returns nothing if it is not told of the record. Requires: `record.is_readable`.
  [[nodiscard]] virtual std::optional<Telling> tell(const storage::TailRecord& record) const = 0;
  /// Returns the body of a request that says them. Requires: not empty, all made by tell().
  [[nodiscard]] virtual std::string write(const std::vector<OutboxItem>& items) const = 0;
  /// Returns the body of a request that says a checkpoint of the log; empty if it is not told.
  [[nodiscard]] virtual std::string write_checkpoint(
      const evidence::CommitEnvelope& /*envelope*/) const {
    return {};
  }
};

}  // namespace betrace::exporter
