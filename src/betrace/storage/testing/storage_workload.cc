#include "betrace/storage/testing/storage_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>
#include <vector>

#include "betrace/storage/test_violations.h"

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;
using Kind = JournalEntry::Kind;

constexpr std::uint64_t kRules = 4;
constexpr std::uint64_t kViolationsMax = 4;
constexpr auto kPatience = 20s;
constexpr auto kGenerationAge = 24h;
constexpr auto kRecordAge = 30 * kGenerationAge;

std::string rule_id(std::uint64_t number) { return fmt::format("rule-{}", number); }

model::Rule rule_of(const std::string& id, std::uint64_t revision) {
  model::Rule rule;
  rule.id = rule.name = id;
  rule.expression = fmt::format("span.duration > {}ms", revision);
  rule.revision = revision;
  rule.created_at = rule.updated_at = kTestTime;
  return rule;
}

RuleChangeRecord record_of(const std::string& id, std::uint64_t revision) {
  RuleChangeRecord record;
  record.rule_id = id;
  record.change = "update";
  record.source = "api";
  record.time = kTestTime + revision;
  record.revision = revision;
  record.sha256 = std::string(64, 'a');
  return record;
}

}  // namespace

RuleVersions versions_of(const RuleSnapshot& snapshot) {
  RuleVersions versions;
  for (const auto& [id, stored] : snapshot.rules) versions[id] = stored->rule.revision;
  return versions;
}

RuleVersions with(RuleVersions rules, const RuleVersions& changed) {
  for (const auto& [id, revision] : changed) {
    revision == 0 ? rules.erase(id) : rules[id] = revision;
  }
  return rules;
}

void make_storage_folders(const std::string& path) {
  for (const char* name : {"rules/.betrace", "state"}) {
    std::filesystem::create_directories(path + "/" + name);
    std::filesystem::permissions(path + "/" + name, std::filesystem::perms::owner_all);
  }
}

StorageWorkload::StorageWorkload(WorkloadOptions options, StorageJournal& journal)
    : options_(std::move(options)), journal_(journal) {
  for (const JournalEntry& entry : journal.entries()) {
    if (entry.kind == Kind::Change) changes_ = entry.number;
    if (entry.kind == Kind::Sent) violations_ = entry.number + 1;
    if (entry.kind == Kind::CopyBegun) copies_ = entry.number;
  }
}

Result<void> StorageWorkload::open() {
  RuleStoreOptions rules;
  rules.path = options_.path + "/rules";
  rules.files = options_.files;
  auto store = RuleStore::open(std::move(rules));
  if (!store) return fail(store.error());
  rules_ = *std::move(store);

  ViolationLogOptions log;
  log.path = options_.path + "/state";
  log.files = options_.files;
  log.group_time = 0ms;
  log.retry_time = 1ms;
  log.reserve_bytes = 256 * 1024;
  log.generation_age_max = kGenerationAge;
  log.age_max = kRecordAge;
  log.clock = [this] {
    const std::uint64_t passed = options_.passed == nullptr ? 0 : options_.passed->load();
    const Now now = read_clocks();
    return Now{now.monotonic + std::chrono::nanoseconds(passed), now.wall + passed};
  };
  log.publish = [this](std::span<const CommittedRecord> records) {
    for (const CommittedRecord& each : records) {
      if (!options_.has_power()) return;
      const std::string& message = each.record.violation.message;  // `violation 17`
      journal_.note(Kind::Committed, std::stoull(message.substr(10)), each.sequence);
    }
  };
  auto opened = ViolationLog::open(std::move(log));
  if (!opened) return fail(opened.error());
  log_ = *std::move(opened);
  journal_.note(Kind::Opened, 0);
  if (auto change = rules_->begin()) change->commit();
  return {};
}

void StorageWorkload::stop() {
  const auto grace = options_.has_power() ? std::chrono::milliseconds(kPatience) : 0ms;
  if (log_ != nullptr) static_cast<void>(log_->stop(grace));
  log_.reset();
  rules_.reset();
}

Result<void> StorageWorkload::step(Random& random) {
  const std::uint64_t choice = draw(random, 20);
  if (choice == 0) {
    stop();
    return open();
  }
  const bool is_upkeep = choice < 4 && options_.passed != nullptr;
  return is_upkeep ? keep_up(Upkeep(choice - 1)) : work(random);
}

Result<void> StorageWorkload::keep_up(Upkeep what) {
  switch (what) {
    case Upkeep::Rotate:
      return rotate();
    case Upkeep::Expire:
      return rotate().and_then([this] { return expire(); });
    case Upkeep::BackUp:
      break;
  }
  back_up();
  return {};
}

