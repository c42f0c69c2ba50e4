// Text to tokens: the first stage of check_rule().
//
// Refuses what no rule can contain: characters, strings, numbers and comments that are malformed or
// too long. Which order of tokens makes a rule is parser.h.
#pragma once

#include <string_view>
#include <vector>

#include "betrace/rules/refusal.h"
#include "betrace/rules/token.h"

namespace betrace::rules {

/// Longest name segment.
inline constexpr std::size_t kNameBytesMax = 255;

/// Returns the tokens of the whole text, then one End token; empty after noting E_CHAR, E_UNQUOTED,
/// E_STRING, E_NUMBER, E_COMMENT or E_LIMIT. Requires: `text` is UTF-8 of at most 65,536 bytes.
[[nodiscard]] std::vector<Token> tokenize(std::string_view text, Refusal* refusal);

}  // namespace betrace::rules
