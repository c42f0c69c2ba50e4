// Goal: a rule changes as docs/guide/api.md says, or not at all.
// Method: a real rule directory; time is passed in; the log of changes is a list.

#include "betrace/control/rule_control.h"

#include <algorithm>

#include "betrace/control/test_rule_control.h"

namespace betrace::control {
namespace {

using What = CreateResult::What;

TEST_F(RuleControlTest, StoresRecordsAndActivatesANewRule) {
  const auto result = create(make_rule("a"));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->what, What::Created);
  EXPECT_EQ(result->rule->rule.revision, 1u);
  EXPECT_EQ(result->rule->rule.created_at, kStart);
  EXPECT_EQ(result->rule->rule.updated_at, kStart);
  EXPECT_TRUE(directory_.has("a.json"));
  EXPECT_EQ(changes(), Ids{"create a"});
  EXPECT_EQ(records_[0].actor, "key:ops");
  EXPECT_EQ(active_ids(), Ids{"a"});
}

TEST_F(RuleControlTest, KeepsRevisionAndTimesOfARestoredRule) {
  model::Rule rule = make_rule("a");
  rule.revision = 7;
  rule.created_at = kStart - 9 * kSecond;
  rule.updated_at = kStart + 5 * 60 * kSecond;
  const auto result = create(rule);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->rule->rule.revision, 7u);
  EXPECT_EQ(result->rule->rule.created_at, kStart - 9 * kSecond);
  EXPECT_EQ(result->rule->rule.updated_at, kStart + 5 * 60 * kSecond);
}

TEST_F(RuleControlTest, DropsTimesThatAreTooFarAhead) {
  model::Rule rule = make_rule("a");
  rule.updated_at = kStart + 5 * 60 * kSecond + 1;
  EXPECT_EQ(create(rule)->rule->rule.updated_at, kStart);
}

TEST_F(RuleControlTest, LeavesAnEqualRuleAlone) {
  ASSERT_TRUE(create(make_rule("a")));
  model::Rule again = make_rule("a");
  again.revision = 9;
  again.updated_at = 1;
  for (const OnConflict conflict : {OnConflict::Fail, OnConflict::Replace, OnConflict::Skip}) {
    const auto result = create(again, conflict, kStart + kSecond);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->what, What::Unchanged);
    EXPECT_EQ(result->rule->rule.revision, 1u);
    EXPECT_EQ(result->rule->rule.updated_at, kStart);
  }
  EXPECT_EQ(changes(), Ids{"create a"});
}

TEST_F(RuleControlTest, RefusesOtherContentAndSaysWhatDiffers) {
  ASSERT_TRUE(create(make_rule("a")));
  const auto result = create(make_rule("a", "span.duration > 2s"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, RefusalKind::RuleExists);
  EXPECT_EQ(result.error().differing, Ids{"expression"});
  EXPECT_EQ(control_->rules()->find("a")->rule.expression, "span.duration > 1s");
}

TEST_F(RuleControlTest, SkipsOtherContentOnRequest) {
  ASSERT_TRUE(create(make_rule("a")));
  const auto result = create(make_rule("a", "span.duration > 2s"), OnConflict::Skip);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->what, What::Skipped);
  EXPECT_EQ(result->rule->rule.expression, "span.duration > 1s");
}

TEST_F(RuleControlTest, ReplacingNeverTurnsTheRevisionBack) {
  ASSERT_TRUE(create(make_rule("a")));
  ASSERT_TRUE(set_severity("a", model::Severity::Low));
  model::Rule old = make_rule("a", "span.duration > 2s");
  old.revision = 1;
  old.created_at = 5;
  old.updated_at = 6;
  const auto result = create(old, OnConflict::Replace);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->what, What::Replaced);
  EXPECT_EQ(result->rule->rule.revision, 3u);
  EXPECT_EQ(result->rule->rule.created_at, 5u);
  EXPECT_EQ(result->rule->rule.updated_at, 6u);
  model::Rule newer = make_rule("a", "span.duration > 3s");
  newer.revision = 40;
  EXPECT_EQ(create(newer, OnConflict::Replace)->rule->rule.revision, 40u);
}

