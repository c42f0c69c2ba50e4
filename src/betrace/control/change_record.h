// From a difference between two versions of a rule to the record that the log keeps of it.
//
// Pure functions. Source: docs/internals/rule_store.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "betrace/control/change.h"
#include "betrace/storage/rule_change_record.h"
#include "betrace/storage/rule_store.h"

namespace betrace::control {

/// Who changed a rule on disk when nobody tells.
inline constexpr const char* kOutOfBand = "out_of_band";

/// Returns the record of a change. One of `before` and `after` may be null, not both. A change of
/// `enabled` alone is an `enable` or `disable`.
[[nodiscard]] storage::RuleChangeRecord change_record(const model::Rule* before,
                                                      const model::Rule* after,
                                                      const ChangeContext& context);

/// Returns the records of what others did to the directory, found at `now`.
[[nodiscard]] std::vector<storage::RuleChangeRecord> found_records(
    const storage::RuleChanges& changes, UnixNanos now);

/// Returns a record for every rule of `snapshot` whose last recorded version is another, and for
/// every recorded rule that is gone.
[[nodiscard]] std::vector<storage::RuleChangeRecord> unrecorded_changes(
    const storage::RuleSnapshot& snapshot,
    const std::map<std::string, storage::RecordedRule>& recorded, UnixNanos now);

}  // namespace betrace::control
