#include "betrace/engine/statistics.h"

#include <algorithm>

namespace betrace::engine {

std::uint64_t ShardStatistics::ingested() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& entry : spans_ingested) sum += entry.second;
  return sum;
}

std::uint64_t ShardStatistics::closed() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& by_grade : traces_closed) {
    for (const std::uint64_t count : by_grade) sum += count;
  }
  return sum;
}

std::uint64_t ShardStatistics::closed(model::CloseReason reason) const noexcept {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : traces_closed[static_cast<std::size_t>(reason) - 1]) {
    sum += count;
  }
  return sum;
}

std::uint64_t ShardStatistics::closed(model::Completeness grade) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& by_grade : traces_closed) {
    sum += by_grade[static_cast<std::size_t>(grade) - 1];
  }
  return sum;
}

Blindness ShardStatistics::blindness() const noexcept {
  Blindness all;
  for (const auto& entry : rules) all += entry.second.blindness();
  return all;
}

Blindness ShardStatistics::recent_blindness() const noexcept {
  Blindness all;
  for (const auto& entry : rules) all += entry.second.recent;
  return all;
}

void RuleStatistics::add(const RuleStatistics& other) noexcept {
  violation += other.violation;
  pass += other.pass;
  error += other.error;
  skipped += other.skipped;
  not_made += other.not_made;
  decided += other.decided;
  recorded += other.recorded;
  suppressed += other.suppressed;
  withdrawn += other.withdrawn;
  last_violation = std::max(last_violation, other.last_violation);
  errors_in_a_row = std::max(errors_in_a_row, other.errors_in_a_row);
  is_quarantined = is_quarantined || other.is_quarantined;
  recent += other.recent;
}

void ShardStatistics::add(const ShardStatistics& other) {
  const bool is_first = traces_bytes == 0;
  for (const auto& [protocol, count] : other.spans_ingested) spans_ingested[protocol] += count;
  spans_duplicate += other.spans_duplicate;
  spans_conflicting += other.spans_conflicting;
  spans_own += other.spans_own;
  spans_trace_limit += other.spans_trace_limit;
  spans_memory += other.spans_memory;
  spans_shutdown += other.spans_shutdown;
  spans_late_redecided += other.spans_late_redecided;
  spans_late_reopened += other.spans_late_reopened;
  traces_open += other.traces_open;
  traces_kept_closed += other.traces_kept_closed;
  traces_bytes += other.traces_bytes;
  for (std::size_t reason = 0; reason < kCloseReasonCount; ++reason) {
    for (std::size_t grade = 0; grade < kCompletenessCount; ++grade) {
      traces_closed[reason][grade] += other.traces_closed[reason][grade];
    }
  }
  late_window_seconds = is_first ? other.late_window_seconds
                                 : std::min(late_window_seconds, other.late_window_seconds);
  closing_lag_seconds = std::max(closing_lag_seconds, other.closing_lag_seconds);
  for (const auto& [id, rule] : other.rules) rules[id].add(rule);
  rules_forgotten.add(other.rules_forgotten);
}

}  // namespace betrace::engine
