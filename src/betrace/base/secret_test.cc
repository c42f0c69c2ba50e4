// Goal: a secret reaches nobody who did not ask for it, and its memory is overwritten.

#include "betrace/base/secret.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <string>
#include <utility>

#include "betrace/base/json.h"
#include "betrace/base/sha256.h"
#include "betrace/base/unguessable_bytes.h"

namespace betrace {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(SecretTest, HasNoWayIntoATextButReveal) {
  static_assert(!Streamable<Secret>);
  static_assert(!fmt::is_formattable<Secret>::value);
  static_assert(!std::convertible_to<Secret, std::string>);
  static_assert(!std::convertible_to<Secret, std::string_view>);
  static_assert(!std::convertible_to<Secret, Json>);
  EXPECT_EQ(Secret("hidden").reveal(), "hidden");
}

TEST(SecretTest, LeavesNothingBehindWhenItIsMoved) {
  Secret from("short");
  const Secret to(std::move(from));
  EXPECT_TRUE(from.empty());  // NOLINT: that is the question
  EXPECT_EQ(to.reveal(), "short");
}

TEST(SecretTest, OverwritesItsBytesWhenItGetsOthers) {
  Secret secret("0123456789abcdef");
  const Secret kept = secret;
  secret = Secret("another");
  EXPECT_EQ(secret.reveal(), "another");
  EXPECT_EQ(kept.reveal(), "0123456789abcdef");
}

TEST(DigestTest, AreComparedAsAWhole) {
  const Sha256 digest = sha256("key");
  EXPECT_TRUE(same_digest(digest, sha256("key")));
  for (std::size_t index = 0; index < digest.size(); ++index) {
    Sha256 other = digest;
    other[index] ^= 1;
    EXPECT_FALSE(same_digest(digest, other)) << index;
  }
}

TEST(UnguessableBytesTest, AreAsManyAsWantedAndNeverTheSame) {
  EXPECT_EQ(unguessable_bytes(32).size(), 32u);
  EXPECT_NE(unguessable_bytes(32), unguessable_bytes(32));
}

}  // namespace
}  // namespace betrace
