// Faults that can be planted to see whether the tests notice: a suite that stays green is broken.
//
// Only a build with -DBETRACE_MUTANTS=ON has them, where BETRACE_MUTANT=<letter> in the environment
// chooses one; in every other build is_mutant() is false when it is compiled, and nothing is left
// of them. tools/mutants runs them all; docs/internals/proofs.md says what each changes.
#pragma once

#ifdef BETRACE_MUTANTS
#include <cstdlib>
#endif

namespace betrace {

#ifdef BETRACE_MUTANTS
inline bool is_mutant(char letter) {
  static const char* const chosen = std::getenv("BETRACE_MUTANT");
  return chosen != nullptr && *chosen == letter;
}
#else
consteval bool is_mutant(char) { return false; }
#endif

}  // namespace betrace
