#include "betrace/storage/violation_log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <thread>

#include "betrace/base/test_directory.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/sqlite.h"
#include "betrace/storage/test_violations.h"

// Goal: what was acknowledged is there after a restart and after a kill, once, and nothing is shown
// before it is committed.
// Method: a log in a directory of its own; time comes from the violations.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

class ViolationLogTest : public ::testing::Test {
 protected:
  void TearDown() override { close(); }

  ViolationLog& log() {
    if (log_ == nullptr) {
      options_.path = directory_.file("state");
      auto opened = ViolationLog::open(options_);
      EXPECT_TRUE(opened.has_value()) << opened.error().message;
      log_ = *std::move(opened);
    }
    return *log_;
  }

  void close() {
    if (log_ == nullptr) return;
    EXPECT_TRUE(log_->stop(60s).has_value());
    log_.reset();
  }

  void record(model::ViolationRecord record) { log().record(std::move(record)); }
  void record_first(std::uint64_t number, const std::string& rule_id = "rule") {
    record(first_record(test_violation(number, rule_id)));
  }
  void flush() { ASSERT_TRUE(log().flush(60s).has_value()); }

  std::vector<std::string> messages(const ViolationQuery& query = {}) {
    const auto page = log().query(query);
    EXPECT_TRUE(page.has_value()) << page.error().message;
    std::vector<std::string> result;
    for (const StoredViolation& stored : page->violations) {
      result.push_back(stored.violation.message);
    }
    return result;
  }

  std::int64_t count(const std::string& condition) {
    auto database =
        Database::open(directory_.file("state/log-000001.db"), Database::Mode::ReadOnly);
    return database->integer("SELECT count(*) FROM record WHERE " + condition)->value_or(-1);
  }

  static RuleChangeRecord change(std::uint64_t revision) {
    RuleChangeRecord record;
    record.rule_id = "rule";
    record.change = revision == 1 ? "create" : "update";
    record.source = "api";
    record.actor = "key:ops";
    record.time = kTestTime + revision;
    record.revision = revision;
    record.previous_revision = revision - 1;
    record.sha256 = std::string(64, static_cast<char>('a' + revision));
    model::Rule rule;
    rule.id = rule.name = "rule";
    rule.expression = "true";
    rule.revision = revision;
    record.rule = rule;
    return record;
  }

  TestDirectory directory_;
  ViolationLogOptions options_;
  std::unique_ptr<ViolationLog> log_;
};

TEST_F(ViolationLogTest, KeepsEverythingOverARestart) {
  for (std::uint64_t i = 0; i < 10; ++i) record_first(i);
  flush();
  const auto before = messages();
  const std::uint64_t last = log().status().last_sequence;
  close();
  EXPECT_FALSE(log().status().started_after_crash);
  EXPECT_EQ(messages(), before);
  EXPECT_EQ(before.size(), 10u);
  EXPECT_EQ(before[0], "violation 9");
  record_first(10);
  flush();
  EXPECT_EQ(log().status().last_sequence, last + 3) << "stop, start, one violation";
  const auto found = log().find(test_violation(3).key.id());
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->violation.message, "violation 3");
  EXPECT_EQ(found->created_at, test_violation(3).timestamp);
  EXPECT_EQ(found->violation.explanation.clauses[0].text, "span.duration > 1s");
}

TEST_F(ViolationLogTest, LosesNothingAcknowledgedWhenItIsKilled) {
  options_.path = directory_.file("state");
  int channel[2];
  ASSERT_EQ(::pipe(channel), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto opened = ViolationLog::open(options_);
    for (std::uint64_t i = 0; opened && i < 1'000'000; ++i) {
      (*opened)->record(first_record(test_violation(i)));
      if (i % 50 != 49 || !(*opened)->flush(60s)) continue;
      const std::uint64_t acknowledged = i + 1;
      if (::write(channel[1], &acknowledged, sizeof(acknowledged)) < 0) break;
    }
    ::_exit(1);
  }
  std::uint64_t acknowledged = 0;
  while (acknowledged < 500) {
    ASSERT_EQ(::read(channel[0], &acknowledged, sizeof(acknowledged)),
              static_cast<ssize_t>(sizeof(acknowledged)));
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(log().status().started_after_crash);
  ViolationQuery query;
  query.limit = 1;
  EXPECT_GE(log().query(query)->total, acknowledged);
  for (std::uint64_t i = 0; i < acknowledged; ++i) {
    ASSERT_TRUE(log().find(test_violation(i).key.id()).has_value()) << i;
  }
}

TEST_F(ViolationLogTest, ASecondOneOnTheSameDirectoryIsToldTheOwner) {
  record_first(1);
  const auto second = ViolationLog::open(options_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::FailedPrecondition);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())),
            std::string::npos);
  EXPECT_NE(second.error().message.find("BETRACE_STATE_PATH"), std::string::npos);
}

