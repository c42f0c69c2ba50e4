// A checked tree written out as a rule in its long form: what the short forms stand for.
//
// Used by `betrace rules explain` and by tests. `payment.amount > 1000` comes out as
// `trace.has(span.name == "payment" and span.attributes["amount"] > 1000)`.
#pragma once

#include <string>

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// The text of `condition`. It loads as a rule with the same meaning, with one exception: a value
/// of the rule-level span that was written beside `name.attribute` stands inside the parentheses as
/// `anchor`, which needs a `span` outside of them. Cost: linear in the tree.
[[nodiscard]] std::string tree_text(const Condition& condition);
[[nodiscard]] std::string tree_text(const Value& value);

/// `span`, `anchor.parent`, `trace.root`
[[nodiscard]] std::string span_text(const SpanRef& span);

/// A constant as rules write it.
[[nodiscard]] std::string literal_text(const Literal& literal);

}  // namespace betrace::rules
