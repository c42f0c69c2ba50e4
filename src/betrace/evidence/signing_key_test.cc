#include "betrace/evidence/signing_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "betrace/base/hex.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/record_key.h"
#include "betrace/evidence/testing/test_chain.h"

namespace betrace::evidence {
namespace {

std::string_view text(const Signature& signature) {
  return {reinterpret_cast<const char*>(signature.data()), signature.size()};
}

TEST(SigningKeyTest, SignsAsTheStandardDoes) {
  // Source: RFC 8032 section 7.1, test 1.
  const std::string pem =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
      "-----END PRIVATE KEY-----\n";
  const SigningKey key = SigningKey::from_pem(Secret(pem)).value();
  EXPECT_EQ(to_hex(key.public_key()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(to_hex(key.sign("")).substr(0, 32), "e5564300c360ac729086e2cc806e828a");
  EXPECT_TRUE(verify_signature(key.public_key(), "", text(key.sign(""))));
}

TEST(SigningKeyTest, ASignatureFitsOneMessageAndOneKey) {
  const SigningKey key = SigningKey::generate();
  const Signature signature = key.sign("message");
  EXPECT_TRUE(verify_signature(key.public_key(), "message", text(signature)));
  EXPECT_FALSE(verify_signature(key.public_key(), "massage", text(signature)));
  EXPECT_FALSE(verify_signature(SigningKey::generate().public_key(), "message", text(signature)));
  EXPECT_FALSE(verify_signature(key.public_key(), "message", ""));
  EXPECT_FALSE(verify_signature(key.public_key(), "message", text(signature).substr(1)));
}

TEST(SigningKeyTest, AKeyComesBackFromItsPem) {
  const SigningKey key = SigningKey::generate();
  EXPECT_EQ(SigningKey::from_pem(key.to_pem())->public_key(), key.public_key());
  EXPECT_THAT(kid_of(key.public_key()), ::testing::MatchesRegex("ed25519:[0-9a-f]{8}"));
}

TEST(SigningKeyTest, RefusesWhatIsNoPrivateEd25519Key) {
  EXPECT_FALSE(SigningKey::from_pem(Secret("")).has_value());
  EXPECT_FALSE(SigningKey::from_pem(Secret("secret text")).has_value());
  const SigningKey key = SigningKey::generate();
  const auto refused = SigningKey::from_pem(Secret(public_key_pem(key.public_key())));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("openssl genpkey"));
}

TEST(DsseTest, TheTypeIsPartOfWhatIsSigned) {
  // Source: protocol.md of the specification, its example.
  EXPECT_EQ(pre_authentication_encoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(RecordKeyTest, AnHmacNamesItsKeyAndIsCheckedByIt) {
  const RecordKey key = test_record_key('k');
  const std::string mac = key.mac("payload");
  EXPECT_EQ(kid_of_mac(mac), key.kid());
  EXPECT_THAT(mac, ::testing::StartsWith("v1:" + key.kid() + ":"));
  const RecordKeys keys{key, {test_record_key('p')}};
  EXPECT_EQ(keys.verify("payload", mac), true);
  EXPECT_EQ(keys.verify("paylaod", mac), false);
  EXPECT_EQ(keys.verify("payload", test_record_key('p').mac("payload")), true);
  EXPECT_EQ(keys.verify("payload", test_record_key('x').mac("payload")), std::nullopt);
  EXPECT_EQ(keys.verify("payload", mac.substr(1)), false);
  EXPECT_EQ(keys.verify("payload", ""), false);
}

TEST(SecretTest, IsGoneFromTheOneItWasMovedFrom) {
  Secret first("a secret");
  const Secret second(std::move(first));
  EXPECT_EQ(second.reveal(), "a secret");
  EXPECT_TRUE(first.empty());
}

}  // namespace
}  // namespace betrace::evidence
