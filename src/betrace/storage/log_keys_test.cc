// Goal: the log is sealed by a key of its own, changes it without a hole, and is found wrong when
// anything was changed. Method: real logs in a directory of their own, verified as an auditor does.
#include "betrace/storage/log_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "betrace/base/test_seed.h"
#include "betrace/storage/log_verify.h"
#include "betrace/storage/test_log.h"

namespace betrace::storage {
namespace {

using ::testing::HasSubstr;

class LogKeysTest : public TestLog {
 protected:
  evidence::VerifyOptions trusting_all() {
    evidence::VerifyOptions options;
    const evidence::KeyRing ring = read_key_ring_in(path("")).value();
    for (const evidence::RingKey& key : ring.keys) {
      options.trusted.push_back(evidence::fingerprint_of(key.key));
    }
    return options;
  }
  evidence::VerifyOptions trusting_first() {
    evidence::VerifyOptions options = trusting_all();
    options.trusted.resize(1);
    return options;
  }
  // `valid`, or `invalid: what (record n)` of the first finding.
  std::string verified(const evidence::VerifyOptions& options) {
    const evidence::Verification result = verify_log(path(""), {}, options);
    std::string text(evidence::name_of(result.verdict));
    if (result.findings.empty()) return text;
    const evidence::Finding& finding = result.findings.front();
    return text + ": " + finding.what + " (record " + std::to_string(finding.sequence) + ")";
  }
  std::string pem_path() {
    std::string kid = read_key_ring_in(path("")).value().keys.back().kid();
    kid.replace(kid.find(':'), 1, "-");
    return path("keys/" + kid + ".pem");
  }
  static mode_t mode_of(const std::string& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  // Changes rows as somebody with the file can.
  void change(const std::string& sql) const {
    run(1,
        "DROP TRIGGER record_kept; DROP TRIGGER record_not_deleted; DROP TRIGGER "
        "commit_group_kept; DROP TRIGGER commit_group_not_deleted;" +
            sql);
  }
  // So that only what change() did to rows is left.
  void restore_schema() const {
    const std::size_t begin = kLogSchema.find("CREATE TRIGGER record_kept");
    const std::size_t end = kLogSchema.find("CREATE TRIGGER generation_kept");
    run(1, std::string(kLogSchema.substr(begin, end - begin)));
  }
  std::string given_key(mode_t mode) {
    directory_.write("given.pem", evidence::SigningKey::generate().to_pem().reveal());
    const std::string file = directory_.file("given.pem");
    EXPECT_EQ(::chmod(file.c_str(), mode), 0);
    return file;
  }
};

TEST_F(LogKeysTest, ALogIsSealedByAKeyForItsOwnerAlone) {
  write_five();
  EXPECT_EQ(verified(trusting_all()), "valid");
  EXPECT_THAT(verified({}), HasSubstr("untrusted: self-consistent"));
  EXPECT_EQ(mode_of(pem_path()), 0600U);
}

TEST_F(LogKeysTest, ARestartKeepsTheKey) {
  write_five();
  log();
  stop();
  EXPECT_EQ(read_key_ring_in(path("")).value().keys.size(), 1U);
  EXPECT_EQ(verified(trusting_all()), "valid");
}

TEST_F(LogKeysTest, RecordsOfAllTypesHaveAnHmacWithAKey) {
  options_.record_keys.active.emplace(Secret("0123456789abcdef0123456789abcdef"));
  record(0, 3);
  log().record_gap({"shed", "", 1, kTestTime, kTestTime});
  ASSERT_TRUE(log().append_rule_change(test_rule_change(1)).has_value());
  stop();
  EXPECT_EQ(directory_.files_with("0123456789abcdef0123456789abcdef"), std::vector<std::string>());
  EXPECT_EQ(ask(1, "SELECT count(*) FROM record WHERE mac IS NULL"), 0);
  evidence::VerifyOptions options = trusting_all();
  EXPECT_EQ(verified(options), "valid");
  options.record_keys = options_.record_keys;
  EXPECT_EQ(verified(options), "valid");
}

TEST_F(LogKeysTest, ANewKeyOfHmacsIsToldOnce) {
  write_five();
  options_.record_keys.active.emplace(Secret("0123456789abcdef0123456789abcdef"));
  for (int start = 0; start < 2; ++start) {
    log();
    stop();
  }
  EXPECT_EQ(ask(1, "SELECT count(*) FROM record WHERE type = 13"), 1);
  EXPECT_EQ(verified(trusting_all()), "valid");
}

TEST_F(LogKeysTest, AfterAChangeWhoTrustsTheOldKeyTrustsTheNew) {
  record(0, 2);
  const std::string old_key = pem_path();
  const auto key = log().rotate_key(evidence::KeyStatus::Retired);
  ASSERT_TRUE(key.has_value()) << key.error().message;
  record(2, 4);
  EXPECT_FALSE(std::filesystem::exists(old_key));
  stop();
  EXPECT_EQ(verified(trusting_first()), "valid");
  log();
  stop();
  EXPECT_EQ(verified(trusting_first()), "valid");
  EXPECT_EQ(read_key_ring_in(path("")).value().keys.size(), 2U);
}

TEST_F(LogKeysTest, ACrashRightAfterAChangeOfTheKeyLeavesAValidLog) {
  record(0, 2);
  ASSERT_TRUE(log().rotate_key(evidence::KeyStatus::Retired).has_value());
  crash();
  record(2, 4);
  stop();
  EXPECT_EQ(verified(trusting_first()), "valid");
}

TEST_F(LogKeysTest, ARestoredDirectoryWithoutPrivateKeysGoesOnWithANewKey) {
  write_five();
  std::filesystem::remove_all(path("keys"));
  record(5, 6);
  stop();
  EXPECT_THAT(verified(trusting_first()), HasSubstr("untrusted"));
  EXPECT_EQ(verified(trusting_all()), "valid");
}

TEST_F(LogKeysTest, AKeyWithWhichNothingOfTheLogIsSealedLeavesTheRing) {
  write_five();
  std::filesystem::remove(pem_path());
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path(name(1) + end));
  write_five();
  EXPECT_EQ(read_key_ring_in(path("")).value().keys.size(), 1U);
  EXPECT_EQ(verified(trusting_all()), "valid");
  EXPECT_EQ(total(), 5U) << "and the next start reads it";
}

TEST_F(LogKeysTest, ACompromisedKeyNeedsACheckpointThatIsHeld) {
  record(0, 2);
  ASSERT_TRUE(log().rotate_key(evidence::KeyStatus::Compromised).has_value());
  record(2, 3);
  stop();
  EXPECT_THAT(verified(trusting_all()), HasSubstr("invalid: the key ed25519:"));
}

TEST_F(LogKeysTest, AGivenKeyMustBePrivateAndIsNotMade) {
  options_.evidence_key_file = given_key(0600);
  record(0, 1);
  EXPECT_FALSE(log().rotate_key(evidence::KeyStatus::Retired).has_value());
  stop();
  EXPECT_FALSE(has_file("keys"));
  for (const mode_t mode : {0640U, 0604U, 0660U}) {
    options_.evidence_key_file = given_key(mode);
    const auto opened = ViolationLog::open(options_);
    ASSERT_FALSE(opened.has_value()) << mode;
    EXPECT_EQ(opened.error().code, ErrorCode::InvalidArgument);
    EXPECT_THAT(opened.error().message, HasSubstr("others may read"));
  }
  if (::geteuid() == 0) {
    options_.evidence_key_file = given_key(0600);
    ASSERT_EQ(::chown(options_.evidence_key_file.c_str(), 12345, 12345), 0);
    EXPECT_FALSE(ViolationLog::open(options_).has_value());
  }
  options_.evidence_key_file = directory_.file("none.pem");
  EXPECT_FALSE(ViolationLog::open(options_).has_value());
}

TEST_F(LogKeysTest, ADamagedKeyRingStopsTheStart) {
  write_five();
  flip("keys.json", 20);
  EXPECT_FALSE(ViolationLog::open(options_).has_value());
}

// BETRACE_EVIDENCE_RECORDS says how many records there are; one of them is changed.
TEST_F(LogKeysTest, R18WhatIsChangedBySqlIsSeen) {
  struct Case {
    const char* sql;  // `?`: its sequence
    const char* finding;
  };
  const Case cases[] = {
      {"UPDATE record SET severity = 1 WHERE seq = ?", "column severity is not what the payload"},
      {"UPDATE record SET rule_id = 'x' WHERE seq = ?", "column rule_id is not what the payload"},
      {"UPDATE record SET time_ns = 5 WHERE seq = ?", "column time_ns is not what the payload"},
      {"UPDATE record SET flags = 2 WHERE seq = ?", "column flags is not what the payload"},
      {"UPDATE record SET trace_id = NULL WHERE seq = ?",
       "column trace_id is not what the payload"},
      {"UPDATE record SET type = 2 WHERE seq = ?", "column type is not what the payload"},
      {"UPDATE record SET group_seq = 1 WHERE seq = ?", "column group_seq is wrong"},
      {"UPDATE record SET leaf = zeroblob(32) WHERE seq = ?", " is not what was committed"},
      {"UPDATE record SET mac = x'00' WHERE seq = ?", "an unsigned record has an HMAC"},
      {"UPDATE record SET payload = CAST(replace(CAST(payload AS TEXT), 'rule', 'ruld') AS BLOB) "
       "WHERE seq = ?",
       "invalid"},
      {"DELETE FROM record WHERE seq = ?", "invalid"},
      {"DELETE FROM commit_group WHERE first_seq <= ? AND last_seq >= ?", "invalid"},
      {"UPDATE commit_group SET signature = x'' WHERE last_seq >= ?", "the commit is not signed"},
      {"UPDATE commit_group SET signature = zeroblob(64)", "the signature is wrong"},
  };
  const char* const wanted = std::getenv("BETRACE_EVIDENCE_RECORDS");
  const std::uint64_t count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 200;
  std::mt19937_64 random(test_seed());
  record(0, count);
  stop();
  const evidence::VerifyOptions options = trusting_all();
  const std::string whole = directory_.read("state/" + name(1));
  for (const Case& each : cases) {
    directory_.write("state/" + name(1), whole);
    std::filesystem::remove(path(name(1) + "-wal"));
    std::filesystem::remove(path(name(1) + "-shm"));
    const std::string sequence = std::to_string(3 + random() % (count - 2));
    std::string sql = each.sql;
    for (std::size_t at; (at = sql.find('?')) != std::string::npos;) sql.replace(at, 1, sequence);
    change(sql);
    const std::string found = verified(options);
    EXPECT_THAT(found, HasSubstr("invalid")) << sql;
    // The schema was changed as well, which is seen first; put it back and look again.
    restore_schema();
    EXPECT_THAT(verified(options), HasSubstr(each.finding)) << sql;
  }
}

TEST_F(LogKeysTest, AStartSetsAFileAsideOfWhichANewGroupHasAnotherSignature) {
  write_five();
  change("SELECT 1;");
  restore_schema();
  log();
  stop();
  EXPECT_TRUE(set_aside().empty()) << "nothing was changed";
  change(
      "UPDATE commit_group SET signature = zeroblob(64) WHERE last_seq = "
      "(SELECT max(last_seq) FROM commit_group);");
  restore_schema();
  log();
  stop();
  EXPECT_EQ(set_aside().size(), 1U);
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
}

TEST_F(LogKeysTest, AStartDoesNotJudgeSignaturesOfAKeyThatItDoesNotKnow) {
  write_five();
  std::filesystem::remove(path(kKeyRingName));
  log();
  stop();
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(LogKeysTest, AnEmptyDirectoryOrAnUnsignedLogIsNeverValid) {
  EXPECT_EQ(verify_log(path(""), {}, {}).verdict, evidence::Verdict::Unreadable);
}

}  // namespace
}  // namespace betrace::storage