TEST_F(RuleControlTest, ARejectedRuleLeavesNoTraceAndItsCorrectionSucceeds) {
  const auto rejected = create(make_rule("a", "span.duration >"));
  ASSERT_FALSE(rejected);
  EXPECT_EQ(rejected.error().kind, RefusalKind::InvalidExpression);
  EXPECT_TRUE(rejected.error().diagnostic);
  EXPECT_FALSE(directory_.has("a.json"));
  EXPECT_EQ(control_->rules()->find("a"), nullptr);
  EXPECT_TRUE(records_.empty());
  EXPECT_EQ(create(make_rule("a"))->what, What::Created);
}

TEST_F(RuleControlTest, RefusesATemplateWithAnUnknownField) {
  model::Rule rule = make_rule("a");
  rule.message = "took {span.nonsense}";
  const auto result = create(rule);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, RefusalKind::InvalidField);
  EXPECT_NE(result.error().message.find("message"), std::string::npos);
}

TEST_F(RuleControlTest, RefusesOneRuleMoreThanTheLimit) {
  open(2);
  ASSERT_TRUE(create(make_rule("a")));
  ASSERT_TRUE(create(make_rule("b")));
  EXPECT_EQ(create(make_rule("c")).error().kind, RefusalKind::LimitReached);
  EXPECT_EQ(create(make_rule("b"))->what, What::Unchanged);
  ASSERT_TRUE(control_->remove("a", {}, at(kStart)));
  EXPECT_TRUE(create(make_rule("c")));
}

TEST_F(RuleControlTest, RefusesATextLongerThanTheLimitAndKeepsWhatIsStored) {
  const std::string text = "span.duration > 1s";
  const std::string longer = text + " -- so it is";
  ASSERT_TRUE(create(make_rule("before", longer)));
  rule_bytes_max_ = text.size();
  open();
  EXPECT_TRUE(create(make_rule("a", text)));
  EXPECT_TRUE(create(make_rule("b", "span.duration >1s"))) << "a byte less";
  const auto refused = create(make_rule("c", text + " "));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, RefusalKind::InvalidExpression);
  EXPECT_EQ(refused.error().diagnostic->message, "the rule is longer than 18 bytes");
  EXPECT_EQ(control_->rules()->find("before")->state(false), RuleState::Active);
  EXPECT_TRUE(set_severity("before", model::Severity::High)) << "its text is not new";
  const auto edited = control_->update(
      "a",
      [&](model::Rule rule) -> Outcome<model::Rule> {
        rule.expression = longer;
        return rule;
      },
      {}, at(kStart));
  EXPECT_FALSE(edited);
}

TEST_F(RuleControlTest, AnUpdateRaisesTheRevisionAndKeepsTheCreation) {
  ASSERT_TRUE(create(make_rule("a")));
  const auto result = set_severity("a", model::Severity::High);
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->rule.revision, 2u);
  EXPECT_EQ((*result)->rule.created_at, kStart);
  EXPECT_EQ((*result)->rule.updated_at, kStart + kSecond);
  EXPECT_EQ(changes(), (Ids{"create a", "update a"}));
  EXPECT_EQ(records_[1].previous_revision, 1u);
  EXPECT_EQ(records_[1].previous_sha256, records_[0].sha256);
}

TEST_F(RuleControlTest, AnUpdateToEqualContentWritesNothing) {
  ASSERT_TRUE(create(make_rule("a")));
  const auto result = set_severity("a", model::Severity::Medium);
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->rule.revision, 1u);
  EXPECT_EQ(changes(), Ids{"create a"});
}

TEST_F(RuleControlTest, AnInvalidUpdateLeavesTheOldRuleActive) {
  ASSERT_TRUE(create(make_rule("a")));
  const auto result = control_->update(
      "a", [](const model::Rule&) -> Outcome<model::Rule> { return make_rule("a", "nonsense("); },
      {}, at(kStart));
  ASSERT_FALSE(result);
  EXPECT_EQ(active_.current()->find("a")->rule.expression, "span.duration > 1s");
}

