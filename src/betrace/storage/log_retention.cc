#include "betrace/storage/log_retention.h"

#include <algorithm>

namespace betrace::storage {
namespace {

// What is neither delivered nor told to be no matter of export; parked ranges are not delivered.
SequenceRange unexported_of(const SequenceRange& records, const ExportPosition& exported) {
  SequenceRange missing;
  const auto add = [&](std::uint64_t first, std::uint64_t last) {
    first = std::max(first, records.first);
    last = std::min(last, records.last);
    if (first > last) return;
    missing.first = missing.first == 0 ? first : std::min(missing.first, first);
    missing.last = std::max(missing.last, last);
  };
  add(exported.cursor + 1, records.last);
  for (const ParkedRange& range : exported.parked) add(range.first_sequence, range.last_sequence);
  return missing;
}

}  // namespace

std::string_view name_of(RemovalReason reason) noexcept {
  return reason == RemovalReason::Age ? "age" : "bytes";
}

std::uint64_t retained_bytes_max(std::uint64_t bytes_max, std::uint64_t volume_bytes) noexcept {
  return volume_bytes == 0 ? bytes_max : std::min(bytes_max, volume_bytes / 5 * 4);
}

std::optional<Removal> due_removal(const std::vector<ReadableGeneration>& generations,
                                   std::uint64_t byte_count, const RetentionLimits& limits,
                                   const ExportPosition* exported, UnixNanos now) {
  if (generations.size() < 2) return std::nullopt;
  const ReadableGeneration& oldest = generations.front();
  Removal removal;
  removal.records = {oldest.first_seq, oldest.end_seq - 1};
  if (exported != nullptr) removal.unexported = unexported_of(removal.records, *exported);
  const auto age_max = std::chrono::nanoseconds(limits.age_max).count();
  const bool is_old = generations[1].created + static_cast<UnixNanos>(age_max) <= now;
  if (is_old && removal.unexported.first == 0) return removal;
  removal.reason = RemovalReason::Bytes;
  return byte_count > limits.bytes_max ? std::optional(removal) : std::nullopt;
}

}  // namespace betrace::storage
