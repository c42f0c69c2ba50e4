// Goal: no text makes check_rule() crash, leak or hang, and what it says about a text is sound:
// places lie inside the text, and the normal form and the long form are rules with the same
// meaning.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/base/utf8.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/tree_text.h"

namespace betrace::rules {
namespace {

void check_diagnostic(const Diagnostic& diagnostic, std::string_view text) {
  BETRACE_CHECK(diagnostic.range.offset <= text.size());
  BETRACE_CHECK(diagnostic.range.length <= text.size() - diagnostic.range.offset);
  BETRACE_CHECK(diagnostic.line >= 1 && diagnostic.column >= 1);
  BETRACE_CHECK(!diagnostic.message.empty());
  BETRACE_CHECK(is_utf8(diagnostic.message) && is_utf8(diagnostic.hint));
  BETRACE_CHECK(!render(diagnostic, text, "rule", true).empty());
}

void check_normal_form(const CheckedRule& rule) {
  if (rule.normalized.size() > kRuleBytesMax) return;  // spaces and escapes may take it over
  const auto again = check_rule(rule.normalized);
  BETRACE_CHECK(again.has_value());
  BETRACE_CHECK(again->normalized == rule.normalized);
  BETRACE_CHECK(again->scope == rule.scope);
  BETRACE_CHECK(again->monotone == rule.monotone);
  BETRACE_CHECK(again->firing == rule.firing);
  BETRACE_CHECK(tree_text(*again->condition) == tree_text(*rule.condition));
}

// It may be beyond a limit, or say `anchor` where no rule can (tree_text.h).
void check_long_form(const CheckedRule& rule) {
  const auto again = check_rule(tree_text(*rule.condition));
  if (!again) {
    BETRACE_CHECK(again.error().code == Code::E_LIMIT || again.error().code == Code::E_ANCHOR);
    return;
  }
  BETRACE_CHECK(again->scope == rule.scope);
  BETRACE_CHECK(again->monotone == rule.monotone);
  BETRACE_CHECK(tree_text(*again->condition) == tree_text(*rule.condition));
}

void check_text(std::string_view text) {
  const auto rule = check_rule(text);
  if (!rule) {
    BETRACE_CHECK(is_error(rule.error().code));
    check_diagnostic(rule.error(), text);
    return;
  }
  BETRACE_CHECK(rule->condition != nullptr && !rule->clauses.empty());
  for (const RuleClause& clause : rule->clauses) {
    BETRACE_CHECK(clause.condition != nullptr && clause.text.size() <= 256);
  }
  for (const Diagnostic& warning : rule->warnings) {
    BETRACE_CHECK(!is_error(warning.code));
    check_diagnostic(warning, text);
  }
  check_normal_form(*rule);
  check_long_form(*rule);
}

}  // namespace
}  // namespace betrace::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  betrace::rules::check_text({reinterpret_cast<const char*>(data), size});
  return 0;
}
