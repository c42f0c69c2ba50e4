#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <set>
#include <thread>

#include "betrace/storage/log_format.h"
#include "betrace/storage/test_log.h"

// Goal: while commits fail nothing is lost, doubled or acknowledged falsely, a handle that failed
// is not used again, and the log goes on by itself when the fault ends. Method: the calls that
// SQLite makes to write and to sync are replaced, and fail for files whose path holds a text.
// RLIMIT_FSIZE in a child shows one real fault.

namespace {

// What fails now; changed by the thread of the test, read by the log thread.
struct Fault {
  std::atomic<int> write_error{0};
  std::atomic<int> sync_error{0};
  std::atomic<int> failed{0};
  std::atomic<const char*> path{""};
  std::atomic<const char*> room{nullptr};  // the disk is full only while this file is there
} fault;

bool is_meant(int file) {
  char link[64];
  char target[512] = "";
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t size = ::readlink(link, target, sizeof(target) - 1);
  return size > 0 && std::string_view(target).find(fault.path.load()) != std::string_view::npos;
}

ssize_t faulty_pwrite(int file, const void* bytes, std::size_t count, off_t offset) {
  const char* const room = fault.room.load();
  const bool has_room = room != nullptr && ::access(room, F_OK) != 0;
  if (fault.write_error.load() != 0 && is_meant(file) && !has_room) {
    ++fault.failed;
    errno = fault.write_error.load();
    return -1;
  }
  return ::pwrite(file, bytes, count, offset);
}

}  // namespace

// In place of the one of the C library, for all of this program.
extern "C" [[gnu::visibility("default")]] int fdatasync(int file) {
  if (fault.sync_error.load() != 0 && is_meant(file)) {
    ++fault.failed;
    errno = fault.sync_error.load();
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

class ViolationLogFailureTest : public TestLog {
 protected:
  ViolationLogFailureTest() {
    for (const char* name : {"pwrite", "pwrite64"}) {
      vfs_->xSetSystemCall(vfs_, name, reinterpret_cast<sqlite3_syscall_ptr>(&faulty_pwrite));
    }
  }
  ~ViolationLogFailureTest() override {
    heal();
    log_.reset();
    vfs_->xSetSystemCall(vfs_, nullptr, nullptr);
  }

  static void fail_writes(const char* path, int error) {
    fault.failed = 0;
    fault.path = path;
    fault.write_error = error;
  }
  static void fail_syncs(const char* path) {
    fault.failed = 0;
    fault.path = path;
    fault.sync_error = EIO;
  }
  static void heal() {
    fault.write_error = 0;
    fault.sync_error = 0;
    fault.room = nullptr;
  }
  static void wait_until_failed(int times = 1) {
    while (fault.failed.load() < times) std::this_thread::yield();
  }

  // The violations are there once each, without a hole in their sequence.
  void expect_whole(std::uint64_t count) {
    EXPECT_EQ(total(), count);
    for (std::uint64_t i = 0; i < count; ++i) EXPECT_TRUE(has(i)) << i;
  }

  // Three violations from `first` on wait for a disk that takes nothing, then for one that does.
  void hold_back(std::uint64_t first, int error) {
    fail_writes("-wal", error);
    for (std::uint64_t i = first; i < first + 3; ++i) {
      log().record(first_record(test_violation(i)));
    }
    wait_until_failed(1);
    EXPECT_EQ(log().flush(0ms).error().code, ErrorCode::Unavailable);
    heal();
    ASSERT_TRUE(log().flush(60s).has_value());
    EXPECT_FALSE(log().status().is_failing);
  }

  sqlite3_vfs* vfs_ = sqlite3_vfs_find(nullptr);
};

TEST_F(ViolationLogFailureTest, AFullDiskKeepsWhatIsPendingAndGoesOnByItself) {
  record(0, 3);
  const std::uint64_t before = last_sequence();
  hold_back(3, ENOSPC);
  expect_whole(6);
  EXPECT_EQ(last_sequence(), before + 4) << "and one gap";
  EXPECT_EQ(gaps(1, "\"cause\":\"disk_full\""), 1);
  EXPECT_FALSE(has_file(name(2))) << "a full disk is no reason to leave a file";
}

// SQLite may not tell them from an I/O error, which is answered with a new file: as good.
TEST_F(ViolationLogFailureTest, AQuotaOrASizeLimitLosesNothingEither) {
  record(0, 3);
  hold_back(3, EDQUOT);
  expect_whole(6);
  hold_back(6, EFBIG);
  expect_whole(9);
}

TEST_F(ViolationLogFailureTest, WhoWaitsIsToldOfAFullDiskAndWhatTheyWantedIsNotCommittedLater) {
  log();
  fail_writes("-wal", ENOSPC);
  const auto refused = log().append_rule_change(test_rule_change(1));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::StorageFailed);
  EXPECT_EQ(log().append_rule_change(test_rule_change(2)).error().code, ErrorCode::StorageFailed);
  heal();
  record(0, 1);
  const auto accepted = log().append_rule_change(test_rule_change(3));
  ASSERT_TRUE(accepted.has_value()) << accepted.error().message;
  EXPECT_EQ(log().rule_history("rule", 10)->size(), 1u);
  EXPECT_EQ(log().recorded_rules()->at("rule").revision, 3u);
}

TEST_F(ViolationLogFailureTest, AnEndDoesNotWaitForRoomIfNothingIsPending) {
  log();
  fail_writes("-wal", ENOSPC);
  EXPECT_FALSE(log().append_rule_change(test_rule_change(1)).has_value());
  EXPECT_FALSE(log().stop(10s).has_value()) << "the stop record could not be written";
}

TEST_F(ViolationLogFailureTest, AnEndWithRecordsThatCannotBeWrittenSaysHowMany) {
  log();
  fail_writes("-wal", ENOSPC);
  for (std::uint64_t i = 0; i < 3; ++i) log().record(first_record(test_violation(i)));
  const auto stopped = log().stop(10ms);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().message, "3 records could not be committed in time");
}

