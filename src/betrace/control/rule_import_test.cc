// Goal: an import does what its options say, all of it or nothing, and reports every entry.

#include "betrace/control/rule_import.h"

#include "betrace/control/test_rule_control.h"

namespace betrace::control {
namespace {

class RuleImportTest : public RuleControlTest {
 protected:
  static std::vector<ImportEntry> entries(const std::vector<model::Rule>& rules) {
    std::vector<ImportEntry> list;
    for (const model::Rule& rule : rules) list.push_back({list.size(), rule.id, rule});
    return list;
  }

  ImportReport import(const std::vector<model::Rule>& rules, const ImportOptions& options) {
    return control_->import(entries(rules), options, at(kStart)).value();
  }
};

TEST_F(RuleImportTest, StoresAllInOneGo) {
  const ImportReport report = import({make_rule("a"), make_rule("b")}, {});
  EXPECT_EQ(report.total, 2u);
  EXPECT_EQ(report.created, 2u);
  EXPECT_EQ(report.imported, (Ids{"a", "b"}));
  EXPECT_TRUE(report.is_applied);
  EXPECT_EQ(active_ids(), (Ids{"a", "b"}));
  EXPECT_EQ(changes(), (Ids{"create a", "create b"}));
}

TEST_F(RuleImportTest, AnAtomicImportWithOneBadRuleChangesNothing) {
  const ImportReport report = import({make_rule("a"), make_rule("b", "nonsense(")}, {});
  EXPECT_FALSE(report.is_applied);
  EXPECT_EQ(report.succeeded(), 0u);
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors[0].index, 1u);
  EXPECT_EQ(report.errors[0].rule_id, "b");
  EXPECT_EQ(report.errors[0].refusal.kind, RefusalKind::InvalidExpression);
  EXPECT_TRUE(loaded_ids().empty());
  EXPECT_TRUE(changes().empty());
}

TEST_F(RuleImportTest, WithoutAtomicTheGoodRulesAreStored) {
  ImportOptions options;
  options.is_atomic = false;
  const ImportReport report =
      import({make_rule("a"), make_rule("b", "nonsense("), make_rule("c")}, options);
  EXPECT_TRUE(report.is_applied);
  EXPECT_EQ(report.created, 2u);
  EXPECT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(loaded_ids(), (Ids{"a", "c"}));
}

TEST_F(RuleImportTest, TellsUnchangedReplacedAndSkippedRules) {
  ASSERT_TRUE(create(make_rule("a")));
  ASSERT_TRUE(create(make_rule("b")));
  const std::vector<model::Rule> rules = {make_rule("a"), make_rule("b", "true")};
  EXPECT_EQ(import(rules, {}).errors.at(0).refusal.kind, RefusalKind::RuleExists);

  ImportOptions options;
  options.on_conflict = OnConflict::Skip;
  const ImportReport skipped = import(rules, options);
  EXPECT_EQ(skipped.unchanged, 1u);
  EXPECT_EQ(skipped.skipped, 1u);
  EXPECT_EQ(skipped.imported, Ids{"a"});

  options.on_conflict = OnConflict::Replace;
  const ImportReport replaced = import(rules, options);
  EXPECT_EQ(replaced.unchanged, 1u);
  EXPECT_EQ(replaced.updated, 1u);
  EXPECT_EQ(control_->rules()->find("b")->rule.revision, 2u);
}

TEST_F(RuleImportTest, PruningMakesTheStoreEqualToTheBody) {
  ASSERT_TRUE(create(make_rule("a")));
  ASSERT_TRUE(create(make_rule("b")));
  ImportOptions options;
  options.prune = true;
  const ImportReport report = import({make_rule("b"), make_rule("c")}, options);
  EXPECT_EQ(report.deleted, 1u);
  EXPECT_EQ(loaded_ids(), (Ids{"b", "c"}));
  EXPECT_EQ(changes(), (Ids{"create a", "create b", "create c", "delete a"}));
}

TEST_F(RuleImportTest, PruningMakesRoomUnderTheLimit) {
  open(2);
  ASSERT_TRUE(create(make_rule("a")));
  ASSERT_TRUE(create(make_rule("b")));
  EXPECT_EQ(import({make_rule("c")}, {}).errors.at(0).refusal.kind, RefusalKind::LimitReached);
  ImportOptions options;
  options.prune = true;
  EXPECT_TRUE(import({make_rule("c"), make_rule("d")}, options).is_applied);
  EXPECT_EQ(loaded_ids(), (Ids{"c", "d"}));
}

TEST_F(RuleImportTest, PruningStopsAtRulesThatAreNotWrittenHere) {
  directory_.write("team.yaml", "id: team\nname: team\nexpression: \"true\"\n");
  open();
  ImportOptions options;
  options.prune = true;
  const ImportReport report = import({make_rule("a")}, options);
  EXPECT_FALSE(report.is_applied);
  EXPECT_EQ(report.errors.at(0).refusal.kind, RefusalKind::ReadOnly);
  EXPECT_EQ(report.errors.at(0).index, std::nullopt);
  EXPECT_EQ(loaded_ids(), Ids{"team"});
}

TEST_F(RuleImportTest, ADryRunSaysWhatWouldHappenAndChangesNothing) {
  ASSERT_TRUE(create(make_rule("a")));
  ImportOptions options;
  options.prune = options.dry_run = true;
  const ImportReport report = import({make_rule("b")}, options);
  EXPECT_TRUE(report.dry_run);
  EXPECT_EQ(report.created, 1u);
  EXPECT_EQ(report.deleted, 1u);
  EXPECT_EQ(loaded_ids(), Ids{"a"});
}

TEST_F(RuleImportTest, AFullDiskRefusesTheWholeImport) {
  disk_.fail_at(0, ENOSPC, true);
  const auto result = control_->import(entries({make_rule("a"), make_rule("b")}), {}, at(kStart));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, RefusalKind::StorageUnavailable);
  EXPECT_TRUE(loaded_ids().empty());
}

}  // namespace
}  // namespace betrace::control
