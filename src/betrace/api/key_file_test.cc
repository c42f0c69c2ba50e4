// Goal: the key file says exactly who may enter, and every mistake in it is named by its entry.

#include "betrace/api/key_file.h"

#include <gtest/gtest.h>

#include <string>

#include "betrace/base/hex.h"

namespace betrace::api {
namespace {

const std::string kDigest = to_hex(sha256("correct horse battery"));

std::string error_of(const std::string& text) {
  const auto keys = read_key_file(text);
  return keys ? "" : keys.error().message;
}

TEST(KeyFileTest, TakesYamlAndJson) {
  const auto yaml =
      read_key_file("- id: shop\n  roles: [ingest, read]\n  sha256: " + kDigest +
                    "\n  not_before: 2026-01-01T00:00:00Z\n"
                    "  not_after: \"2027-01-01T00:00:00Z\"\n"
                    "- {id: agent, roles: ingest, san: [agent.example, 'urn:x:1']}\n");
  ASSERT_TRUE(yaml) << yaml.error().message;
  ASSERT_EQ(yaml->size(), 2u);
  const ApiKey& shop = yaml->front();
  EXPECT_EQ(shop.id, "shop");
  EXPECT_EQ(shop.roles, (RoleSet{http::Role::Ingest, http::Role::Read}));
  EXPECT_EQ(shop.digest, sha256("correct horse battery"));
  EXPECT_FALSE(shop.is_valid_at(shop.not_before - 1));
  EXPECT_TRUE(shop.is_valid_at(shop.not_before));
  EXPECT_FALSE(shop.is_valid_at(shop.not_after));
  EXPECT_EQ(yaml->back().names, (std::vector<std::string>{"agent.example", "urn:x:1"}));
  const auto json =
      read_key_file(R"([{"id":"a","roles":["admin"],"sha256":")" + kDigest + R"("}])");
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(json->front().digest, shop.digest);
  EXPECT_TRUE(read_key_file("").has_value());
}

TEST(KeyFileTest, NamesTheEntryAndWhatIsWrongWithIt) {
  const std::string good = "- {id: a, roles: [read], sha256: " + kDigest + "}\n";
  EXPECT_EQ(error_of("id: a"), "is no list of keys");
  EXPECT_EQ(error_of("- text"), "entry 1: is not a map");
  EXPECT_EQ(error_of("- {roles: [read], sha256: " + kDigest + "}"),
            "entry 1: id is missing or not legal");
  EXPECT_EQ(error_of("- {id: api_key, roles: [read], sha256: " + kDigest + "}"),
            "entry 1: id is missing or not legal");
  EXPECT_EQ(error_of("- {id: a, sha256: " + kDigest + "}"), "entry 1: roles is no list of roles");
  EXPECT_EQ(error_of("- {id: a, roles: [public], sha256: " + kDigest + "}"),
            "entry 1: public is not ingest, read, write or admin");
  EXPECT_EQ(error_of("- {id: a, roles: [read]}"), "entry 1: has neither sha256 nor san");
  EXPECT_EQ(error_of("- {id: a, roles: [read], sha256: abc}"),
            "entry 1: sha256 is not 64 hex digits");
  EXPECT_EQ(error_of("- {id: a, roles: [read], sha512: abc}"), "entry 1: sha512 is not known");
  EXPECT_EQ(error_of("- {id: a, roles: [read], san: x, not_after: soon}"),
            "entry 1: not_after is no time such as 2026-01-31T10:00:00Z");
  EXPECT_EQ(error_of("- {id: a, roles: [read], san: x, not_before: 2026-01-31T10:00:00Z, "
                     "not_after: 2026-01-31T10:00:00Z}"),
            "entry 1: not_before is not before not_after");
  EXPECT_EQ(error_of(good + "- {id: a, roles: [read], san: x}"), "entry 2: its id is given twice");
  EXPECT_EQ(error_of(good + "- {id: b, roles: [read], sha256: " + kDigest + "}"),
            "entry 2: its sha256 is given twice");
}

TEST(KeyFileTest, TakesSixtyFourKeysAndNotOneMore) {
  std::string text;
  for (std::size_t index = 0; index < kApiKeysMax; ++index) {
    text += "- {id: k" + std::to_string(index) + ", roles: [read], san: n}\n";
  }
  EXPECT_EQ(error_of(text), "");
  EXPECT_EQ(error_of(text + "- {id: more, roles: [read], san: n}\n"), "has more than 64 keys");
}

}  // namespace
}  // namespace betrace::api
