#include "betrace/evidence/commit_payload.h"

#include <gtest/gtest.h>

// Goal: the sealed statement has the published members, and reads back as it was written.

namespace betrace::evidence {
namespace {

Commit example_commit() {
  Commit commit;
  commit.log = "betrace/test/local/0a1b2c3d";
  commit.first_seq = 7;
  commit.count = 3;
  commit.prev.fill(0x11);
  commit.root.fill(0x22);
  commit.time = 1'769'841'600'000'000'001;
  return commit;
}

TEST(CommitPayloadTest, IsTheCanonicalText) {
  EXPECT_EQ(commit_payload(example_commit()),
            "{\"count\":3,\"first_seq\":7,\"kid\":null,\"log\":\"betrace/test/local/0a1b2c3d\","
            "\"prev\":\"" +
                std::string(64, '1') + "\",\"root\":\"" + std::string(64, '2') +
                "\",\"ts\":\"2026-01-31T06:40:00.000000001Z\",\"type\":\"commit\",\"v\":1}");
}

TEST(CommitPayloadTest, ReadsBackAsWritten) {
  Commit commit = example_commit();
  commit.kid = "ed25519:1f00aa12";
  commit.first_seq = 1ULL << 60;
  const auto read = read_commit_payload(commit_payload(commit));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(commit_payload(*read), commit_payload(commit));
  EXPECT_EQ(read->first_seq, 1ULL << 60);
  EXPECT_EQ(read->last_seq(), (1ULL << 60) + 2);
}

TEST(CommitPayloadTest, RefusesAnyOtherText) {
  const std::string good = commit_payload(example_commit());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    const auto read = read_commit_payload(changed);
    if (read) {
      EXPECT_EQ(commit_payload(*read), changed) << i;
    }
  }
  std::string newer = good;
  newer.replace(newer.size() - 2, 1, "2");
  EXPECT_EQ(read_commit_payload(newer).error().code, ErrorCode::Unsupported);
  EXPECT_EQ(read_commit_payload("[]").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read_commit_payload("{}").error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace betrace::evidence
