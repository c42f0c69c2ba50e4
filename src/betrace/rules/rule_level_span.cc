#include "betrace/rules/rule_level_span.h"

#include "betrace/rules/function_table.h"
#include "betrace/rules/names.h"

namespace betrace::rules {
namespace {

// True for calls in whose arguments `span` is a candidate.
bool rebinds_span(const Syntax& call) noexcept {
  if (call.children[0] == nullptr || is_trace_call(call)) return true;
  const std::string_view name = call.names[0];
  return name == "where" || find_structure_method(name) != nullptr;
}

bool mentions_span(const Syntax& syntax) {
  if (syntax.kind == Syntax::Kind::Path) {
    return syntax.names[0] == "span" || syntax.names[0] == "resource";
  }
  const bool only_target = syntax.kind == Syntax::Kind::By ||
                           (syntax.kind == Syntax::Kind::Call && rebinds_span(syntax));
  const std::size_t count = only_target ? 1 : syntax.children.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (syntax.children[i] != nullptr && mentions_span(*syntax.children[i])) return true;
  }
  return false;
}

}  // namespace

bool has_rule_level_span(const RuleSyntax& rule) {
  for (const auto* part : {&rule.expression, &rule.when, &rule.always, &rule.never}) {
    if (*part != nullptr && mentions_span(**part)) return true;
  }
  return false;
}

}  // namespace betrace::rules
