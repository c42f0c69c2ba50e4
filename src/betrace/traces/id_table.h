// Which index a trace id has: open addressing over eight-byte slots, the ids themselves kept
// elsewhere.
//
// traces/trace_table.h finds its traces with it. A slot holds 32 bits of the keyed hash, by which
// it is placed, compared, moved and removed; only a slot whose bits agree makes the owner compare
// the whole id. At most half of the slots are used.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "betrace/base/optional_index.h"
#include "betrace/base/prefetch.h"

namespace betrace::traces {

/// Shard-owned.
class IdTable {
 public:
  IdTable() : slots_(kSlotsMin) {}

  /// The index that was inserted with `tag` and for which `is_wanted(index)`; nothing if there is
  /// none. Cost: O(1) expected.
  template <typename IsWanted>
  [[nodiscard]] OptionalIndex find(std::uint32_t tag, IsWanted is_wanted) const {
    const Slot* const slots = slots_.data();
    for (std::size_t at = home(tag); slots[at].index != kFree; at = next(at)) {
      if (slots[at].tag == tag && is_wanted(slots[at].index)) return slots[at].index;
    }
    return std::nullopt;
  }

  /// An index that was inserted with `tag`, most likely the wanted one; nothing if there is none.
  [[nodiscard]] OptionalIndex guess(std::uint32_t tag) const {
    return find(tag, [](std::uint32_t) { return true; });
  }

  /// Requires: `index` is not in the table.
  void insert(std::uint32_t tag, std::uint32_t index);

  /// Requires: `index` was inserted with `tag`.
  void erase(std::uint32_t tag, std::uint32_t index);

  /// Asks the processor for the slot at which find(tag) begins.
  void prefetch(std::uint32_t tag) const noexcept { prefetch_to_read(slots_.data() + home(tag)); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Memory held, bytes: 16 to 64 for each index but for the smallest table.
  [[nodiscard]] std::uint64_t byte_count() const noexcept { return slots_.size() * sizeof(Slot); }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;
  static constexpr std::size_t kSlotsMin = 16;

  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t index = kFree;
  };

  [[nodiscard]] std::size_t home(std::uint32_t tag) const noexcept {
    return tag & (slots_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept {
    return (at + 1) & (slots_.size() - 1);
  }
  void place(const Slot& slot) noexcept;
  void resize(std::size_t slots);

  std::vector<Slot> slots_;  // a power of two of them
  std::size_t size_ = 0;
};

}  // namespace betrace::traces
