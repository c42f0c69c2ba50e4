// A violation: the record of a Violated verdict, complete enough to stand alone.
//
// engine/ builds it, storage/ keeps it, api/ and exporters show it. Source: docs/guide/api.md,
// "Violations".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/model/ids.h"
#include "betrace/model/kept_span.h"
#include "betrace/model/severity.h"
#include "betrace/model/verdict.h"

namespace betrace::model {

/// The digest that all ids of a violation are cut from: SHA-256 over rule id, SHA-256 of the
/// normalised expression, trace id, and in span scope the span id (else empty), each preceded by
/// its length as a big-endian u64.
struct ViolationKey {
  std::array<std::uint8_t, 32> digest{};

  friend auto operator<=>(const ViolationKey&, const ViolationKey&) = default;
  /// `viol-` + 32 hex digits: bytes 0..15.
  [[nodiscard]] std::string id() const;
  /// Span id of the exported violation: bytes 16..23; zero is mapped to one.
  [[nodiscard]] SpanId span_id() const noexcept;
  /// Span id of the exported withdrawal: bytes 24..31; zero is mapped to one.
  [[nodiscard]] SpanId withdrawn_span_id() const noexcept;
};

/// Computes the key. `span_id` is null outside span scope.
[[nodiscard]] ViolationKey violation_key(std::string_view rule_id,
                                         std::string_view normalized_expression,
                                         const TraceId& trace_id, const SpanId* span_id);

/// A span that proves the violation, with just the attributes that may be shown.
struct Witness {
  std::string role;  ///< Text of the clause that it proves.
  KeptSpan span;
};

/// One clause of the rule with its truth on this trace.
struct Clause {
  std::string text;
  bool value = false;
  std::vector<SpanId> spans;  ///< What the clause cites, at most 32.
};

struct Explanation {
  std::string summary;  ///< One sentence for a person.
  std::string scope;    ///< `span`, `trace` or `mixed`
  std::uint64_t spans_examined = 0;
  std::vector<Clause> clauses;
};

/// Movable. All text is valid UTF-8.
struct Violation {
  ViolationKey key;
  std::string rule_id;
  std::string rule_name;
  std::uint64_t rule_revision = 1;
  Severity severity = Severity::Medium;
  std::vector<std::string> tags;
  std::string message;
  TraceId trace_id;
  SpanId span_id;       ///< The anchor: violating span, else first witness, else root; may be zero.
  std::string service;  ///< Of the anchor; empty if it has none.
  std::string anchor_name;  ///< Name of the anchor span.
  std::uint64_t anchor_duration_ns = 0;
  UnixNanos timestamp = 0;  ///< When it was decided.
  UnixNanos trace_start = 0;
  UnixNanos trace_end = 0;
  ViolationStatus status = ViolationStatus::Confirmed;
  std::optional<Completeness> completeness;  ///< Nothing while `early`.
  std::optional<CloseReason> close_reason;   ///< Nothing while `early`.
  bool early = false;
  bool late = false;
  std::uint64_t spans_seen = 0;
  std::vector<Witness> witnesses;   ///< Canonical order, at most 32.
  std::uint64_t witness_count = 0;  ///< Of all.
  Explanation explanation;
  /// Id of the API key that brought the last span before the decision; empty: it came without.
  std::string ingest_key;
  std::string redaction;  ///< By which its attributes are shown and hidden; empty: by none.
};

/// Where a violation stands in the log, and who signed it.
struct ViolationPlace {
  std::uint64_t sequence = 0;  ///< Of the first record.
  UnixNanos created_at = 0;    ///< When the first record was decided.
  std::string signature;       ///< Of the first record, `v1:<key id>:<64 hex>`; empty if unsigned.
  std::string key_id;          ///< Empty if unsigned.
};

/// What a record says of its violation. Written to the violation log: never renumber.
enum class RecordType : std::uint8_t {
  Violation = 1,  ///< First decided.
  Final = 2,      ///< The trace of an early violation closed: final witnesses, grade, reason.
  Revision = 3,   ///< Changed or withdrawn by late spans.
};

struct ViolationRecord {
  RecordType type = RecordType::Violation;
  Violation violation;
};

}  // namespace betrace::model
