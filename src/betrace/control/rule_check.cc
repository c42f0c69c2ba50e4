#include "betrace/control/rule_check.h"

#include <fmt/format.h>

#include "betrace/rules/checked_rule.h"
#include "betrace/storage/rule_document.h"

namespace betrace::control {

std::string located_message(const rules::Diagnostic& diagnostic) {
  return fmt::format("line {}, column {}: {}", diagnostic.line, diagnostic.column,
                     diagnostic.message);
}

Outcome<engine::ActiveRulePtr> check_rule(model::Rule rule, std::size_t bytes_max) {
  const auto fields = storage::check_rule_fields(rule);
  if (!fields) return refuse(RefusalKind::InvalidField, fields.error().message);
  auto checked = rules::check_rule(rule.expression, bytes_max);
  if (!checked) {
    ChangeRefusal refusal;
    refusal.kind = RefusalKind::InvalidExpression;
    refusal.message = located_message(checked.error());
    refusal.diagnostic = std::move(checked.error());
    return refuse(std::move(refusal));
  }
  auto active = engine::make_active_rule(std::move(rule), std::move(*checked));
  if (!active) return refuse(RefusalKind::InvalidField, active.error().message);
  return std::move(*active);
}

Outcome<engine::ActiveRulePtr> check_next_version(model::Rule next, const model::Rule& stored,
                                                  std::size_t bytes_max) {
  const bool is_new_text = next.expression != stored.expression;
  return check_rule(std::move(next), is_new_text ? bytes_max : rules::kRuleBytesMax);
}

}  // namespace betrace::control
