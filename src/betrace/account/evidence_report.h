// What the log proves of one control in a stretch of time, and what it does not.
//
// Made from the records alone, by `betrace evidence report`; each figure names the sequences that
// prove it. Judges nothing again. evidence_report_html.h makes a page of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/evidence/compliance.h"
#include "betrace/evidence/coverage.h"
#include "betrace/model/control.h"
#include "betrace/storage/log_reader.h"

namespace betrace::account {

struct ReportRequest {
  model::Control control;
  UnixNanos from = 0;
  UnixNanos to = 0;    ///< Exclusive.
  UnixNanos made = 0;  ///< When the report is made.
};

/// The records that a figure was read from: the first and the last of them; zero: none.
struct Proof {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;

  void add(std::uint64_t sequence) noexcept;
};

struct EvidenceReport {
  /// Listed; the counts are of all.
  static constexpr std::size_t kViolationsMax = 10'000;

  struct Violation {
    std::uint64_t sequence = 0;
    std::string id;
    std::string rule_id;
    std::string severity;
    std::string completeness;  ///< Empty: it was decided before its trace closed.
    UnixNanos time = 0;
    std::uint64_t withdrawn_by = 0;  ///< Sequence of the record that withdraws it; 0: none does.
  };
  /// Time of which no coverage record speaks.
  struct Uncovered {
    UnixNanos from = 0;
    UnixNanos to = 0;
    std::uint64_t after_sequence = 0;   ///< The coverage record before it; 0: none.
    std::uint64_t before_sequence = 0;  ///< The one behind it; 0: none.
  };
  /// All gap records of one cause.
  struct Loss {
    std::string cause;
    std::string rule_id;  ///< Empty: not of one rule.
    std::uint64_t count = 0;
    std::uint64_t records = 0;
    UnixNanos first_time = 0;
    UnixNanos last_time = 0;
    Proof proof;
  };
  struct RuleChange {
    std::uint64_t sequence = 0;
    std::string rule_id;
    std::string change;
    std::string actor;
    std::uint64_t revision = 0;
    UnixNanos time = 0;
  };
  struct Period {
    std::uint64_t sequence = 0;
    UnixNanos from = 0;
    UnixNanos to = 0;
    std::string outcome;
  };
  /// A start or a stop of the service.
  struct Run {
    std::uint64_t sequence = 0;
    UnixNanos time = 0;
    std::string what;  ///< `start`, `start after a crash`, `stop`
  };

  ReportRequest request;
  std::string log_id;

  evidence::Compliance::Verdict verdict;  ///< Sums of the periods; violations as in the log.
  std::vector<std::string> rules;         ///< Ids, ascending, as the periods name them.
  std::vector<Period> periods;
  Proof periods_proof;

  std::uint64_t violation_count = 0;
  std::vector<Violation> violations;  ///< Oldest first.
  Proof violations_proof;

  evidence::Coverage coverage;
  std::uint64_t coverage_records = 0;
  Proof coverage_proof;
  std::vector<Uncovered> uncovered;
  std::vector<Loss> losses;

  std::vector<RuleChange> rule_changes;  ///< Of rules that named the control at that change.
  std::vector<Run> runs;

  /// As evidence::Compliance::outcome().
  [[nodiscard]] std::string_view outcome() const noexcept;
  /// Every instant is covered, and nothing was lost.
  [[nodiscard]] bool is_complete() const noexcept { return uncovered.empty() && losses.empty(); }
};

/// Reads the log. Error Corrupt: a record is not what was committed.
[[nodiscard]] Result<EvidenceReport> make_evidence_report(storage::LogReader& log,
                                                          const ReportRequest& request);

[[nodiscard]] Json report_json(const EvidenceReport& report);

}  // namespace betrace::account
