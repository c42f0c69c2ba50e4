// Whether the rules of each control were violated in a period, or judged at all.
//
// Fed by account/clerk with what a minute brought; gives one statement for each control when a
// period ends, clean ones included. Reads no clock and writes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "betrace/engine/rule_set.h"
#include "betrace/evidence/compliance.h"
#include "betrace/model/control.h"

namespace betrace::account {

/// What a minute brought of one rule.
struct RuleMinute {
  std::uint64_t due = 0;
  std::uint64_t not_made = 0;
  std::uint64_t suppressed = 0;
};
using RuleMinutes = std::map<std::string, RuleMinute, std::less<>>;

/// One thread at a time.
class ControlPeriods {
 public:
  /// From now on these rules are active. What the others said of their controls in this period
  /// stays.
  void rules_changed(const engine::RuleSet& rules);

  /// A violation of a rule with these tags was committed.
  void violation_recorded(std::span<const std::string> tags);

  void add_minute(const RuleMinutes& rules, const evidence::Coverage& coverage);

  /// Ends the period: a statement for every control that an active rule names now or named in it,
  /// ascending.
  [[nodiscard]] std::vector<evidence::Compliance> take();

 private:
  struct Standing {
    evidence::Compliance::Verdict verdict;
    std::set<std::string> rules;
  };

  std::map<std::string, std::vector<model::Control>, std::less<>> controls_;  // by rule id
  std::set<std::string, std::less<>> active_;                                 // rule ids
  std::map<model::Control, Standing> standings_;
  evidence::Coverage coverage_;
  std::uint64_t coverage_records_ = 0;
};

}  // namespace betrace::account