TEST_F(ViolationLogTest, PublishesInOrderAndOnlyWhatIsCommitted) {
  std::vector<std::uint64_t> sequences;
  std::vector<bool> visible;
  options_.publish = [&](std::span<const CommittedRecord> records) {
    for (const CommittedRecord& each : records) {
      sequences.push_back(each.sequence);
      visible.push_back(log_->find(each.record.violation.key.id()).has_value());
    }
  };
  log();
  for (std::uint64_t i = 0; i < 100; ++i) record_first(i);
  flush();
  ASSERT_EQ(sequences.size(), 100u);
  EXPECT_EQ(sequences.front(), 2u) << "after the start record";
  EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end()));
  EXPECT_EQ(std::count(visible.begin(), visible.end(), true), 100);
}

TEST_F(ViolationLogTest, RecordsAViolationOnce) {
  std::vector<std::uint64_t> published;
  options_.publish = [&](std::span<const CommittedRecord> records) {
    for (const CommittedRecord& each : records) published.push_back(each.sequence);
  };
  record_first(1);
  record_first(1);
  flush();
  record_first(1);
  flush();
  EXPECT_EQ(published.size(), 1u);
  EXPECT_EQ(log().status().repeats, 2u);
  close();
  record_first(1);
  flush();
  EXPECT_EQ(published.size(), 1u) << "after a restart as well";
  EXPECT_EQ(messages().size(), 1u);
}

TEST_F(ViolationLogTest, AFinalRecordReplacesWhatIsShownButNotItsPlace) {
  record(first_record(early_violation(1)));
  flush();
  const std::string id = early_violation(1).key.id();
  EXPECT_FALSE(log().find(id)->violation.completeness.has_value());
  const std::uint64_t sequence = log().find(id)->sequence;
  record(final_record(1));
  flush();
  const auto found = log().find(id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->sequence, sequence);
  EXPECT_EQ(found->last_sequence, sequence + 1);
  EXPECT_EQ(found->violation.completeness, model::Completeness::Orphans);
  EXPECT_EQ(found->violation.spans_seen, 12u);
  EXPECT_EQ(messages().size(), 1u);
}

TEST_F(ViolationLogTest, WhatFollowsARepeatIsNotWritten) {
  record(first_record(early_violation(1)));
  flush();
  record(first_record(early_violation(1)));  // another life of the trace
  record(final_record(1));                   // of that life, in the same group
  flush();
  record(final_record(1));
  flush();
  EXPECT_EQ(count("type = 2"), 0);
  EXPECT_FALSE(log().find(early_violation(1).key.id())->violation.completeness.has_value());
}

TEST_F(ViolationLogTest, WhatFollowsNothingIsNotWritten) {
  record(final_record(1));
  record(withdrawal(2, "rule"));
  flush();
  EXPECT_EQ(count("type IN (1, 2, 3)"), 0);
}

