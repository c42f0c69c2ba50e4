#include "betrace/evidence/merkle.h"

#include <bit>
#include <string>

#include "betrace/base/check.h"

namespace betrace::evidence {
namespace {

Sha256 node_hash(const Sha256& left, const Sha256& right) {
  std::string message(1, '\x01');
  message.append(left.begin(), left.end());
  message.append(right.begin(), right.end());
  return sha256(message);
}

// The largest power of two below `count`. Requires: count > 1.
std::size_t split_of(std::size_t count) { return std::bit_floor(count - 1); }

}  // namespace

Sha256 leaf_hash(std::uint64_t sequence, std::string_view payload) {
  std::string message;
  message.reserve(9 + payload.size());
  message.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) {
    message.push_back(static_cast<char>(sequence >> shift & 0xFF));
  }
  message.append(payload);
  return sha256(message);
}

Sha256 merkle_root(std::span<const Sha256> leaves) {
  BETRACE_CHECK(!leaves.empty());
  if (leaves.size() == 1) return leaves[0];
  const std::size_t split = split_of(leaves.size());
  return node_hash(merkle_root(leaves.first(split)), merkle_root(leaves.subspan(split)));
}

std::vector<Sha256> merkle_path(std::span<const Sha256> leaves, std::size_t index) {
  BETRACE_CHECK(index < leaves.size());
  if (leaves.size() == 1) return {};
  const std::size_t split = split_of(leaves.size());
  const bool is_left = index < split;
  std::vector<Sha256> path = is_left ? merkle_path(leaves.first(split), index)
                                     : merkle_path(leaves.subspan(split), index - split);
  path.push_back(merkle_root(is_left ? leaves.subspan(split) : leaves.first(split)));
  return path;
}

Sha256 root_of_path(const Sha256& leaf, std::size_t index, std::size_t count,
                    std::span<const Sha256> path) {
  if (index >= count) return {};
  Sha256 hash = leaf;
  std::size_t at = index;
  std::size_t last = count - 1;
  for (const Sha256& sibling : path) {
    if (last == 0) return {};
    if (at % 2 == 1 || at == last) {
      hash = node_hash(sibling, hash);
      while (at % 2 == 0 && at != 0) {  // levels at which this node has no sibling
        at /= 2;
        last /= 2;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    at /= 2;
    last /= 2;
  }
  return last == 0 ? hash : Sha256{};
}

}  // namespace betrace::evidence
