// The canonical spelling of a rule: what violation ids hash, and what people see of a clause.
//
// Same tokens, same meaning: comments go, white space becomes single spaces where a person would
// put them, strings are quoted and escaped in one way. `!` is `not`, `null` is `nil`, `x:f()` is
// `x.f()`. Nothing is reordered, no parenthesis is dropped, aliases of fields stay.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "betrace/rules/token.h"

namespace betrace::rules {

/// Returns the tokens, up to an End, in canonical spelling. Normalising the result again changes
/// nothing. Requires: they are a rule that parses, or consecutive tokens of one.
[[nodiscard]] std::string normalize(std::string_view text, std::span<const Token> tokens);

}  // namespace betrace::rules
