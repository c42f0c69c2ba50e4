// "Did you mean": the known word that a misspelt one is nearest to.
//
// Used by the hints of the checker.
#pragma once

#include <span>
#include <string_view>

namespace betrace::rules {

/// Returns the word of `known` with the fewest insertions, deletions, substitutions and swaps of
/// neighbours from `word`; empty if even that is more than a third of the letters. Cost: only words
/// of at most 64 bytes are looked at.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            std::span<const std::string_view> known);

}  // namespace betrace::rules
