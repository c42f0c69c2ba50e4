#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>

#include "betrace/storage/log_generation.h"
#include "betrace/storage/log_keys.h"
#include "betrace/storage/test_log.h"

// Goal: a start costs the same for a log of any size: with 1,000,000 records at most a second.
// Method: a log of many small records is made without the queue, and opened. 30,000 records, or
// BETRACE_LOG_RECORDS. Processor time is asserted, since others share the machine; both are told.

namespace betrace::storage {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kProcessorTimeMax = 1'000;  // milliseconds

// Of this process until now, in milliseconds.
long processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) { return time.tv_sec * 1'000 + time.tv_usec / 1'000; };
  return of(used.ru_utime) + of(used.ru_stime);
}

class NoHistory : public ViolationHistory {
  Result<std::uint64_t> find_older(const ViolationIdBytes& /*id*/) override { return 0; }
  bool was_repeat(const ViolationIdBytes& /*id*/) const override { return false; }
};

class ViolationLogSizeTest : public TestLog {
 protected:
  void write(std::uint64_t count) {
    log();
    stop();
    auto generation = LogGeneration::open(path(name(1)), {}).value();
    const auto keys = LogKeys::open(real_file_system(), options_.path, "").value();
    NoHistory history;
    for (std::uint64_t first = 0; first < count; first += 4'096) {
      std::vector<LogRecord> records;
      for (std::uint64_t i = first; i < std::min(first + 4'096, count); ++i) {
        records.push_back(make_violation_record(first_record(test_violation(i)), "log", ""));
      }
      std::vector<const LogRecord*> group;
      for (const LogRecord& record : records) group.push_back(&record);
      ASSERT_TRUE(generation->append(group, kTestTime, history, {keys.active()}).has_value());
      ASSERT_TRUE(generation->checkpoint().has_value());
    }
  }
};

TEST_F(ViolationLogSizeTest, OpensWithinASecond) {
  const char* const given = std::getenv("BETRACE_LOG_RECORDS");
  const std::uint64_t count = given != nullptr ? std::strtoull(given, nullptr, 10) : 30'000;
  write(count);
  const auto started = Clock::now();
  const long used = processor_time();
  log();
  const long processor = processor_time() - used;
  const auto opened = Clock::now() - started;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(opened).count();
  RecordProperty("open_milliseconds", static_cast<int>(milliseconds));
  std::printf("%llu records: opened in %lld ms, %ld ms of them on a processor\n",
              static_cast<unsigned long long>(count), static_cast<long long>(milliseconds),
              processor);
  EXPECT_LE(processor, kProcessorTimeMax);
  EXPECT_EQ(log().query({}).value().total, count);
}

}  // namespace
}  // namespace betrace::storage
