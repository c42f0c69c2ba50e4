#include "betrace/engine/blind_window.h"

#include <algorithm>

namespace betrace::engine {
void BlindWindow::advance(MonotonicTime now, const RuleLedger::Statistics& totals) {
  if (!next_.has_value()) next_ = now + kStep;
  if (now < *next_) return;
  const auto passed = static_cast<std::size_t>((now - *next_) / kStep) + 1;
  for (std::size_t i = 0; i < std::min(passed, kSteps); ++i) note(totals);
  next_ = *next_ + static_cast<std::int64_t>(passed) * kStep;
}

void BlindWindow::note(const RuleLedger::Statistics& totals) {
  std::erase_if(rules_, [&totals](const auto& entry) { return !totals.contains(entry.first); });
  for (const auto& [id, total] : totals) rules_[id][oldest_] = total.blindness();
  oldest_ = (oldest_ + 1) % kSteps;
}

Blindness BlindWindow::since(std::string_view rule_id, const RuleStatistics& total) const {
  Blindness recent = total.blindness();
  const auto ring = rules_.find(rule_id);
  if (ring == rules_.end()) return recent;
  const Blindness& begin = ring->second[oldest_];
  // A rule that was deleted and came back counts from zero again.
  if (begin.due > recent.due || begin.not_made > recent.not_made) return recent;
  recent.due -= begin.due;
  recent.not_made -= begin.not_made;
  return recent;
}

}  // namespace betrace::engine
