#include "betrace/api/change_reply.h"

#include "betrace/api/diagnostic_json.h"
#include "betrace/api/reply.h"

namespace betrace::api {

control::ChangeContext change_context(const http::RequestHead& head, UnixNanos now) {
  control::ChangeContext context;
  context.actor = head.actor.empty() ? "anonymous" : head.actor;
  context.source = control::ChangeSource::Api;
  context.address = head.remote_address;
  context.request_id = head.request_id;
  context.now = now;
  return context;
}

control::Precondition if_match(const http::RequestHead& head) {
  return control::Precondition{read_etags(head.headers, "If-Match")};
}

ErrorKind kind_of(control::RefusalKind kind) noexcept {
  using control::RefusalKind;
  switch (kind) {
    case RefusalKind::InvalidExpression:
      return ErrorKind::InvalidExpression;
    case RefusalKind::InvalidField:
      return ErrorKind::InvalidField;
    case RefusalKind::RuleExists:
      return ErrorKind::RuleExists;
    case RefusalKind::RuleNotFound:
      return ErrorKind::RuleNotFound;
    case RefusalKind::LimitReached:
      return ErrorKind::RuleLimitReached;
    case RefusalKind::ReadOnly:
      return ErrorKind::RulesReadOnly;
    case RefusalKind::PreconditionFailed:
      return ErrorKind::PreconditionFailed;
    case RefusalKind::Busy:
      return ErrorKind::Overloaded;
    case RefusalKind::StorageUnavailable:
      return ErrorKind::StorageUnavailable;
    case RefusalKind::StorageUncertain:
      return ErrorKind::StorageUncertain;
  }
  return ErrorKind::Internal;
}

ApiError change_error(const control::ChangeRefusal& refusal) {
  using control::RefusalKind;
  if (refusal.diagnostic) return expression_error(*refusal.diagnostic);
  ApiError error = refuse(kind_of(refusal.kind), refusal.message).value();
  if (refusal.existing == nullptr) return error;
  const control::LoadedRule& existing = *refusal.existing;
  if (refusal.kind == RefusalKind::RuleExists) {
    error.details = {
        {"id", existing.rule.id}, {"etag", existing.etag}, {"differing", refusal.differing}};
  } else if (refusal.kind == RefusalKind::PreconditionFailed) {
    error.details = {{"etag", existing.etag}};
  } else if (refusal.kind == RefusalKind::ReadOnly) {
    error.details = {{"file", existing.stored->file}};
  }
  return error;
}

}  // namespace betrace::api
