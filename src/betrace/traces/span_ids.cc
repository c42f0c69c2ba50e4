#include "betrace/traces/span_ids.h"

#include <algorithm>

namespace betrace::traces {
namespace {

constexpr std::size_t kFirstEntries = 7;

}  // namespace

void SpanIds::add(const Entry& entry, const KeyedHash& hash, BlockPool& pool) {
  const auto [first, second] = marks(entry.id);
  seen_[0] |= first;
  seen_[1] |= second;
  if (entries_.empty()) entries_.reserve(kFirstEntries, pool);
  entries_.push_back(entry, pool);
  if (entries_.size() <= kScannedMax) return;
  if (2 * entries_.size() > index_.size()) {
    build_index(hash, pool);
  } else {
    put_in_index(entries_.size() - 1, hash);
  }
}

OptionalIndex SpanIds::search(std::uint64_t id, const KeyedHash& hash) const noexcept {
  if (index_.empty()) {
    const auto* const found =
        std::find_if(entries_.begin(), entries_.end(), [id](const Entry& e) { return e.id == id; });
    if (found == entries_.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - entries_.begin());
  }
  for (std::size_t at = home(id, hash); index_[at] != 0; at = next(at)) {
    if (entries_[index_[at] - 1].id == id) return index_[at] - 1;
  }
  return std::nullopt;
}

void SpanIds::build_index(const KeyedHash& hash, BlockPool& pool) {
  index_.clear(pool);
  constexpr std::size_t kSlotBytes = sizeof(std::uint32_t);
  const std::size_t slots =
      BlockPool::size_for(std::size_t{entries_.size()} * 3 * kSlotBytes) / kSlotBytes;
  index_.reserve(slots, pool);
  for (std::size_t i = 0; i < slots; ++i) index_.push_back(0, pool);
  for (std::uint32_t place = 0; place < entries_.size(); ++place) put_in_index(place, hash);
}

void SpanIds::put_in_index(std::uint32_t place, const KeyedHash& hash) noexcept {
  std::size_t at = home(entries_[place].id, hash);
  while (index_[at] != 0) at = next(at);
  index_[at] = place + 1;
}

bool SpanIds::misses_parent(const KeyedHash& hash) const noexcept {
  if (index_.empty()) return misses_parent_of_few();
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.parent != 0 && !find(entry.parent, hash).has_value();
  });
}

bool SpanIds::misses_parent_of_few() const noexcept {
  constexpr std::size_t kSlots = 2 * kScannedMax;
  const auto home = [](std::uint64_t id) { return id * 0x9E3779B97F4A7C15ULL >> 57U; };
  static_assert(kSlots == 1U << (64U - 57U));
  std::array<std::uint8_t, kSlots> places{};  // by hash: place + 1, or 0
  for (std::uint32_t place = 0; place < entries_.size(); ++place) {
    std::size_t at = home(entries_[place].id);
    while (places[at] != 0) at = (at + 1) % kSlots;
    places[at] = static_cast<std::uint8_t>(place + 1);
  }
  std::uint64_t known = 0;  // the parent that was found last: siblings often come together
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    if (entry.parent == 0 || entry.parent == known) return false;
    std::size_t at = home(entry.parent);
    while (places[at] != 0 && entries_[places[at] - 1U].id != entry.parent) at = (at + 1) % kSlots;
    known = entry.parent;
    return places[at] == 0;
  });
}

void SpanIds::clear(BlockPool& pool) noexcept {
  entries_.clear(pool);
  index_.clear(pool);
  seen_ = {};
}

}  // namespace betrace::traces
