// Goal: records of any type are found by time, in order, a page at a time, each exactly once.
// Method: a real log over several generations, read by its owner and beside it.

#include "betrace/storage/record_query.h"

#include <gtest/gtest.h>

#include "betrace/storage/log_archive.h"
#include "betrace/storage/test_log.h"

namespace betrace::storage {
namespace {

class RecordQueryTest : public TestLog {
 protected:
  RecordQueryTest() {
    options_.clock = [] { return Now{MonotonicTime(), kTestTime}; };
  }

  void state(UnixNanos time, int number) {
    ASSERT_TRUE(log().record_statement(LogRecordType::Coverage, {{"number", number}}, time));
    ASSERT_TRUE(log().flush(std::chrono::seconds(60)).has_value());
  }
  // What the pages of a query hold together, each of them at most `limit`.
  template <typename Log>
  static std::vector<std::uint64_t> all(const Log& ask, RecordQuery query) {
    std::vector<std::uint64_t> sequences;
    do {
      const auto page = ask(query);
      EXPECT_TRUE(page.has_value());
      if (!page) break;
      EXPECT_LE(page->records.size(), query.limit);
      for (const StoredRecord& record : page->records) sequences.push_back(record.sequence);
      query.cursor = page->next_cursor;
    } while (!query.cursor.empty());
    return sequences;
  }
  auto ask() {
    return [this](const RecordQuery& query) { return log().records(query); };
  }
};

TEST_F(RecordQueryTest, GivesEachRecordOnceInBothDirections) {
  for (int i = 0; i < 10; ++i) state(kTestTime + static_cast<UnixNanos>(i / 3), i);  // equal times
  for (const std::size_t limit : {1U, 3U, 100U}) {
    RecordQuery query;
    query.types = {LogRecordType::Coverage};
    query.limit = limit;
    std::vector<std::uint64_t> newest_first = all(ask(), query);
    ASSERT_EQ(newest_first.size(), 10U);
    EXPECT_TRUE(std::ranges::is_sorted(newest_first, std::greater<>()));
    query.is_newest_first = false;
    std::vector<std::uint64_t> oldest_first = all(ask(), query);
    std::ranges::reverse(newest_first);
    EXPECT_EQ(oldest_first, newest_first);
  }
}

TEST_F(RecordQueryTest, KeepsToTimesAndTypes) {
  record(0, 3);
  for (int i = 0; i < 5; ++i) state(kTestTime + 100 + static_cast<UnixNanos>(i), i);
  RecordQuery query;
  query.start_time = kTestTime + 101;
  query.end_time = kTestTime + 103;
  EXPECT_EQ(all(ask(), query).size(), 2U);
  query.types = {LogRecordType::Violation};
  EXPECT_TRUE(all(ask(), query).empty());
  query = {};
  query.types = {LogRecordType::Violation, LogRecordType::Start};
  EXPECT_EQ(all(ask(), query).size(), 4U);
}

TEST_F(RecordQueryTest, MergesAllGenerations) {
  for (int i = 0; i < 3; ++i) state(kTestTime + static_cast<UnixNanos>(i), i);
  stop();
  run(1, "PRAGMA user_version = 101");  // a newer version made it: another one follows
  for (int i = 3; i < 6; ++i) state(kTestTime + static_cast<UnixNanos>(i), i);
  ASSERT_TRUE(has_file(name(2)));
  RecordQuery query;
  query.types = {LogRecordType::Coverage};
  query.limit = 2;
  query.is_newest_first = false;
  const std::vector<std::uint64_t> sequences = all(ask(), query);
  EXPECT_EQ(sequences.size(), 6U);
  EXPECT_TRUE(std::ranges::is_sorted(sequences));
  const auto archive = open_log_archive(options_.path).value();
  const auto read = [&archive](const RecordQuery& asked) { return archive->records(asked); };
  EXPECT_EQ(all(read, query), sequences);
}

TEST_F(RecordQueryTest, RefusesACursorThatIsNoneOfOurs) {
  RecordQuery query;
  query.cursor = "x";
  const auto page = log().records(query);
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().code, ErrorCode::InvalidArgument);
}

TEST_F(RecordQueryTest, CountsWhatWasAppendedByType) {
  record(0, 3);
  record(2, 4);  // one is a repeat
  state(kTestTime, 0);
  const auto counts = log().status().records_by_type;
  EXPECT_EQ(counts[static_cast<std::size_t>(LogRecordType::Start)], 1U);
  EXPECT_EQ(counts[static_cast<std::size_t>(LogRecordType::Violation)], 4U);
  EXPECT_EQ(counts[static_cast<std::size_t>(LogRecordType::Coverage)], 1U);
}

TEST_F(RecordQueryTest, AnArchiveIsReadBesideItsOwner) {
  record(0, 3);
  state(kTestTime + 50, 0);
  const auto archive = open_log_archive(options_.path);
  ASSERT_TRUE(archive.has_value()) << archive.error().message;
  const auto read = [&archive](const RecordQuery& query) { return (*archive)->records(query); };
  EXPECT_EQ(all(read, {}), all(ask(), {}));
  stop();
  EXPECT_FALSE(open_log_archive(directory_.file("nothing")).has_value());
}

}  // namespace
}  // namespace betrace::storage