TEST_F(ViolationLogFailureTest, AnEndIsOrderlyAlsoWhenAGapIsStillToBeTold) {
  log();
  fail_writes("-wal", ENOSPC);
  EXPECT_FALSE(log().append_rule_change(test_rule_change(1)).has_value());
  heal();
  stop();
  EXPECT_FALSE(log().status().started_after_crash);
  EXPECT_EQ(gaps(1, "\"cause\":\"disk_full\""), 1);
}

TEST_F(ViolationLogFailureTest, AnInputOutputErrorMovesTheGroupAndTheStateToTheNextGeneration) {
  ASSERT_TRUE(log().append_rule_change(test_rule_change(1)).has_value());
  record(0, 3);
  const std::uint64_t before = last_sequence();
  fail_writes("log-000001.db-wal", EIO);
  record(3, 6);
  EXPECT_EQ(log().status().reason, "");
  EXPECT_EQ(last_sequence(), before + 4) << "the same numbers, and a gap";
  EXPECT_EQ(ask(2, "SELECT first_seq FROM generation"), static_cast<std::int64_t>(before + 1));
  EXPECT_EQ(gaps(2, "\"cause\":\"io_error\""), 1);
  expect_whole(6);
  heal();
  stop();
  expect_whole(6);
  EXPECT_TRUE(set_aside().empty()) << "the chain goes over both files";
  EXPECT_EQ(log().recorded_rules()->at("rule").revision, 1u);
}

