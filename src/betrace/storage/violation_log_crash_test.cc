#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "betrace/storage/test_turns.h"

// Goal: a process that ends between any two changes of its files while one file of the log is
// followed by the next, sealed and removed loses nothing that was acknowledged, and the next start
// finds nothing damaged.
// Method: a child counts every call that changes a file, of SQLite too, and ends at one of them.
// BETRACE_CRASH_STEP=1 tries every call, else every 7th.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

constexpr int kCutOff = 7;

std::atomic<int> calls_left{-1};

void count_call() {
  if (calls_left.load() >= 0 && calls_left-- == 0) ::_exit(kCutOff);
}

ssize_t counted_pwrite(int file, const void* bytes, std::size_t count, off_t offset) {
  count_call();
  return ::pwrite(file, bytes, count, offset);
}

int counted_unlink(const char* path) {
  count_call();
  return ::unlink(path);
}

int counted_truncate(int file, off_t size) {
  count_call();
  return ::ftruncate(file, size);
}

class CountedFileSystem : public FileSystem {
 public:
  int open(int directory, const std::string& name, int flags, mode_t mode) override {
    count_call();
    return FileSystem::open(directory, name, flags, mode);
  }
  int rename(int directory, const std::string& from, const std::string& to) override {
    count_call();
    return FileSystem::rename(directory, from, to);
  }
  int unlink(int directory, const std::string& name) override {
    count_call();
    return FileSystem::unlink(directory, name);
  }
  int change_mode(int directory, const std::string& name, mode_t mode) override {
    count_call();
    return FileSystem::change_mode(directory, name, mode);
  }
};

class ViolationLogCrashTest : public TestTurns {
 protected:
  // In a process of its own: two files, of which the first is removed. Ends at the call `number`.
  // Returns what was acknowledged: `a` the first ten violations, `b` the next ten.
  std::string run_child(int number, int* exit_code) {
    int channel[2];
    if (::pipe(channel) != 0) return "";
    const pid_t child = ::fork();
    if (child == 0) {
      work(number, channel[1]);
      ::_exit(0);
    }
    ::close(channel[1]);
    std::string told;
    char part = 0;
    while (::read(channel[0], &part, 1) == 1) told += part;
    ::close(channel[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return told;
  }

  void work(int number, int channel) {
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    const auto replace = [vfs](const char* name, auto* call) {
      vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(call));
    };
    replace("pwrite", &counted_pwrite);
    replace("pwrite64", &counted_pwrite);
    replace("unlink", &counted_unlink);
    replace("ftruncate", &counted_truncate);
    CountedFileSystem files;
    options_.files = &files;
    record(0, 10);
    if (::write(channel, "a", 1) != 1) ::_exit(1);
    calls_left = number;
    rotate();
    record(10, 20);
    if (::write(channel, "b", 1) != 1) ::_exit(1);
    advance(options_.age_max);
    turns(3);
    stop();
  }
};

TEST_F(ViolationLogCrashTest, LosesNothingAndLeavesNothingDamaged) {
  const char* const step = std::getenv("BETRACE_CRASH_STEP");
  int exit_code = kCutOff;
  for (int call = 0; exit_code == kCutOff; call += step != nullptr ? std::atoi(step) : 7) {
    std::filesystem::remove_all(path(""));
    elapsed_ = 0;
    options_.files = nullptr;
    const std::string told = run_child(call, &exit_code);
    ASSERT_TRUE(exit_code == kCutOff || exit_code == 0) << call << ": " << exit_code;
    advance(options_.generation_age_max / 2);
    turns(2);
    EXPECT_TRUE(set_aside().empty()) << call;
    if (told.size() == 1) {
      for (std::uint64_t i = 0; i < 10; ++i) EXPECT_TRUE(has(i)) << call;
    }
    if (told.size() == 2) {
      for (std::uint64_t i = 10; i < 20; ++i) EXPECT_TRUE(has(i)) << call;
      EXPECT_EQ(has_file(name(1)), has(0)) << call << ": gone as a whole";
    }
    for (int generation = 1; generation < 6; ++generation) {
      if (!has_file(name(generation))) continue;
      EXPECT_EQ(gaps(generation, "corrupt"), 0) << call;
      EXPECT_EQ(gaps(generation, "wal_missing"), 0) << call;
    }
    stop();
  }
}

}  // namespace
}  // namespace betrace::storage