void StorageWorkload::pass(std::chrono::nanoseconds time) {
  *options_.passed += static_cast<std::uint64_t>(time.count());
}

// The log thread looks around behind each group, each second: when the second group is committed it
// has done so behind the first.
Result<void> StorageWorkload::take_turns() {
  for (int i = 0; i < 3; ++i) {
    pass(1s);
    if (auto done = record(1); !done) return done;
  }
  return {};
}

Result<void> StorageWorkload::rotate() {
  pass(kGenerationAge);
  return take_turns();
}

// What is in the active file by now is there for longer.
Result<void> StorageWorkload::expire() {
  journal_.note(Kind::Expired, 0);
  pass(kRecordAge);
  return take_turns();
}

void StorageWorkload::back_up() {
  const std::uint64_t last = log_->status().last_sequence;
  journal_.note(Kind::CopyBegun, ++copies_);
  const auto made = log_->back_up(fmt::format("{}/backup-{}", options_.path, copies_));
  if (made && options_.has_power()) journal_.note(Kind::BackedUp, copies_, last);
}

Result<void> StorageWorkload::work(Random& random) {
  const std::uint64_t choice = draw(random, 20);
  if (choice < 9) {
    change_rules(random);
    if (options_.has_power()) return {};
    return fail(ErrorCode::Unavailable, "the power is gone");
  }
  if (choice < 12) log_->move_export(kExportSink, {log_->status().last_sequence, {}});
  return record(1 + draw(random, kViolationsMax));
}

void StorageWorkload::change_rules(Random& random) {
  if (rules_->status().is_read_only) static_cast<void>(rules_->probe());
  if (!settle_uncertain_change()) return;
  const RuleVersions now = versions_of(*rules_->snapshot());
  const RuleVersions wanted = draw_change(now, random);
  const auto made = make_change(wanted);
  if (!options_.has_power()) return;
  if (made) {
    journal_.note(Kind::Acknowledged, changes_);
  } else if (made.error().code == ErrorCode::StorageUncertain) {
    uncertain_ = with(now, wanted);
  } else {
    journal_.note(Kind::Refused, changes_);
  }
}

RuleVersions StorageWorkload::draw_change(const RuleVersions& now, Random& random) {
  RuleVersions wanted;
  journal_.note(Kind::Change, ++changes_);
  const std::uint64_t count = draw(random, 3) == 0 ? 1 + draw(random, kRules) : 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t number = draw(random, kRules);
    const std::string id = rule_id(number);
    const bool is_deleted = now.contains(id) && draw(random, 3) == 0;
    if (wanted.contains(id)) continue;
    wanted[id] = is_deleted ? 0 : changes_;
    journal_.note(Kind::Rule, number, wanted[id]);
  }
  return wanted;
}

// What the directory holds once it is read under its lock is what became of the change.
bool StorageWorkload::settle_uncertain_change() {
  if (!uncertain_) return true;
  if (!rules_->begin() || !options_.has_power()) return false;
  const bool is_applied = versions_of(*rules_->snapshot()) == *uncertain_;
  journal_.note(is_applied ? Kind::Applied : Kind::Refused, changes_);
  uncertain_.reset();
  return true;
}

// The order of control/: files, record, memory.
Result<void> StorageWorkload::make_change(const RuleVersions& wanted) {
  auto change = rules_->begin();
  if (!change) return fail(change.error());
  std::vector<RuleChangeRecord> records;
  for (const auto& [id, revision] : wanted) {
    auto staged = revision == 0 ? change->remove(id, kTestTime + changes_, "key:ops")
                                : change->put(rule_of(id, revision));
    if (!staged) return staged;
    records.push_back(record_of(id, changes_));
  }
  if (auto written = change->write(); !written) return written;
  if (const auto recorded = log_->append_rule_changes(records); !recorded) {
    const bool is_uncertain = recorded.error().code == ErrorCode::StorageUncertain;
    if (is_uncertain && options_.has_power()) journal_.note(Kind::Unrecorded, changes_);
    if (auto undone = change->roll_back(); !undone) return undone;
    return fail(ErrorCode::StorageFailed, recorded.error().message);
  }
  change->commit();
  return {};
}

Result<void> StorageWorkload::record(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    journal_.note(Kind::Sent, violations_);
    log_->record(first_record(test_violation(violations_++)));
  }
  const auto begun = std::chrono::steady_clock::now();
  while (!log_->flush(5ms)) {
    if (!options_.has_power()) return fail(ErrorCode::Unavailable, "the power is gone");
    if (std::chrono::steady_clock::now() - begun > kPatience) {
      return fail(ErrorCode::Internal,
                  "what was recorded is not committed: " + log_->status().reason);
    }
  }
  return {};
}

}  // namespace betrace::storage