TEST_F(ViolationLogFailureTest, WhoWaitsIsNotToldOfAnErrorThatTheNextGenerationMendsAtOnce) {
  record(0, 1);
  fail_syncs("log-000001");
  const auto accepted = log().append_rule_change(test_rule_change(1));
  ASSERT_TRUE(accepted.has_value()) << accepted.error().message;
  EXPECT_TRUE(has_file(name(2)));
  EXPECT_EQ(log().rule_history("rule", 10)->size(), 1u) << "what the old file holds is not counted";
  heal();
  stop();
  EXPECT_EQ(log().rule_history("rule", 10)->size(), 1u);
}

TEST_F(ViolationLogFailureTest, AHandleThatFailedToSyncIsNotUsedAgain) {
  record(0, 1);
  fail_syncs("log-");  // of the next ones too
  for (std::uint64_t i = 1; i < 4; ++i) log().record(first_record(test_violation(i)));
  const auto refused = log().append_rule_change(test_rule_change(1));
  EXPECT_FALSE(refused.has_value());
  wait_until_failed(6);
  expect_whole(1);
  heal();
  ASSERT_TRUE(log().flush(60s).has_value());
  expect_whole(4);
  EXPECT_TRUE(log().rule_history("rule", 10)->empty());
  EXPECT_FALSE(has_file(name(3))) << "attempts do not heap up";
  stop();
  expect_whole(4);
}

TEST_F(ViolationLogFailureTest, AFailedHandleOfTheNextGenerationIsNotUsedAgainEither) {
  record(0, 1);
  fail_syncs("-wal");  // files are still made: that syncs the database
  log().record(first_record(test_violation(1)));
  wait_until_failed(4);
  heal();
  ASSERT_TRUE(log().flush(60s).has_value());
  expect_whole(2);
  stop();
  expect_whole(2);
  EXPECT_TRUE(set_aside().empty());
}

// Nothing but a checkpoint syncs while nothing is committed.
TEST_F(ViolationLogFailureTest, ACheckpointThatFailsEndsItsFileAndNotTheLog) {
  record(0, 1);
  fail_syncs("log-000001");
  wait_until_failed();
  heal();
  log().record(first_record(test_violation(1)));
  ASSERT_TRUE(log().flush(60s).has_value());
  expect_whole(2);
  EXPECT_TRUE(has_file(name(2)));
  stop();
  expect_whole(2);
}

