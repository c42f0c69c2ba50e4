// The words of a rule change: who asks for it, what it insists on, and why it is refused.
//
// Shared by RuleControl, imports and the API, which turns refusals into error bodies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/control/loaded_rule.h"
#include "betrace/rules/diagnostic.h"

namespace betrace::control {

/// Which side a change comes from.
enum class ChangeSource : std::uint8_t { Api, Directory, CommandLine, Kafka };

/// `api` `directory` `cli` `kafka`
[[nodiscard]] std::string_view name_of(ChangeSource source) noexcept;

/// Who changes a rule, and when; written into the record of the change.
struct ChangeContext {
  std::string actor;  ///< `key:ops`, `local`, ...
  ChangeSource source = ChangeSource::Api;
  std::string address;     ///< Of the client; empty if there is none.
  std::string request_id;  ///< Empty if there is none.
  UnixNanos now = 0;
};

/// What a new rule does to an existing one of its id with other content.
enum class OnConflict : std::uint8_t { Fail, Replace, Skip };

/// The tags of `If-Match`: nothing = anything goes. `*` holds for every rule that exists.
struct Precondition {
  std::optional<std::vector<std::string>> etags;

  /// Tags are compared strongly: a weak tag never holds. Source: RFC 9110 section 13.1.1.
  [[nodiscard]] bool holds(std::string_view etag) const noexcept;
};

enum class RefusalKind : std::uint8_t {
  InvalidExpression,  ///< It does not compile.
  InvalidField,       ///< A field is over its limit or wrong; for imports, the entry is unreadable.
  RuleExists,         ///< The id is there with other content.
  RuleNotFound,       ///< The id is not there.
  LimitReached,       ///< `limits.rules`
  ReadOnly,           ///< The directory, or the file of the rule.
  PreconditionFailed,  ///< Another version than expected.
  Busy,                ///< Another change held the lock for too long.
  StorageUnavailable,  ///< Nothing was changed.
  StorageUncertain     ///< Memory was made equal to the disk, whatever it holds.
};

/// Why a rule was not changed. `message` is one lowercase clause.
struct ChangeRefusal {
  RefusalKind kind = RefusalKind::StorageUnavailable;
  std::string message;
  std::optional<rules::Diagnostic> diagnostic;  ///< With InvalidExpression.
  LoadedRulePtr existing;              ///< With RuleExists, PreconditionFailed and ReadOnly.
  std::vector<std::string> differing;  ///< Members, with RuleExists.
};

template <typename T>
using Outcome = tl::expected<T, ChangeRefusal>;

[[nodiscard]] tl::unexpected<ChangeRefusal> refuse(RefusalKind kind, std::string message);
[[nodiscard]] tl::unexpected<ChangeRefusal> refuse(ChangeRefusal refusal);

/// Returns `rule_exists` of `existing`, naming what differs in `rule`.
[[nodiscard]] ChangeRefusal rule_exists(LoadedRulePtr existing, const model::Rule& rule);
[[nodiscard]] ChangeRefusal rule_not_found(std::string_view id);
[[nodiscard]] ChangeRefusal limit_reached(std::size_t rules_max);
[[nodiscard]] ChangeRefusal read_only_rule(LoadedRulePtr existing);

/// Returns the refusal of a failed call of the rule store.
[[nodiscard]] ChangeRefusal storage_refusal(const Error& error);

/// Names of the members of the content that differ, as in JSON: `severity`, ...
[[nodiscard]] std::vector<std::string> differing_members(const model::Rule& left,
                                                         const model::Rule& right);

}  // namespace betrace::control
