#include "betrace/storage/testing/storage_judge.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <utility>

#include "betrace/storage/log_backup.h"
#include "betrace/storage/log_check.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/log_keys.h"
#include "betrace/storage/rule_directory.h"
#include "betrace/storage/test_violations.h"

namespace betrace::storage {
namespace {

using Kind = JournalEntry::Kind;

struct Promises {
  RuleVersions rules;
  RuleVersions changed;  // of a change without answer: what it wanted, 0 = deleted
  std::uint64_t open_change = 0;
  std::map<std::string, std::set<std::uint64_t>> recorded;  // acknowledged changes, by rule
  std::set<std::uint64_t> unrecorded;                       // changes without a record
  std::set<std::uint64_t> sent;
  std::map<std::uint64_t, std::uint64_t> committed;  // violation -> sequence
};

// Whether a record was committed that the disk failed under is settled by the next commit of the
// same life: it was not. Without one the next life may find it.
Promises promises_of(const StorageJournal& journal) {
  Promises promises;
  std::set<std::uint64_t> uncertain;
  std::uint64_t last_uncertain = 0;
  const auto settle = [&] { promises.unrecorded.merge(std::exchange(uncertain, {})); };
  for (const JournalEntry& entry : journal.entries()) {
    switch (entry.kind) {
      case Kind::None:
        break;
      case Kind::Change:
        promises.open_change = entry.number;
        promises.changed.clear();
        break;
      case Kind::Rule:
        promises.changed[fmt::format("rule-{}", entry.number)] = entry.value;
        break;
      case Kind::Opened:
        uncertain.clear();
        break;
      case Kind::Unrecorded:
        uncertain.insert(entry.number);
        last_uncertain = entry.number;
        break;
      case Kind::Acknowledged:
        settle();
        for (const auto& [id, revision] : promises.changed) {
          promises.recorded[id].insert(entry.number);
        }
        [[fallthrough]];
      case Kind::Applied:
        promises.rules = with(promises.rules, promises.changed);
        promises.open_change = 0;
        break;
      case Kind::Refused:
        if (entry.number != last_uncertain) promises.unrecorded.insert(entry.number);
        promises.open_change = 0;
        break;
      case Kind::Sent:
        promises.sent.insert(entry.number);
        break;
      case Kind::Expired:
        promises.recorded.clear();
        promises.committed.clear();
        break;
      case Kind::CopyBegun:
      case Kind::BackedUp:
        break;
      case Kind::Committed:
        settle();
        EXPECT_TRUE(promises.committed.emplace(entry.number, entry.value).second)
            << "violation " << entry.number << " was shown twice";
        break;
    }
  }
  return promises;
}

std::string text_of(const RuleVersions& rules) {
  std::string text;
  for (const auto& [id, revision] : rules) text += fmt::format(" {}={}", id, revision);
  return text;
}

void judge_rules(const Promises& promises, StorageJournal& journal, const RuleSnapshot& snapshot) {
  const RuleVersions found = versions_of(snapshot);
  const bool is_open = promises.open_change != 0;
  const RuleVersions after = is_open ? with(promises.rules, promises.changed) : promises.rules;
  EXPECT_TRUE(found == promises.rules || found == after)
      << "rules are" << text_of(found) << ", not" << text_of(promises.rules) << " nor"
      << text_of(after);
  EXPECT_TRUE(snapshot.problems.empty());
  if (!is_open) return;
  const bool is_applied = found == after && found != promises.rules;
  journal.note(is_applied ? Kind::Applied : Kind::Refused, promises.open_change);
}

void judge_records(const Promises& promises, const ViolationLog& log) {
  for (std::uint64_t number = 0; number < 4; ++number) {
    const std::string id = fmt::format("rule-{}", number);
    const auto history = log.rule_history(id, 1'000);
    ASSERT_TRUE(history.has_value()) << history.error().message;
    std::set<std::uint64_t> found;
    for (const StoredRuleChange& each : *history) {
      EXPECT_TRUE(found.insert(each.record.revision).second)
          << "change " << each.record.revision << " of " << id << " is recorded twice";
    }
    for (const std::uint64_t change : promises.unrecorded) {
      EXPECT_FALSE(found.contains(change)) << "change " << change << " was refused";
    }
    const auto promised = promises.recorded.find(id);
    if (promised == promises.recorded.end()) continue;
    EXPECT_TRUE(std::ranges::includes(found, promised->second))
        << "a change of " << id << " that was acknowledged is not recorded";
  }
}

void judge_violations(const Promises& promises, const ViolationLog& log) {
  std::uint64_t found = 0;
  for (const std::uint64_t number : promises.sent) {
    const auto stored = log.find(test_violation(number).key.id());
    found += stored.has_value() ? 1 : 0;
    const auto committed = promises.committed.find(number);
    if (committed == promises.committed.end()) continue;
    ASSERT_TRUE(stored.has_value())
        << "violation " << number << " was shown and is lost: " << stored.error().message;
    EXPECT_EQ(stored->sequence, committed->second) << "violation " << number;
    EXPECT_EQ(stored->violation.message, fmt::format("violation {}", number));
  }
  ViolationQuery all;
  all.limit = 1;
  const auto page = log.query(all);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page->total, found) << "violations that nobody recorded, or twice";
}

// The last sequence of a copy, of which every chain was checked.
Result<std::uint64_t> check_copy(const std::string& path) {
  static const std::atomic<bool> kGoesOn{false};
  if (const auto ring = read_key_ring_in(path); !ring) return fail(ring.error());
  const auto generations = find_generations(real_file_system(), path);
  if (!generations) return fail(generations.error());
  std::optional<GenerationTail> before;
  for (const ReadableGeneration& generation : *generations) {
    auto database = Database::open(generation.path, Database::Mode::Sealed);
    if (!database) return fail(database.error());
    const auto start = read_start(*database);
    if (!start) return fail(start.error());
    const auto tail = check_chain(*database, *start, generation.end_seq, Holes::Refuse, kGoesOn);
    if (!tail) return fail(tail.error());
    if (before && before->last_hash != start->prev) {
      return fail(ErrorCode::Corrupt, "a file of the copy does not follow the one before");
    }
    before = *tail;
  }
  return before->last_seq;
}

}  // namespace

void judge_copies(const StorageJournal& journal, const std::string& path) {
  std::map<std::uint64_t, std::uint64_t> promised;
  std::uint64_t begun = 0;
  for (const JournalEntry& entry : journal.entries()) {
    if (entry.kind == Kind::CopyBegun) begun = entry.number;
    if (entry.kind == Kind::BackedUp) promised[entry.number] = entry.value;
  }
  for (std::uint64_t number = 1; number <= begun; ++number) {
    const std::string copy = fmt::format("{}/backup-{}", path, number);
    if (!promised.contains(number) && !std::filesystem::exists(copy)) continue;
    const auto last_seq = check_copy(copy);
    ASSERT_TRUE(last_seq.has_value()) << copy << ": " << last_seq.error().message;
    EXPECT_GE(*last_seq, promised[number]) << copy;
  }
}

void judge_storage(StorageJournal& journal, StorageWorkload& workload) {
  const Promises promises = promises_of(journal);
  judge_rules(promises, journal, *workload.rules().snapshot());
  judge_records(promises, workload.log());
  judge_violations(promises, workload.log());
  const ViolationLogStatus status = workload.log().status();
  EXPECT_EQ(status.quarantined, 0U) << "a sound file was set aside";
  EXPECT_LT(status.last_sequence, kSequenceSkip) << "a sound file was taken for a damaged one";
}

void expect_memory_equals_disk(RuleStore& rules) {
  if (!rules.snapshot()->problems.empty()) return;  // told, and read again within a second
  FileSystem& files = real_file_system();
  const FileHandle handle(files, files.open_directory(rules.path()));
  RuleDirectory fresh(files);
  const auto looked = fresh.look(handle.number(), RuleDirectory::Occasion::Later, read_clocks());
  ASSERT_TRUE(looked.has_value()) << looked.error().message;
  EXPECT_EQ(versions_of(*rules.snapshot()), versions_of(*fresh.snapshot(nullptr)));
}

}  // namespace betrace::storage
