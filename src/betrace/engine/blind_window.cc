#include "betrace/engine/blind_window.h"

#include <algorithm>

namespace betrace::engine {
namespace {

double quotient(std::uint64_t not_made, std::uint64_t due) {
  return due == 0 ? 0 : static_cast<double>(not_made) / static_cast<double>(due);
}

}  // namespace

void BlindWindow::advance(MonotonicTime now, const RuleLedger::Statistics& totals) {
  if (!next_.has_value()) next_ = now + kStep;
  if (now < *next_) return;
  const auto passed = static_cast<std::size_t>((now - *next_) / kStep) + 1;
  for (std::size_t i = 0; i < std::min(passed, kSteps); ++i) note(totals);
  next_ = *next_ + static_cast<std::int64_t>(passed) * kStep;
}

void BlindWindow::note(const RuleLedger::Statistics& totals) {
  std::erase_if(rules_, [&totals](const auto& entry) { return !totals.contains(entry.first); });
  for (const auto& [id, total] : totals) rules_[id][oldest_] = totals_of(total);
  oldest_ = (oldest_ + 1) % kSteps;
}

BlindWindow::Totals BlindWindow::since_window(std::string_view rule_id,
                                              const RuleStatistics& total) const {
  Totals since = totals_of(total);
  const auto ring = rules_.find(rule_id);
  if (ring == rules_.end()) return since;
  const Totals& begin = ring->second[oldest_];
  // A rule that was deleted and came back counts from zero again.
  if (begin.due > since.due || begin.not_made > since.not_made) return since;
  since.due -= begin.due;
  since.not_made -= begin.not_made;
  return since;
}

double BlindWindow::ratio(std::string_view rule_id, const RuleStatistics& total) const {
  const Totals since = since_window(rule_id, total);
  return quotient(since.not_made, since.due);
}

double BlindWindow::ratio(const RuleLedger::Statistics& totals) const {
  Totals sum;
  for (const auto& [id, total] : totals) {
    const Totals since = since_window(id, total);
    sum.due += since.due;
    sum.not_made += since.not_made;
  }
  return quotient(sum.not_made, sum.due);
}

}  // namespace betrace::engine
