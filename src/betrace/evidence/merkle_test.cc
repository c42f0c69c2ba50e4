#include "betrace/evidence/merkle.h"

#include <gtest/gtest.h>

#include "betrace/base/hex.h"

// Goal: roots as RFC 6962 defines them, and a path that proves exactly one leaf at one place.
// Method: small trees against their definition written out; all sizes up to 70 for the paths.

namespace betrace::evidence {
namespace {

std::string bytes(const Sha256& hash) { return {hash.begin(), hash.end()}; }

Sha256 node(const Sha256& left, const Sha256& right) {
  return sha256(std::string("\x01") + bytes(left) + bytes(right));
}

std::vector<Sha256> leaves(std::size_t count) {
  std::vector<Sha256> result;
  for (std::size_t i = 0; i < count; ++i) {
    result.push_back(leaf_hash(i + 1, "payload " + std::to_string(i)));
  }
  return result;
}

TEST(LeafHashTest, CoversSequenceAndPayload) {
  EXPECT_EQ(leaf_hash(0x0102030405060708, "{}"),
            sha256(std::string("\x00\x01\x02\x03\x04\x05\x06\x07\x08{}", 11)));
  EXPECT_NE(leaf_hash(1, "{}"), leaf_hash(2, "{}"));
  EXPECT_NE(leaf_hash(1, "{}"), leaf_hash(1, "{ }"));
}

TEST(MerkleRootTest, FollowsTheDefinition) {
  const auto l = leaves(5);
  EXPECT_EQ(merkle_root(std::span(l).first(1)), l[0]);
  EXPECT_EQ(merkle_root(std::span(l).first(2)), node(l[0], l[1]));
  EXPECT_EQ(merkle_root(std::span(l).first(3)), node(node(l[0], l[1]), l[2]));
  EXPECT_EQ(merkle_root(l), node(node(node(l[0], l[1]), node(l[2], l[3])), l[4]));
}

TEST(MerklePathTest, ProvesEachLeafAtItsPlaceOnly) {
  for (std::size_t count = 1; count <= 70; ++count) {
    const auto l = leaves(count);
    const Sha256 root = merkle_root(l);
    for (std::size_t i = 0; i < count; ++i) {
      const auto path = merkle_path(l, i);
      EXPECT_EQ(root_of_path(l[i], i, count, path), root) << i << " of " << count;
      if (count == 1) continue;
      EXPECT_NE(root_of_path(l[i], (i + 1) % count, count, path), root) << i << " of " << count;
      EXPECT_NE(root_of_path(l[(i + 1) % count], i, count, path), root) << i << " of " << count;
    }
  }
}

TEST(MerklePathTest, RefusesAPathOfTheWrongLength) {
  const auto l = leaves(6);
  auto path = merkle_path(l, 2);
  path.push_back(l[0]);
  EXPECT_EQ(root_of_path(l[2], 2, 6, path), Sha256{});
  path.resize(1);
  EXPECT_EQ(root_of_path(l[2], 2, 6, path), Sha256{});
  EXPECT_EQ(root_of_path(l[2], 6, 6, {}), Sha256{});
}

}  // namespace
}  // namespace betrace::evidence
