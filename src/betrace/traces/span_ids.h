// The spans of a trace, each id once: the ids of it and its parent, and when it started.
//
// traces/trace_state.h keeps one. Three questions are asked of it: is an id known, which is asked
// for every span; is a parent missing, once; and what came in which order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "betrace/base/optional_index.h"
#include "betrace/traces/keyed_hash.h"
#include "betrace/traces/pooled_array.h"

namespace betrace::traces {

/// Shard-owned.
class SpanIds {
 public:
  /// Ids as words in the order of memory, so that they compare in one step.
  struct Entry {
    std::uint64_t id = 0;
    std::uint64_t parent = 0;  ///< Zero: none.
    std::uint64_t start = 0;   ///< Unix ns.
  };

  [[nodiscard]] static std::uint64_t word(const model::SpanId& id) noexcept { return id.word(); }
  [[nodiscard]] static model::SpanId id_of(std::uint64_t word) noexcept {
    model::SpanId id;
    std::memcpy(id.bytes.data(), &word, sizeof word);
    return id;
  }

  /// The place of a known id, counted in order of arrival. Cost: O(1) expected.
  [[nodiscard]] OptionalIndex find(std::uint64_t id, const KeyedHash& hash) const noexcept {
    const auto [first, second] = marks(id);
    if ((seen_[0] & first) == 0 || (seen_[1] & second) == 0) return std::nullopt;
    return search(id, hash);
  }

  /// Requires: the id is not known.
  void add(const Entry& entry, const KeyedHash& hash, BlockPool& pool);

  /// True if some span names a parent that is not among them. Cost: one pass.
  [[nodiscard]] bool misses_parent(const KeyedHash& hash) const noexcept;

  /// In order of arrival.
  [[nodiscard]] const PooledArray<Entry>& entries() const noexcept { return entries_; }
  void clear(BlockPool& pool) noexcept;

 private:
  // Up to here a scan beats an index and its memory; more ids than this are seldom unmarked.
  static constexpr std::uint32_t kScannedMax = 64;

  struct Marks {
    std::uint64_t first;
    std::uint64_t second;
  };

  // Two bits that each known id has set. Ids can be chosen so that they share them: then each costs
  // a scan, which is short, or a search by a hash with a secret key.
  static Marks marks(std::uint64_t id) noexcept {
    const std::uint64_t mixed = id * 0x9E3779B97F4A7C15ULL;
    return {1ULL << (mixed >> 58U), 1ULL << (mixed >> 52U & 63U)};
  }

  [[nodiscard]] OptionalIndex search(std::uint64_t id, const KeyedHash& hash) const noexcept;
  [[nodiscard]] bool misses_parent_of_few() const noexcept;
  void build_index(const KeyedHash& hash, BlockPool& pool);
  void put_in_index(std::uint32_t place, const KeyedHash& hash) noexcept;
  // Of an id in the index, and of the slot after another one.
  [[nodiscard]] std::size_t home(std::uint64_t id, const KeyedHash& hash) const noexcept {
    return (hash(id_of(id)) >> 32U) * index_.size() >> 32U;
  }
  [[nodiscard]] std::size_t next(std::size_t slot) const noexcept {
    return slot + 1 == index_.size() ? 0 : slot + 1;
  }

  std::array<std::uint64_t, 2> seen_{};
  PooledArray<Entry> entries_;
  PooledArray<std::uint32_t> index_;  // by hash: place + 1, or 0; empty for few
};

}  // namespace betrace::traces
