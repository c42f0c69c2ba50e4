// The hashes of the evidence chain: a leaf for each record, one root for each commit group.
//
// storage/ computes them when it commits and checks a leaf on each read; verifiers recompute them.
// Source: RFC 6962 section 2.1, with a leaf of our own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "betrace/base/sha256.h"

namespace betrace::evidence {

/// Returns SHA-256(0x00 || u64be sequence || payload).
[[nodiscard]] Sha256 leaf_hash(std::uint64_t sequence, std::string_view payload);

/// Returns the root over `leaves`, inner nodes SHA-256(0x01 || left || right); of one leaf the leaf
/// itself. Requires: at least one leaf. Cost: one hash for each leaf.
[[nodiscard]] Sha256 merkle_root(std::span<const Sha256> leaves);

/// Returns the siblings from the leaf at `index` up to the root; empty for a single leaf.
/// Requires: `index` < leaves.size().
[[nodiscard]] std::vector<Sha256> merkle_path(std::span<const Sha256> leaves, std::size_t index);

/// Returns the root that `leaf` at `index` of `count` leaves has by `path`. A path of the wrong
/// length gives a root that is certainly another one: all zero. Source: RFC 9162 section 2.1.3.2.
[[nodiscard]] Sha256 root_of_path(const Sha256& leaf, std::size_t index, std::size_t count,
                                  std::span<const Sha256> path);

}  // namespace betrace::evidence