TEST_F(RuleControlTest, APreconditionNamesTheVersionThatIsThere) {
  ASSERT_TRUE(create(make_rule("a")));
  const std::string etag = control_->rules()->find("a")->etag;
  const auto refused = set_severity("a", model::Severity::Low, Precondition{Ids{"\"1-other\""}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, RefusalKind::PreconditionFailed);
  EXPECT_EQ(refused.error().existing->etag, etag);
  EXPECT_FALSE(set_severity("a", model::Severity::Low, Precondition{Ids{"W/" + etag}}));
  EXPECT_TRUE(set_severity("a", model::Severity::Low, Precondition{Ids{"\"x\"", etag}}));
  EXPECT_FALSE(control_->remove("a", Precondition{Ids{etag}}, at(kStart)));
  EXPECT_TRUE(control_->remove("a", Precondition{Ids{"*"}}, at(kStart)));
}

TEST_F(RuleControlTest, DisablingIsRecordedAsSuchAndSilencesTheRule) {
  ASSERT_TRUE(create(make_rule("a")));
  const auto result = control_->update(
      "a",
      [](const model::Rule& stored) -> Outcome<model::Rule> {
        model::Rule edited = stored;
        edited.enabled = false;
        return edited;
      },
      {}, at(kStart));
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->state(), RuleState::Disabled);
  EXPECT_EQ(changes(), (Ids{"create a", "disable a"}));
  EXPECT_TRUE(active_ids().empty());
}

TEST_F(RuleControlTest, ADeletedRuleComesBackWithItsNextRevision) {
  ASSERT_TRUE(create(make_rule("a")));
  ASSERT_TRUE(control_->remove("a", {}, at(kStart)));
  EXPECT_EQ(control_->remove("a", {}, at(kStart)).error().kind, RefusalKind::RuleNotFound);
  EXPECT_TRUE(active_ids().empty());
  const auto restored = control_->undelete("a", at(kStart + kSecond));
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ((*restored)->rule.revision, 2u);
  EXPECT_EQ((*restored)->rule.created_at, kStart);
  EXPECT_EQ(changes(), (Ids{"create a", "delete a", "undelete a"}));
  EXPECT_EQ(active_ids(), Ids{"a"});
  EXPECT_EQ(control_->undelete("a", at(kStart)).error().kind, RefusalKind::RuleExists);
  EXPECT_EQ(control_->undelete("b", at(kStart)).error().kind, RefusalKind::RuleNotFound);
}

TEST_F(RuleControlTest, ADeletedRuleOfItsAgeIsGoneFromTheDiskAndAYoungerOneStays) {
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(create(make_rule(id)));
  ASSERT_TRUE(control_->remove("a", {}, at(kStart)));
  ASSERT_TRUE(control_->remove("b", {}, at(kStart + 1)));
  now_ = kStart + kSecond - 1;
  EXPECT_EQ(store_->clean_up(std::chrono::seconds(1)), 0u);
  now_ = kStart + kSecond;
  EXPECT_EQ(store_->clean_up(std::chrono::seconds(1)), 1u);
  EXPECT_EQ(control_->undelete("a", at(kStart + kSecond)).error().kind, RefusalKind::RuleNotFound);
  EXPECT_TRUE(control_->undelete("b", at(kStart + kSecond)));
  EXPECT_EQ(active_ids(), (Ids{"b", "c"}));
}

TEST_F(RuleControlTest, AChangeOfARuleWaitsForTwoSyncsOfItsFolderAndAReadForNone) {
  ASSERT_TRUE(create(make_rule("a")));  // the folder of the lock is made
  int before = disk_.syncs();
  ASSERT_TRUE(create(make_rule("b")));
  EXPECT_EQ(disk_.syncs() - before, 2);  // the file and the directory; the log adds one of its own
  before = disk_.syncs();
  ASSERT_TRUE(set_severity("b", model::Severity::Low));
  EXPECT_EQ(disk_.syncs() - before, 2);
  before = disk_.syncs();
  ASSERT_TRUE(control_->remove("b", {}, at(kStart)));
  EXPECT_EQ(disk_.syncs() - before, 2);
  before = disk_.syncs();
  static_cast<void>(control_->refresh(kStart));
  EXPECT_EQ(disk_.syncs(), before);
}

TEST_F(RuleControlTest, EverythingIsTheSameAfterARestart) {
  ASSERT_TRUE(create(make_rule("a")));
  model::Rule disabled = make_rule("b");
  disabled.enabled = false;
  ASSERT_TRUE(create(disabled));
  const std::string version = control_->rules()->version;
  open();
  EXPECT_EQ(control_->rules()->version, version);
  EXPECT_EQ(loaded_ids(), (Ids{"a", "b"}));
  EXPECT_EQ(active_ids(), Ids{"a"});
  EXPECT_EQ(changes(), (Ids{"create a", "create b"}));
}

