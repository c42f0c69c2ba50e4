// A rule test: rules, spans on a time line, and the verdicts that must come of them.
//
// scenario_reader.h reads them from files, scenario_runner.h plays them on a shard,
// scenario_check.h compares. Users run them with `betrace test`; the format is
// docs/guide/rule-tests.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/engine/shard.h"
#include "betrace/model/kept_span.h"
#include "betrace/model/rule.h"

namespace betrace::app {

/// Zero of every time line, as wall clock: 2026-01-01T00:00:00Z.
inline constexpr UnixNanos kScenarioStart = 1'767'225'600'000'000'000;

/// Something that happens at a moment of the time line.
struct ScenarioAction {
  enum class Kind : std::uint8_t {
    Span,      // span, copies
    Request,   // ends the request at hand
    Rule,      // rule: a new one or a new version
    Disable,   // rule_id
    Enable,    // rule_id
    Remove,    // rule_id
    Shutdown,  // closes all open traces
  };
  std::chrono::nanoseconds at{0};
  Kind kind = Kind::Span;
  std::optional<model::KeptSpan> span;
  std::uint64_t copies = 1;
  std::optional<model::Rule> rule;
  std::string rule_id;
};

/// What a violation or record must say: values by field, see scenario_check.h. Only what is named
/// is compared.
struct Expected {
  std::string kind;  ///< `violation` `final` `revision` `withdrawn`
  std::map<std::string, std::vector<std::string>> fields;
};

/// One case of a file.
struct Scenario {
  std::string name;
  std::vector<model::Rule> rules;
  engine::ShardOptions options;
  std::vector<ScenarioAction> actions;  ///< By time.
  /// When the clock stops; nothing: when the last trace has closed.
  std::optional<std::chrono::nanoseconds> until;

  /// The violations as they stand at the end, in any order; nothing: not compared.
  std::optional<std::vector<Expected>> violations;
  bool expects_some_violation = false;  ///< `expect: violated`
  /// All records in order; nothing: not compared.
  std::optional<std::vector<Expected>> records;
  std::map<std::string, double> counts;

  std::map<std::string, std::string> labels;  ///< Names of trace and span ids, by hex.
};

}  // namespace betrace::app
