// What a period of time says of one control: whether its rules were violated, or judged at all.
//
// The payload of a `compliance` record without its head. account/ makes one for each control every
// `evidence.interval`, exporter/ sends it as a `compliance.evidence` span. Format:
// docs/internals/violation_log.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/evidence/coverage.h"
#include "betrace/model/control.h"

namespace betrace::evidence {

struct Compliance {
  static constexpr std::size_t kRulesMax = 100;

  /// Of one control.
  struct Verdict {
    std::uint64_t evaluations_due = 0;
    std::uint64_t evaluations_not_made = 0;
    std::uint64_t violations = 0;  ///< Decided and committed, repeats not counted.
    std::uint64_t suppressed = 0;  ///< Decided, and held back by the noise bound.

    [[nodiscard]] std::uint64_t evaluated() const noexcept {
      return evaluations_due - evaluations_not_made;
    }
  };

  model::Control control;
  std::vector<std::string> rules;  ///< Ids of those that named it, ascending, at most kRulesMax.
  std::uint64_t rule_count = 0;    ///< Of all of them.
  Verdict verdict;
  std::uint64_t coverage_records = 0;
  Coverage coverage;  ///< The sum of the coverage records of the period, and its times.

  /// `violations`; `no_violation`; `not_evaluated`: none of its rules was evaluated, or nothing
  /// says what was seen.
  [[nodiscard]] std::string_view outcome() const noexcept;
};

/// The members of the record besides its head.
[[nodiscard]] Json compliance_members(const Compliance& compliance);

/// Reads a payload. Error Corrupt: it is none of this type.
[[nodiscard]] Result<Compliance> read_compliance(std::string_view payload);

}  // namespace betrace::evidence
