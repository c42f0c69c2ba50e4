// Makes the record of a violation from a judgement: id, anchor, witnesses, explanation, message.
//
// engine/verdicts.cc decides that there is one and of what status. Source:
// docs/internals/traces.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "betrace/base/time.h"
#include "betrace/engine/redaction.h"
#include "betrace/engine/trace_judge.h"
#include "betrace/model/violation.h"
#include "betrace/traces/trace_state.h"

namespace betrace::engine {

/// What is said of a violation besides its proof.
struct Circumstances {
  UnixNanos timestamp = 0;
  std::optional<model::Completeness> completeness;
  std::optional<model::CloseReason> close_reason;
  bool early = false;
  bool late = false;
  std::string key_id = {};  ///< Of the API key that brought the last span before the decision.
};

/// The span that a violation named.
struct NamedAnchor {
  model::SpanId span_id = {};
  bool is_known = false;  ///< More of it is known than its id.
};

/// Immutable.
class ViolationBuilder {
 public:
  explicit ViolationBuilder(RedactionPtr redaction) : redaction_(std::move(redaction)) {}

  /// A confirmed violation. `proof` is what the indexes of `judgement` refer to: the spans of
  /// `trace`, or in span scope the violating span alone.
  [[nodiscard]] model::Violation confirmed(const ActiveRule& rule, const traces::TraceState& trace,
                                           const rules::LinkedTrace& proof,
                                           const Judgement& judgement,
                                           const Circumstances& circumstances) const;

  /// A withdrawn violation of trace or mixed scope: no witness is left. `clauses` say how the rule
  /// stands now, `anchor` is the span that the violation had named.
  [[nodiscard]] model::Violation withdrawn(const ActiveRule& rule, const traces::TraceState& trace,
                                           const rules::LinkedTrace& proof,
                                           const std::vector<rules::ClauseResult>& clauses,
                                           const NamedAnchor& anchor,
                                           const Circumstances& circumstances) const;

 private:
  RedactionPtr redaction_;  // never null
};

/// A number that differs when anything differs that a violation claims, its time excepted: to know
/// whether late spans changed it.
[[nodiscard]] std::uint64_t content_digest(const model::Violation& violation);

}  // namespace betrace::engine
