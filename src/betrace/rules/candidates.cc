#include "betrace/rules/candidates.h"

#include "betrace/rules/condition_truth.h"

namespace betrace::rules {

bool passes_alone(ClauseMemo* memo, std::uint32_t x, RuleRun* run) {
  if (run->bound(x).view->is_counted_only) return false;
  if (memo->alone.empty()) return run->budget().look();
  const Truth known = memo->alone_truths.get(x);
  if (known != Truth::Unknown) return run->budget().look() && known == Truth::True;
  if (!run->budget().test()) return false;
  Bindings inside;
  inside.span = run->bound(x);
  bool passes = true;
  for (const Condition* part : memo->alone) passes = passes && holds(*part, inside, run);
  if (run->budget().is_spent()) return false;
  memo->alone_truths.set(x, passes);
  return passes;
}

bool passes_together(const ClauseMemo& memo, const Bindings& inside, RuleRun* run) {
  if (memo.together.empty()) return true;
  if (!run->budget().test()) return false;
  for (const Condition* part : memo.together) {
    if (!holds(*part, inside, run)) return false;
  }
  return true;
}

std::optional<std::uint32_t> candidate_at(ClauseMemo* memo, std::size_t position, RuleRun* run) {
  if (position < memo->passing.size()) {
    if (!run->budget().look()) return std::nullopt;
    return memo->passing[position];
  }
  while (memo->scanned < run->span_count()) {
    const std::uint32_t x = memo->scanned;
    const bool passes = passes_alone(memo, x, run);
    if (run->budget().is_spent()) return std::nullopt;
    ++memo->scanned;
    if (!passes) continue;
    memo->passing.push_back(x);
    return x;
  }
  return std::nullopt;
}

}  // namespace betrace::rules
