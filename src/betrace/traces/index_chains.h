// Things that are named by small indexes, in chains: each is in one chain at most, and finds its
// neighbours by index.
//
// traces/trace_table.h keeps its traces in order of arrival with it. Eight bytes for each index, no
// allocation but for growth.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "betrace/base/optional_index.h"
#include "betrace/base/prefetch.h"

namespace betrace::traces {

/// Shard-owned.
class IndexChains {
 public:
  using Chain = std::uint32_t;  ///< Below the number of chains.

  explicit IndexChains(std::uint32_t chains) : chains_(chains) { resize(0); }

  /// Makes room for the indexes below `count`. Requires: those at or above are in no chain.
  void resize(std::uint32_t count) {
    const auto before = static_cast<std::uint32_t>(links_.size());
    links_.resize(chains_ + count);
    for (std::uint32_t node = before; node < links_.size(); ++node) links_[node] = {node, node};
    if (links_.capacity() > 4 * links_.size()) links_.shrink_to_fit();
  }

  /// Moves `index` from the chain it is in, if any, to the end of `chain`. Cost: O(1).
  void move_to_end(Chain chain, std::uint32_t index) noexcept {
    const std::uint32_t node = index + chains_;
    Link* const links = links_.data();
    if (links[chain].previous == node) return;
    unlink(node);
    const std::uint32_t last = links[chain].previous;
    links[node] = {last, chain};
    links[last].next = node;
    links[chain].previous = node;
  }

  /// Takes `index` out of the chain it is in, if any. Cost: O(1).
  void remove(std::uint32_t index) noexcept {
    const std::uint32_t node = index + chains_;
    unlink(node);
    links_[node] = {node, node};
  }

  /// Asks the processor for the links of `index`; and for those of its neighbours, which are read
  /// from them.
  void prefetch(std::uint32_t index) const noexcept {
    prefetch_to_write(links_.data() + index + chains_);
  }
  void prefetch_neighbours(std::uint32_t index) const noexcept {
    const Link link = links_.data()[index + chains_];
    prefetch_to_write(links_.data() + link.previous);
    prefetch_to_write(links_.data() + link.next);
  }

  /// The one after `index`, which is in a chain; nothing if it is the last.
  [[nodiscard]] OptionalIndex after(std::uint32_t index) const noexcept {
    const std::uint32_t node = links_[index + chains_].next;
    return node < chains_ ? OptionalIndex() : OptionalIndex(node - chains_);
  }

  [[nodiscard]] OptionalIndex first(Chain chain) const noexcept {
    const std::uint32_t node = links_[chain].next;
    return node == chain ? OptionalIndex() : OptionalIndex(node - chains_);
  }

 private:
  // A chain is a ring that begins and ends at its own node; the nodes of chains come first.
  struct Link {
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
  };

  void unlink(std::uint32_t node) noexcept {
    Link* const links = links_.data();
    const Link link = links[node];
    links[link.previous].next = link.next;
    links[link.next].previous = link.previous;
  }

  std::uint32_t chains_;
  std::vector<Link> links_;
};

}  // namespace betrace::traces