TEST_F(ViolationLogTest, RuleChangesAreCommittedWhenTheyAreAnswered) {
  const auto first = log().append_rule_change(change(1));
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(*first, log().status().last_sequence);
  const std::vector<RuleChangeRecord> more = {change(2), change(3)};
  EXPECT_EQ(log().append_rule_changes(more).value(), *first + 1);
  close();
  const auto history = log().rule_history("rule", 10);
  ASSERT_TRUE(history.has_value()) << history.error().message;
  ASSERT_EQ(history->size(), 3u);
  EXPECT_EQ((*history)[0].record.revision, 3u);
  EXPECT_EQ((*history)[2].sequence, *first);
  EXPECT_EQ((*history)[2].record.actor, "key:ops");
  EXPECT_EQ((*history)[2].record.rule->expression, "true");
  EXPECT_EQ(log().rule_history("rule", 1)->size(), 1u);
  EXPECT_TRUE(log().rule_history("other", 10)->empty());
  const auto recorded = log().recorded_rules();
  ASSERT_TRUE(recorded.has_value());
  EXPECT_EQ(recorded->at("rule").revision, 3u);
  EXPECT_EQ(recorded->at("rule").sha256, change(3).sha256);
}

TEST_F(ViolationLogTest, APayloadNamesTheRecordedVersionOfItsRule) {
  ASSERT_TRUE(log().append_rule_change(change(1)).has_value());
  record_first(1);
  flush();
  EXPECT_EQ(count("type = 1 AND instr(payload, '\"rule_sha256\":\"" + change(1).sha256 + "\"')"),
            1);
}

TEST_F(ViolationLogTest, TextsOfClientsCannotStopARecord) {
  RuleChangeRecord record = change(1);
  record.actor = "\xFF\x01 quote\"";
  record.request_id = std::string(10'000, 'x');
  record.rule->expression = std::string(65'000, '\x01');  // does not fit when it is escaped
  ASSERT_TRUE(log().append_rule_change(record).has_value());
  const auto history = log().rule_history("rule", 1);
  ASSERT_TRUE(history.has_value()) << history.error().message;
  EXPECT_EQ((*history)[0].record.request_id.size(), 256u);
  EXPECT_FALSE((*history)[0].record.rule.has_value());
}

TEST_F(ViolationLogTest, GapsAreRecords) {
  log().record_gap({"suppressed", "rule", 17, kTestTime, kTestTime + 5});
  flush();
  EXPECT_EQ(count("type = 5 AND rule_id = 'rule' AND instr(payload, '\"count\":17')"), 1);
}

TEST_F(ViolationLogTest, AClosedLogTakesNothingAndBlocksNobody) {
  record_first(1);
  ASSERT_TRUE(log().stop(60s).has_value());
  record_first(2);
  EXPECT_EQ(log().append_rule_change(change(1)).error().code, ErrorCode::StorageFailed);
  EXPECT_TRUE(log().flush(1s).has_value());
  EXPECT_EQ(messages().size(), 1u) << "it can still be asked";
  log_.reset();
}

TEST_F(ViolationLogTest, ManyThreadsRecordAndAskAtOnce) {
  constexpr std::uint64_t kPerThread = 300;
  std::atomic<std::uint64_t> published{0};
  options_.publish = [&](std::span<const CommittedRecord> records) { published += records.size(); };
  log();
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 3; ++t) {
    threads.emplace_back([this, t] {
      for (std::uint64_t i = 0; i < kPerThread; ++i) {
        log_->record(first_record(test_violation(i, "rule-" + std::to_string(t))));
      }
    });
  }
  threads.emplace_back([this] {
    for (std::uint64_t i = 1; i <= 20; ++i) {
      EXPECT_TRUE(log_->append_rule_change(change(i)).has_value());
    }
  });
  threads.emplace_back([this] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(log_->query({}).has_value());
      EXPECT_TRUE(log_->summary(kTestTime, kTestTime + kTestSecond, 1).has_value());
      static_cast<void>(log_->status());
    }
  });
  for (std::thread& thread : threads) thread.join();
  flush();
  EXPECT_EQ(published.load(), 3 * kPerThread);
  EXPECT_EQ(log().query({})->total, 3 * kPerThread);
}

TEST_F(ViolationLogTest, ItsFilesAreForTheOwnerOnly) {
  record_first(1);
  flush();
  for (const char* name : {"state/log-000001.db", "state/log-000001.db-wal", "state/LOCK"}) {
    const auto permissions = std::filesystem::status(directory_.file(name)).permissions();
    EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << name;
  }
  const auto permissions = std::filesystem::status(directory_.file("state")).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace betrace::storage
