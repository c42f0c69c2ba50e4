#include "betrace/traces/id_table.h"

#include <utility>

#include "betrace/base/check.h"

namespace betrace::traces {

void IdTable::insert(std::uint32_t tag, std::uint32_t index) {
  if (2 * (size_ + 1) > slots_.size()) resize(2 * slots_.size());
  place({tag, index});
  ++size_;
}

void IdTable::erase(std::uint32_t tag, std::uint32_t index) {
  std::size_t hole = home(tag);
  while (slots_[hole].index != index) {
    BETRACE_CHECK(slots_[hole].index != kFree);
    hole = next(hole);
  }
  // Whatever was pushed past the hole moves back, so that no search ends at it too early.
  for (std::size_t at = next(hole); slots_[at].index != kFree; at = next(at)) {
    const std::size_t mask = slots_.size() - 1;
    const std::size_t from_home = (at - home(slots_[at].tag)) & mask;
    if (from_home < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = Slot();
  --size_;
  if (slots_.size() > kSlotsMin && 8 * size_ < slots_.size()) resize(slots_.size() / 2);
}

void IdTable::place(const Slot& slot) noexcept {
  std::size_t at = home(slot.tag);
  while (slots_[at].index != kFree) at = next(at);
  slots_[at] = slot;
}

void IdTable::resize(std::size_t slots) {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
  for (const Slot& slot : old) {
    if (slot.index != kFree) place(slot);
  }
}

}  // namespace betrace::traces