TEST_F(ViolationLogFailureTest, AnOlderGenerationThatIsDamagedDoesNotStopTheLog) {
  record(0, 100);
  stop();
  std::filesystem::remove(path(name(1) + "-wal"));  // makes the next generation
  record(100, 101);
  stop();
  const std::int64_t page =
      ask(1, "SELECT rootpage FROM sqlite_schema WHERE name = 'record_violation'");
  std::string bytes = directory_.read("state/" + name(1));
  bytes.replace(static_cast<std::size_t>(page - 1) * 4'096, 4'096, 4'096, '\xFF');
  directory_.write("state/" + name(1), bytes);
  record(101, 102);
  EXPECT_TRUE(has(101));
  EXPECT_EQ(set_aside().size(), 1u);
  stop();
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
  EXPECT_EQ(total(), 2u);
}

TEST_F(ViolationLogFailureTest, ALimitOfTheFileSizeIsAFullDisk) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto log = ViolationLog::open(options_).value();
    const rlimit limit{150'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    for (std::uint64_t i = 0; i < 300; ++i) log->record(first_record(test_violation(i)));
    while (!log->status().is_failing) std::this_thread::yield();
    const bool is_told = !log->append_rule_change(test_rule_change(1)).has_value();
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &none);
    ::_exit(is_told && log->flush(60s).has_value() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  expect_whole(300);
  EXPECT_TRUE(log().rule_history("rule", 10)->empty());
  EXPECT_FALSE(has_file(name(2)));
  EXPECT_EQ(gaps(1, "\"cause\":\"disk_full\""), 1);
}

// The message of a start that finds no room; empty if there is none.
std::string start_without_room(const ViolationLogOptions& options) {
  int channel[2];
  if (::pipe(channel) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const auto opened = ViolationLog::open(options);
    const std::string told = opened ? "" : opened.error().message;
    const bool is_told =
        ::write(channel[1], told.data(), told.size()) == static_cast<ssize_t>(told.size());
    ::_exit(is_told ? 0 : 1);
  }
  ::close(channel[1]);
  std::string told;
  char part[512];
  for (ssize_t size = 0; (size = ::read(channel[0], part, sizeof(part))) > 0;) {
    told.append(part, static_cast<std::size_t>(size));
  }
  ::close(channel[0]);
  ::waitpid(child, nullptr, 0);
  return told;
}

TEST_F(ViolationLogFailureTest, AStartOnAFullDiskSaysWhatIsWrongAndWhere) {
  for (const bool is_new : {true, false}) {
    const std::string told = start_without_room(options_);
    EXPECT_NE(told.find("no room: the disk is full"), std::string::npos) << is_new << told;
    EXPECT_NE(told.find("state.path is " + options_.path), std::string::npos) << is_new << told;
    record(0, 3);
    stop();
  }
  EXPECT_EQ(total(), 3u);
  EXPECT_TRUE(set_aside().empty());
}

// A volume on which there is room for nothing new while it is full.
struct FullVolume : FileSystem {
  int allocate(int file, std::uint64_t bytes) override {
    return is_full.load() ? -ENOSPC : FileSystem::allocate(file, bytes);
  }
  std::atomic<bool> is_full{false};
};

TEST_F(ViolationLogFailureTest, AFullDiskIsToldWithTheHelpOfTheReserveWhichIsMadeAnewThen) {
  FullVolume files;
  options_.files = &files;
  options_.reserve_bytes = 64 * 1024;
  record(0, 3);
  ASSERT_EQ(std::filesystem::file_size(path("reserve")), 64u * 1024);
  const std::string reserve = path("reserve");
  fault.room = reserve.c_str();
  files.is_full = true;
  fail_writes("-wal", ENOSPC);
  record(3, 4);
  EXPECT_FALSE(has_file("reserve"));
  EXPECT_TRUE(log().status().is_failing);
  EXPECT_EQ(gaps(1, "\"cause\":\"disk_full\""), 1);
  log().record(first_record(test_violation(4)));
  EXPECT_FALSE(log().flush(20ms).has_value()) << "the rest of it is for the end";
  EXPECT_FALSE(log().append_rule_change(test_rule_change(1)).has_value());
  heal();
  files.is_full = false;
  ASSERT_TRUE(log().flush(60s).has_value());
  EXPECT_TRUE(has_file("reserve"));
  EXPECT_FALSE(log().status().is_failing);
  expect_whole(5);
  stop();
}

TEST_F(ViolationLogFailureTest, AnEndOnAFullDiskIsOrderly) {
  FullVolume files;
  options_.files = &files;
  options_.reserve_bytes = 64 * 1024;
  record(0, 3);
  const std::string reserve = path("reserve");
  fault.room = reserve.c_str();
  files.is_full = true;
  fail_writes("-wal", ENOSPC);
  record(3, 4);
  stop();
  heal();
  EXPECT_FALSE(log().status().started_after_crash);
  EXPECT_FALSE(has_file("reserve"));
  expect_whole(4);
  stop();
}

TEST_F(ViolationLogFailureTest, AForeignTransactionIsWaitedOut) {
  log();
  auto foreign = Database::open(path(name(1)), Database::Mode::ReadWrite).value();
  ASSERT_TRUE(foreign.exec("BEGIN IMMEDIATE").has_value());
  log().record(first_record(test_violation(0)));
  EXPECT_FALSE(log().flush(10ms).has_value());
  ASSERT_TRUE(foreign.exec("ROLLBACK").has_value());
  ASSERT_TRUE(log().flush(60s).has_value());
  expect_whole(1);
}

}  // namespace
}  // namespace betrace::storage
