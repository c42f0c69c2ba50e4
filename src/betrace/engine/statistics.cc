#include "betrace/engine/statistics.h"

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

double ShardStatistics::blind_ratio() const noexcept {
  std::uint64_t due = 0;
  std::uint64_t not_made = 0;
  for (const auto& entry : rules) {
    due += entry.second.due();
    not_made += entry.second.error + entry.second.not_made;
  }
  return due == 0 ? 0 : static_cast<double>(not_made) / static_cast<double>(due);
}

}  // namespace betrace::engine
