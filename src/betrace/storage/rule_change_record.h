// What the log says of a change of a rule: who, when, from what to what.
//
// control/ makes one for each change before it is answered; the history of a rule is read from
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "betrace/base/time.h"
#include "betrace/model/rule.h"

namespace betrace::storage {

struct RuleChangeRecord {
  std::string rule_id;
  std::string change;      ///< `create` `update` `enable` `disable` `delete` `undelete`
  std::string source;      ///< `api` `directory` `cli` `kafka`
  std::string actor;       ///< `key:ops`, `out_of_band`, ...
  std::string address;     ///< Of the client; empty if there is none.
  std::string request_id;  ///< Empty if there is none.
  UnixNanos time = 0;
  std::uint64_t revision = 0;           ///< Of the new version; of the old one for a deletion.
  std::uint64_t previous_revision = 0;  ///< 0: there was none.
  std::string sha256;                   ///< rule_sha256() of the new version; empty for a deletion.
  std::string previous_sha256;          ///< Empty: there was none.
  /// The new version, for a deletion the last one. Left out of the record if it does not fit.
  std::optional<model::Rule> rule;
};

/// One as it was read.
struct StoredRuleChange {
  std::uint64_t sequence = 0;
  RuleChangeRecord record;
};

/// The version of a rule that the log last recorded.
struct RecordedRule {
  std::uint64_t revision = 0;
  std::string sha256;  ///< Empty: it was deleted.
};

}  // namespace betrace::storage
