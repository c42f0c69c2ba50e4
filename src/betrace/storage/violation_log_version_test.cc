#include <gtest/gtest.h>

#include "betrace/storage/test_log.h"

// Goal: a log of another version is read as far as it may be, and never appended to.

namespace betrace::storage {
namespace {

class ViolationLogVersionTest : public TestLog {};

TEST_F(ViolationLogVersionTest, ANewerMajorFormatIsRefusedAndNotTouched) {
  write_five();
  run(1, "PRAGMA user_version=200");
  run(1, "PRAGMA wal_checkpoint(TRUNCATE)");
  run(1, "PRAGMA journal_mode=DELETE");
  const std::string bytes = directory_.read("state/" + name(1));
  const auto opened = ViolationLog::open(options_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
  EXPECT_TRUE(directory_.read("state/" + name(1)) == bytes);
  EXPECT_FALSE(has_file(name(2)));
}

TEST_F(ViolationLogVersionTest, ANewerMinorFormatIsReadAndNotAppendedTo) {
  const std::uint64_t last = write_five();
  run(1, "ALTER TABLE record ADD COLUMN later TEXT; PRAGMA user_version=101");
  EXPECT_EQ(last_sequence(), last + 1) << "start";
  EXPECT_EQ(total(), 5u);
  EXPECT_TRUE(has_file(name(2)));
  EXPECT_EQ(ask(1, "SELECT max(seq) FROM record"), static_cast<std::int64_t>(last));
}

TEST_F(ViolationLogVersionTest, AnotherSchemaOrVersionIsDamage) {
  const char* const kChanges[] = {"CREATE TABLE other (a)", "DROP TRIGGER record_kept",
                                  "DROP INDEX record_time", "PRAGMA user_version=7",
                                  "PRAGMA application_id=7"};
  int generation = 1;
  for (const char* change : kChanges) {
    log();
    stop();
    run(generation++, change);
    EXPECT_EQ(log().status().quarantined, static_cast<std::size_t>(generation - 1)) << change;
    stop();
  }
}

}  // namespace
}  // namespace betrace::storage