TEST_F(RuleControlTest, WhatWasChangedWhileNobodyLookedIsRecordedAtStart) {
  ASSERT_TRUE(create(make_rule("a")));
  ASSERT_TRUE(create(make_rule("b")));
  control_.reset();
  std::filesystem::remove(directory_.file("a.json"));
  directory_.write("c.json", R"({"id":"c","name":"c","expression":"true"})");
  open();
  EXPECT_EQ(loaded_ids(), (Ids{"b", "c"}));
  EXPECT_EQ(changes(), (Ids{"create a", "create b", "create c", "delete a"}));
  EXPECT_EQ(records_[2].actor, "out_of_band");
  EXPECT_EQ(records_[2].source, "directory");
  EXPECT_EQ(records_[3].actor, "out_of_band");
}

TEST_F(RuleControlTest, TakesUpFilesThatAppearInTheDirectory) {
  directory_.write("hand.json", R"({"id":"hand","name":"hand","expression":"true"})");
  ASSERT_TRUE(control_->refresh(kStart));
  EXPECT_EQ(active_ids(), Ids{"hand"});
  EXPECT_EQ(changes(), Ids{"create hand"});
  EXPECT_EQ(records_[0].actor, "out_of_band");
  ASSERT_TRUE(control_->refresh(kStart));
  EXPECT_EQ(changes(), Ids{"create hand"});
}

TEST_F(RuleControlTest, AStoredRuleThatDoesNotCompileIsShownAndSilent) {
  directory_.write("bad.json", R"({"id":"bad","name":"bad","expression":"span.duration >"})");
  directory_.write("good.json", R"({"id":"good","name":"good","expression":"true"})");
  open();
  const auto bad = control_->rules()->find("bad");
  ASSERT_NE(bad, nullptr);
  EXPECT_EQ(bad->state(), RuleState::Invalid);
  EXPECT_FALSE(bad->rule.enabled);
  EXPECT_NE(bad->problem.find("line 1"), std::string::npos);
  EXPECT_EQ(active_ids(), Ids{"good"});
  EXPECT_EQ(control_->rules()->invalid_count(), 1u);
}

TEST_F(RuleControlTest, ABackupOfAnInvalidRuleIsEqualToIt) {
  directory_.write("bad.json", R"({"id":"bad","name":"bad","expression":"span.duration >"})");
  open();
  EXPECT_EQ(create(control_->rules()->find("bad")->rule)->what, What::Unchanged);
  EXPECT_EQ(create(make_rule("bad", "true"), OnConflict::Replace)->what, What::Replaced);
  EXPECT_EQ(active_ids(), Ids{"bad"});
}

TEST_F(RuleControlTest, ARuleOfAYamlFileIsReadOnly) {
  directory_.write("team.yaml", "id: team\nname: team\nexpression: \"true\"\n");
  open();
  const auto result = set_severity("team", model::Severity::High);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, RefusalKind::ReadOnly);
  EXPECT_EQ(result.error().existing->stored->file, "team.yaml");
  EXPECT_EQ(control_->remove("team", {}, at(kStart)).error().kind, RefusalKind::ReadOnly);
  EXPECT_EQ(create(make_rule("team", "true"))->what, What::Unchanged);
  EXPECT_EQ(create(make_rule("team", "false"), OnConflict::Replace).error().kind,
            RefusalKind::ReadOnly);
  EXPECT_EQ(changes(), Ids{"create team"});
}

