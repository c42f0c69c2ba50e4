#include "betrace/storage/log_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>

#include "betrace/base/version.h"
#include "betrace/storage/durable_file.h"
#include "betrace/storage/file_lock.h"

namespace betrace::storage {
namespace {

constexpr const char* kLockName = "LOCK";
constexpr std::size_t kOwnerBytesMax = 1'024;
constexpr std::string_view kCorruptMark = ".corrupt-";

std::string new_log_id(const ViolationLogOptions& options) {
  return fmt::format("betrace/{}/{}/{:08x}", options.environment, options.replica,
                     std::random_device()());
}

// NFS, SMB and FUSE: write-ahead logs need shared memory of one host.
bool is_network_file_system(int directory) {
  constexpr std::array<std::uint64_t, 4> kNetworkTypes = {0x6969, 0x517B, 0xFF534D42, 0xFE534D42};
  struct statfs found {};
  if (fstatfs(directory, &found) != 0) return false;
  const auto type = static_cast<std::uint64_t>(found.f_type) & 0xFFFFFFFF;
  return std::ranges::find(kNetworkTypes, type) != kNetworkTypes.end();
}

// `20261125T101500Z`
std::string compact_time(UnixNanos now) {
  std::string text = format_rfc3339(now, 0);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace

std::string LogDirectory::path_of(std::uint64_t number) const {
  return path_ + "/" + generation_file_name(number);
}

Result<std::unique_ptr<LogDirectory>> LogDirectory::open(const ViolationLogOptions& options) {
  std::unique_ptr<LogDirectory> directory(new LogDirectory());
  const UnixNanos now = options.clock().wall;
  directory->path_ = options.path;
  directory->new_log_id_ = new_log_id(options);
  if (auto done = directory->lock(options.path, now); !done) return fail(done.error());
  if (auto done = directory->list(); !done) return fail(done.error());
  if (auto done = directory->open_newest(now); !done) return fail(done.error());
  return directory;
}

Result<void> LogDirectory::lock(const std::string& path, UnixNanos now) {
  const int made = files_.make_directory(path, 0700);
  const int number = files_.open_directory(path);
  if (number < 0) {
    const int reason = made < 0 && made != -EEXIST ? made : number;
    return fail(ErrorCode::StorageFailed,
                fmt::format("state.path: {} cannot be used: {}", path, errno_text(-reason)));
  }
  directory_ = FileHandle(files_, number);
  is_on_network_ = is_network_file_system(number);
  auto taken = take_lock(files_, number, kLockName, std::chrono::milliseconds(0));
  if (!taken && taken.error().code == ErrorCode::Unavailable) {
    const auto owner = read_file(files_, number, kLockName, kOwnerBytesMax, Links::Refuse);
    return fail(ErrorCode::FailedPrecondition,
                fmt::format("state directory {} is in use by {}; give this process another "
                            "one with BETRACE_STATE_PATH",
                            path, owner && !owner->empty() ? *owner : "another process"));
  }
  if (!taken) return fail(taken.error());
  lock_ = std::move(*taken);
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string owner = fmt::format("process {} on {} (betrace {}, started {})", getpid(),
                                        host.data(), version(), format_rfc3339(now, 0));
  // The owner is for people: the lock holds without it.
  if (ftruncate(lock_.number(), 0) == 0) files_.write(lock_.number(), owner.data(), owner.size());
  return {};
}

Result<void> LogDirectory::list() {
  std::vector<std::string> names;
  if (const int code = files_.list(directory_.number(), &names); code < 0) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("state.path: cannot be listed: {}", errno_text(-code)));
  }
  for (const std::string& name : names) {
    if (name.starts_with("log-") && name.ends_with(".db") &&
        name.find(kCorruptMark) != std::string::npos) {
      ++quarantined_;
    }
    if (const std::uint64_t number = generation_number(name)) numbers_.push_back(number);
  }
  std::ranges::sort(numbers_);
  return {};
}

// Makes recovery read the device, not a cache that a failed write-back left behind.
Result<void> LogDirectory::settle(const std::string& name) {
  for (const std::string& file : {name, name + "-wal"}) {
    const int number = files_.open(directory_.number(), file, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
    if (number == -ENOENT) continue;
    const FileHandle handle(files_, number);
    const int code = number < 0 ? number : files_.sync(number);
    if (code < 0) {
      return fail(ErrorCode::StorageFailed, fmt::format("{}: {}", file, errno_text(-code)));
    }
    posix_fadvise(number, 0, 0, POSIX_FADV_DONTNEED);
  }
  return {};
}

Result<void> LogDirectory::open_newest(UnixNanos now) {
  if (numbers_.empty()) {
    recovery_.is_new = true;
    return begin({1, new_log_id_, 1, {}, now});
  }
  const std::uint64_t newest = numbers_.back();
  if (auto done = settle(generation_file_name(newest)); !done) return done;
  for (const std::uint64_t number : numbers_) readable_.push_back({path_of(number), UINT64_MAX});
  auto opened = LogGeneration::open(path_of(newest));
  if (opened) {
    active_ = std::move(*opened);
    recovery_.crashed = !active_->ended_orderly();
    return {};
  }
  if (opened.error().code != ErrorCode::Corrupt) return fail(opened.error());
  recovery_.was_corrupt = true;
  recovery_.crashed = true;
  return begin_next(true, now);
}

Result<void> LogDirectory::set_aside(std::uint64_t number, UnixNanos now) {
  const std::string name = generation_file_name(number);
  const std::string stem = name.substr(0, name.size() - 3);
  const std::string aside = fmt::format("{}{}{}.db", stem, kCorruptMark, compact_time(now));
  for (const std::string_view suffix : {"-wal", "-shm", ""}) {
    const int code = files_.rename(directory_.number(), fmt::format("{}{}", name, suffix),
                                   fmt::format("{}{}", aside, suffix));
    if (code < 0 && code != -ENOENT) {
      return fail(ErrorCode::StorageFailed,
                  fmt::format("{} cannot be set aside: {}", name, errno_text(-code)));
    }
  }
  ++quarantined_;
  return {};
}

Result<void> LogDirectory::begin_next(bool set_aside_old, UnixNanos now) {
  const std::uint64_t old = numbers_.back();
  GenerationStart start{old + 1, new_log_id_, 1, {}, now};
  if (active_ != nullptr) {
    start.log_id = active_->log_id();
    start.first_seq = active_->last_sequence() + 1;
    start.prev = active_->last_hash();
    active_.reset();
  } else if (numbers_.size() > 1) {
    // The numbers of the lost generation are unknown: skip more than it can have held.
    if (auto before = LogGeneration::open(path_of(numbers_[numbers_.size() - 2]))) {
      start.log_id = (*before)->log_id();
      start.first_seq = (*before)->last_sequence() + 1;
      start.prev = (*before)->last_hash();
    }
    start.first_seq += kSequenceSkip;
  } else {
    start.first_seq += kSequenceSkip;
  }
  if (set_aside_old) {
    if (auto done = set_aside(old, now); !done) return done;
    numbers_.pop_back();
    readable_.pop_back();
  } else {
    readable_.back().end_seq = start.first_seq;
  }
  return begin(start);
}

Result<void> LogDirectory::begin(const GenerationStart& start) {
  const std::string path = path_of(start.number);
  if (auto done = LogGeneration::create(path, start); !done) return done;
  if (const int code = files_.sync(directory_.number()); code < 0) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("state.path: cannot be synced: {}", errno_text(-code)));
  }
  auto opened = LogGeneration::open(path);
  if (!opened) return fail(opened.error());
  active_ = std::move(*opened);
  numbers_.push_back(start.number);
  readable_.push_back({path, UINT64_MAX});
  return {};
}

std::uint64_t LogDirectory::byte_count() const {
  std::uint64_t total = 0;
  for (const std::uint64_t number : numbers_) {
    for (const std::string_view suffix : {"", "-wal"}) {
      FileStamp stamp;
      const std::string name = generation_file_name(number) + std::string(suffix);
      if (files_.stamp(directory_.number(), name, &stamp) == 0) total += stamp.size;
    }
  }
  return total;
}

}  // namespace betrace::storage
