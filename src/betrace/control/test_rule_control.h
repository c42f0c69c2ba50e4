// For tests only: a RuleControl over a real directory, with a disk and a log that can be broken.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "betrace/base/test_directory.h"
#include "betrace/control/rule_control.h"
#include "betrace/control/rule_import.h"
#include "betrace/storage/faulty_file_system.h"

namespace betrace::control {

inline constexpr UnixNanos kSecond = 1'000'000'000;
inline constexpr UnixNanos kStart = 1'769'853'600 * kSecond;  // 2026-01-31T10:00:00Z

/// A rule that loads, named like its id.
inline model::Rule make_rule(const std::string& id,
                             const std::string& expression = "span.duration > 1s") {
  model::Rule rule;
  rule.id = id;
  rule.name = id;
  rule.expression = expression;
  rule.revision = 0;
  return rule;
}

class RuleControlTest : public ::testing::Test {
 protected:
  RuleControlTest() { open(); }

  void open(std::size_t rules_max = 1'000, RuleGroup group = {}) {
    control_.reset();
    storage::RuleStoreOptions store_options;
    store_options.path = directory_.path();
    store_options.files = &disk_;
    store_options.clock = [this] {
      Now now = read_clocks();
      now.wall = now_;
      return now;
    };
    auto opened = storage::RuleStore::open(store_options);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    RuleControlOptions options;
    options.rules_max = rules_max;
    options.group = group;
    options.rule_bytes_max = rule_bytes_max_;
    options.record = [this](std::span<const storage::RuleChangeRecord> changes) {
      return record(changes);
    };
    control_ = std::make_unique<RuleControl>(*store_, active_, std::move(options));
    static_cast<void>(control_->start(recorded_, kStart));
  }

  Result<std::uint64_t> record(std::span<const storage::RuleChangeRecord> changes) {
    if (log_fails_) return fail(ErrorCode::StorageFailed, "log is broken");
    for (const storage::RuleChangeRecord& change : changes) {
      records_.push_back(change);
      recorded_[change.rule_id] = {change.revision, change.sha256};
    }
    return records_.size();
  }

  std::size_t rule_bytes_max_ = rules::kRuleBytesMax;

  static ChangeContext at(UnixNanos now) {
    ChangeContext context;
    context.actor = "key:ops";
    context.now = now;
    return context;
  }

  Outcome<CreateResult> create(const model::Rule& rule, OnConflict conflict = OnConflict::Fail,
                               UnixNanos now = kStart) {
    return control_->create(rule, conflict, at(now));
  }

  Outcome<LoadedRulePtr> set_severity(const std::string& id, model::Severity severity,
                                      const Precondition& precondition = {}) {
    return control_->update(
        id,
        [severity](const model::Rule& stored) -> Outcome<model::Rule> {
          model::Rule edited = stored;
          edited.severity = severity;
          return edited;
        },
        precondition, at(kStart + kSecond));
  }

  /// `create a`, `update a`, ...
  [[nodiscard]] std::vector<std::string> changes() const {
    std::vector<std::string> lines;
    for (const auto& record : records_) lines.push_back(record.change + " " + record.rule_id);
    return lines;
  }

  [[nodiscard]] std::vector<std::string> active_ids() const {
    std::vector<std::string> ids;
    for (const auto& rule : active_.current()->rules()) ids.push_back(rule->rule.id);
    return ids;
  }

  [[nodiscard]] std::vector<std::string> loaded_ids() const {
    std::vector<std::string> ids;
    for (const auto& rule : control_->rules()->rules) ids.push_back(rule->rule.id);
    return ids;
  }

  TestDirectory directory_;
  storage::FaultyFileSystem disk_;
  UnixNanos now_ = kStart;  // wall clock of the store
  bool log_fails_ = false;
  std::vector<storage::RuleChangeRecord> records_;
  std::map<std::string, storage::RecordedRule> recorded_;
  engine::ActiveRules active_;
  std::unique_ptr<storage::RuleStore> store_;
  std::unique_ptr<RuleControl> control_;
};

using Ids = std::vector<std::string>;

}  // namespace betrace::control