TEST_F(RuleControlTest, AFullDiskChangesNothingAndEqualRulesStillPass) {
  ASSERT_TRUE(create(make_rule("a")));
  disk_.fail_at(0, ENOSPC, true);
  const auto refused = create(make_rule("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, RefusalKind::StorageUnavailable);
  EXPECT_EQ(set_severity("a", model::Severity::Low).error().kind, RefusalKind::StorageUnavailable);
  EXPECT_EQ(create(make_rule("a"))->what, What::Unchanged);
  EXPECT_EQ(loaded_ids(), Ids{"a"});
  EXPECT_EQ(changes(), Ids{"create a"});
  disk_.heal();
  ASSERT_TRUE(store_->probe());
  EXPECT_TRUE(create(make_rule("b")));
}

// Every call of a change fails once, alone and with all later ones.
TEST_F(RuleControlTest, WhateverCallFailsMemoryIsEqualToTheDisk) {
  ASSERT_TRUE(create(make_rule("a")));
  int uncertain = 0;
  for (const bool and_all_later : {false, true}) {
    for (int call = 0;; ++call) {
      const std::string id = "b" + std::to_string(call) + (and_all_later ? "-later" : "");
      disk_.fail_at(call, EIO, and_all_later);
      const auto result = create(make_rule(id));
      const bool has_failed = disk_.has_failed();
      disk_.heal();
      if (!has_failed) break;
      ASSERT_LT(call, 100);
      if (!result && result.error().kind == RefusalKind::StorageUncertain) uncertain += 1;
      const Ids in_memory = loaded_ids();
      const Ids in_force = active_ids();
      open();
      EXPECT_EQ(loaded_ids(), in_memory) << "call " << call;
      EXPECT_EQ(active_ids(), in_force) << "call " << call;
      EXPECT_TRUE(!result || control_->rules()->find(id) != nullptr) << "call " << call;
    }
  }
  EXPECT_GT(uncertain, 0);
}

TEST_F(RuleControlTest, AChangeThatCannotBeRecordedIsTakenBack) {
  ASSERT_TRUE(create(make_rule("a")));
  log_fails_ = true;
  const auto refused = create(make_rule("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, RefusalKind::StorageUnavailable);
  EXPECT_EQ(set_severity("a", model::Severity::Low).error().kind, RefusalKind::StorageUnavailable);
  EXPECT_FALSE(control_->remove("a", {}, at(kStart)));
  EXPECT_EQ(loaded_ids(), Ids{"a"});
  EXPECT_EQ(active_ids(), Ids{"a"});
  log_fails_ = false;
  open();
  EXPECT_EQ(loaded_ids(), Ids{"a"});
  EXPECT_EQ(control_->rules()->find("a")->rule.revision, 1u);
  EXPECT_EQ(changes(), Ids{"create a"});
}

TEST_F(RuleControlTest, FoundChangesThatCannotBeRecordedAreRecordedLater) {
  log_fails_ = true;
  directory_.write("hand.json", R"({"id":"hand","name":"hand","expression":"true"})");
  EXPECT_FALSE(control_->refresh(kStart));
  EXPECT_EQ(active_ids(), Ids{"hand"});
  log_fails_ = false;
  ASSERT_TRUE(create(make_rule("a")));
  EXPECT_EQ(changes(), (Ids{"create hand", "create a"}));
}

TEST_F(RuleControlTest, TheVersionOfTheListTellsEveryChange) {
  const std::string empty = control_->rules()->version;
  ASSERT_TRUE(create(make_rule("a")));
  const std::string one = control_->rules()->version;
  EXPECT_NE(one, empty);
  ASSERT_TRUE(set_severity("a", model::Severity::Low));
  EXPECT_NE(control_->rules()->version, one);
  ASSERT_TRUE(control_->remove("a", {}, at(kStart)));
  EXPECT_EQ(control_->rules()->version, empty);
}

TEST_F(RuleControlTest, EachRuleIsJudgedByOneGroupAndShownByAll) {
  Ids all;
  for (int i = 0; i < 20; ++i) {
    all.push_back("rule-" + std::to_string(100 + i));
    ASSERT_TRUE(create(make_rule(all.back())));
  }
  Ids judged;
  for (std::uint32_t index = 1; index <= 3; ++index) {
    open(1'000, RuleGroup{index, 3});
    EXPECT_EQ(loaded_ids(), all);
    EXPECT_LT(active_ids().size(), all.size());
    for (const std::string& id : active_ids()) judged.push_back(id);
  }
  std::ranges::sort(judged);
  EXPECT_EQ(judged, all);
  ASSERT_TRUE(create(make_rule("added")));
  EXPECT_EQ(std::ranges::count(active_ids(), "added"), RuleGroup({3, 3}).holds("added") ? 1 : 0);
}

}  // namespace
}  // namespace betrace::control
