#include "betrace/control/change.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/utf8.h"

namespace betrace::control {

std::string_view name_of(ChangeSource source) noexcept {
  switch (source) {
    case ChangeSource::Api:
      return "api";
    case ChangeSource::Directory:
      return "directory";
    case ChangeSource::CommandLine:
      return "cli";
    case ChangeSource::Kafka:
      return "kafka";
  }
  return "api";
}

bool Precondition::holds(std::string_view etag) const noexcept {
  return !etags || std::any_of(etags->begin(), etags->end(), [etag](const std::string& tag) {
    return tag == "*" || tag == etag;
  });
}

tl::unexpected<ChangeRefusal> refuse(RefusalKind kind, std::string message) {
  ChangeRefusal refusal;
  refusal.kind = kind;
  refusal.message = std::move(message);
  return refuse(std::move(refusal));
}

tl::unexpected<ChangeRefusal> refuse(ChangeRefusal refusal) {
  return tl::unexpected<ChangeRefusal>(std::move(refusal));
}

ChangeRefusal rule_exists(LoadedRulePtr existing, const model::Rule& rule) {
  ChangeRefusal refusal;
  refusal.kind = RefusalKind::RuleExists;
  refusal.differing = differing_members(existing->rule, rule);
  refusal.message =
      fmt::format("rule {} exists{}", rule.id,
                  refusal.differing.empty()
                      ? ""
                      : fmt::format(" with other {}", fmt::join(refusal.differing, ", ")));
  refusal.existing = std::move(existing);
  return refusal;
}

ChangeRefusal rule_not_found(std::string_view id) {
  return refuse(RefusalKind::RuleNotFound, fmt::format("there is no rule {}", quote_excerpt(id)))
      .value();
}

ChangeRefusal limit_reached(std::size_t rules_max) {
  return refuse(RefusalKind::LimitReached, fmt::format("limits.rules is {}", rules_max)).value();
}

ChangeRefusal read_only_rule(LoadedRulePtr existing) {
  ChangeRefusal refusal;
  refusal.kind = RefusalKind::ReadOnly;
  refusal.message = fmt::format("rule {} comes from {}, which is not written here",
                                existing->rule.id, existing->stored->file);
  refusal.existing = std::move(existing);
  return refusal;
}

ChangeRefusal storage_refusal(const Error& error) {
  switch (error.code) {
    case ErrorCode::FailedPrecondition:
      return refuse(RefusalKind::ReadOnly, error.message).value();
    case ErrorCode::StorageUncertain:
      return refuse(RefusalKind::StorageUncertain, error.message).value();
    case ErrorCode::Unavailable:
      return refuse(RefusalKind::Busy, error.message).value();
    default:
      return refuse(RefusalKind::StorageUnavailable, error.message).value();
  }
}

std::vector<std::string> differing_members(const model::Rule& left, const model::Rule& right) {
  std::vector<std::string> members;
  const auto note = [&members](bool differs, const char* member) {
    if (differs) members.emplace_back(member);
  };
  note(left.name != right.name, "name");
  note(left.description != right.description, "description");
  note(left.expression != right.expression, "expression");
  note(left.enabled != right.enabled, "enabled");
  note(left.severity != right.severity, "severity");
  note(left.tags != right.tags, "tags");
  note(left.message != right.message, "message");
  note(left.require_complete != right.require_complete, "require_complete");
  return members;
}

}  // namespace betrace::control
