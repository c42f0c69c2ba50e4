#include "betrace/storage/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "betrace/base/mutant.h"
#include "betrace/base/version.h"
#include "betrace/storage/durable_file.h"
#include "betrace/storage/file_lock.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/log_keys.h"

namespace betrace::storage {
namespace {

constexpr const char* kLockName = "LOCK";
constexpr std::size_t kOwnerBytesMax = 1'024;
// The database goes last: without it nobody would look for the rest.
constexpr std::array<std::string_view, 4> kSuffixes = {"-wal", "-shm", "-journal", ""};
constexpr const char* kReserveName = "reserve";
constexpr mode_t kOwnerMode = 0600;
constexpr mode_t kSealedMode = 0400;

// NFS and SMB: write-ahead logs need shared memory of one host.
bool is_network_file_system(int directory) {
  constexpr std::array<std::uint64_t, 4> kNetworkTypes = {0x6969, 0x517B, 0xFF534D42, 0xFE534D42};
  struct statfs found {};
  if (fstatfs(directory, &found) != 0) return false;
  const auto type = static_cast<std::uint64_t>(found.f_type) & 0xFFFFFFFF;
  return std::ranges::find(kNetworkTypes, type) != kNetworkTypes.end();
}

tl::unexpected<Error> failed(std::string_view what, int negative_errno) {
  return fail(ErrorCode::StorageFailed,
              fmt::format("state.path: {}: {}", what, errno_text(-negative_errno)));
}

}  // namespace

std::string LogFiles::path_of(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

// SQLite takes one byte for none.
bool LogFiles::is_empty(const std::string& name) const {
  FileStamp stamp;
  return files_.stamp(directory_.number(), name, &stamp) == 0 && stamp.size <= 1;
}

Result<void> LogFiles::take(UnixNanos now) {
  if (auto made = make_directories(files_, path_); !made) {
    return fail(made.error().code, "state.path: " + made.error().message);
  }
  directory_ = FileHandle(files_, files_.open_directory(path_));
  if (!directory_.is_open()) return failed("cannot be opened", directory_.number());
  is_on_network_ = is_network_file_system(directory_.number());
  auto taken = take_lock(files_, directory_.number(), kLockName, std::chrono::milliseconds(0));
  if (!taken && taken.error().code == ErrorCode::Unavailable) {
    const auto owner =
        read_file(files_, directory_.number(), kLockName, kOwnerBytesMax, Links::Refuse);
    return fail(ErrorCode::FailedPrecondition,
                fmt::format("state directory {} is in use by {}; give this process another "
                            "one with BETRACE_STATE_PATH",
                            path_, owner && !owner->empty() ? *owner : "another process"));
  }
  if (!taken) return fail(ErrorCode::StorageFailed, "state.path: " + taken.error().message);
  lock_ = *std::move(taken);
  write_owner(now);
  remove_stale_temporaries(files_, directory_.number());
  return {};
}

// The owner is for people: the lock holds without it.
void LogFiles::write_owner(UnixNanos now) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string owner = fmt::format("process {} on {} (betrace {}, started {})", getpid(),
                                        host.data(), version(), format_rfc3339(now, 0));
  if (ftruncate(lock_.number(), 0) == 0) files_.write(lock_.number(), owner.data(), owner.size());
}

Result<LogListing> LogFiles::list() {
  std::vector<std::string> names;
  const int listed = files_.list(directory_.number(), &names);
  if (listed < 0) return failed("cannot be listed", listed);
  LogListing listing;
  for (const std::string& name : names) {
    if (const std::uint64_t number = set_aside_number(name); number != 0) {
      listing.set_aside.push_back(name);
      std::string& last = listing.last_set_aside;
      if (std::pair(number, name) > std::pair(set_aside_number(last), last)) last = name;
    }
    if (const std::uint64_t number = generation_number(name); number != 0) {
      listing.numbers.push_back(number);
    }
  }
  std::ranges::sort(listing.numbers);
  std::ranges::sort(listing.set_aside);
  return listing;
}

// A cache that a failed write-back left behind must not be read. Nothing of the generation is open
// here: closing a descriptor would drop the locks of SQLite.
Result<WalState> LogFiles::settle(const std::string& name) {
  WalState wal = WalState::Missing;
  files_.change_mode(directory_.number(), name, kOwnerMode);  // what it forbids is told by open()
  for (const std::string& file : {name, name + "-wal"}) {
    const FileHandle handle(
        files_, files_.open(directory_.number(), file, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0));
    if (handle.number() == -ENOENT) continue;
    const int code = handle.is_open() ? files_.sync(handle.number()) : handle.number();
    if (code < 0) return failed(file, code);
    posix_fadvise(handle.number(), 0, 0, POSIX_FADV_DONTNEED);
    if (file == name) continue;
    const auto inspected = inspect_wal(files_, handle.number());
    if (!inspected) return fail(inspected.error());
    // Opening an empty database would make SQLite remove its WAL.
    wal = is_empty(name) ? WalState::Damaged : *inspected;
  }
  return wal;
}

Result<void> LogFiles::make(std::uint64_t number) {
  static_cast<void>(discard(number));  // finish() fails if a WAL is still there
  for (const std::string_view suffix : kSuffixes) {
    files_.unlink(directory_.number(), fmt::format("{}{}", new_name(number), suffix));
  }
  return create(new_name(number));
}

// SQLite gives its other files the same mode. Closed before SQLite has it: closing it later would
// drop SQLite's locks.
Result<void> LogFiles::create(const std::string& name) {
  const int flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  const FileHandle made(files_, files_.open(directory_.number(), name, flags, kOwnerMode));
  if (!made.is_open()) return failed(name, made.number());
  return {};
}

// The WAL comes first: a generation without one has lost it.
Result<void> LogFiles::finish(std::uint64_t number) {
  const std::string name = generation_file_name(number);
  auto made =
      sync_file(new_name(number)).and_then([&] { return create(name + "-wal"); }).and_then([this] {
        return sync();
      });
  if (!made) return made;
  const int renamed = files_.rename(directory_.number(), new_name(number), name);
  if (renamed < 0) return failed(name, renamed);
  return sync();
}

std::string LogFiles::new_name(std::uint64_t number) {
  return fmt::format(".{}.tmp-new", generation_file_name(number));
}

Result<void> LogFiles::remove(std::uint64_t number) {
  const std::string name = generation_file_name(number);
  for (const std::string_view suffix : kSuffixes) {
    const int code = files_.unlink(directory_.number(), fmt::format("{}{}", name, suffix));
    if (code < 0 && code != -ENOENT) return failed("a file of the log cannot be removed", code);
  }
  return {};
}

Result<void> LogFiles::discard(std::uint64_t number) {
  const std::string name = generation_file_name(number);
  const int removed = files_.unlink(directory_.number(), name);
  if (removed < 0 && removed != -ENOENT) return failed(name, removed);
  if (removed >= 0) {
    if (auto synced = sync(); !synced) return synced;
  }
  return remove(number);
}

Result<void> LogFiles::set_aside(std::uint64_t number, const std::string& new_name) {
  const std::string name = generation_file_name(number);
  for (const std::string_view suffix : kSuffixes) {
    const int code = files_.rename(directory_.number(), fmt::format("{}{}", name, suffix),
                                   fmt::format("{}{}", new_name, suffix));
    if (code < 0 && code != -ENOENT) return failed("a damaged log cannot be set aside", code);
  }
  return {};
}

std::string LogFiles::clean_name(std::uint64_t number) {
  return fmt::format(".{}.tmp-clean", generation_file_name(number));
}

void LogFiles::remove_clean(std::uint64_t number) const {
  for (const std::string_view suffix : kSuffixes) {
    files_.unlink(directory_.number(), fmt::format("{}{}", clean_name(number), suffix));
  }
}

Result<void> LogFiles::adopt(std::uint64_t number) {
  const std::string name = generation_file_name(number);
  const std::string clean = clean_name(number);
  int code = files_.change_mode(directory_.number(), clean, kSealedMode);
  if (code >= 0) code = files_.rename(directory_.number(), clean, name);
  if (code < 0) return failed(name, code);
  return sync();
}

Result<void> LogFiles::sync_file(const std::string& name) {
  const FileHandle file(files_,
                        files_.open(directory_.number(), name, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0));
  const int synced = file.is_open() ? files_.sync(file.number()) : file.number();
  return synced < 0 ? Result<void>(failed(name, synced)) : Result<void>();
}

Result<void> LogFiles::sync_file(std::uint64_t number) {
  return sync_file(generation_file_name(number));
}

Result<void> LogFiles::sync() {
  if (is_mutant('b')) return {};
  const FileHandle fresh(files_, files_.open_directory(path_));
  const int synced = fresh.is_open() ? files_.sync(fresh.number()) : fresh.number();
  if (synced < 0) return failed("cannot be synced", synced);
  return {};
}

Result<void> LogFiles::protect(std::uint64_t number) {
  const std::string name = generation_file_name(number);
  const int code = files_.change_mode(directory_.number(), name, kSealedMode);
  if (code < 0) return failed(name, code);
  return {};
}

// Not `durable`: if a crash undoes it, it is made anew.
Result<void> LogFiles::make_reserve(std::uint64_t bytes) {
  FileStamp stamp;
  const bool is_there = files_.stamp(directory_.number(), kReserveName, &stamp) == 0;
  if (is_there && stamp.size >= bytes) return {};
  const int flags = O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  const FileHandle made(files_, files_.open(directory_.number(), kReserveName, flags, kOwnerMode));
  const int code = made.is_open() ? files_.allocate(made.number(), bytes) : made.number();
  if (code >= 0) return {};
  free_reserve();
  return failed("no room for the reserve", code);
}

bool LogFiles::free_reserve() { return files_.unlink(directory_.number(), kReserveName) == 0; }

bool LogFiles::has(const std::string& name) const {
  FileStamp stamp;
  return files_.stamp(directory_.number(), name, &stamp) == 0;
}

bool LogFiles::has_journal(std::uint64_t number) const {
  return has(generation_file_name(number) + "-journal");
}

bool LogFiles::has_wal(std::uint64_t number) const {
  return has(generation_file_name(number) + "-wal");
}

std::uint64_t LogFiles::volume_bytes() const {
  std::uint64_t bytes = 0;
  return files_.volume_size(directory_.number(), &bytes) == 0 ? bytes : 0;
}

std::uint64_t LogFiles::size_of(std::uint64_t number) const {
  std::uint64_t total = 0;
  for (const std::string_view suffix : {"", "-wal"}) {
    FileStamp stamp;
    const std::string name = generation_file_name(number) + std::string(suffix);
    if (files_.stamp(directory_.number(), name, &stamp) == 0) total += stamp.size;
  }
  return total;
}

evidence::KeyRing LogFiles::key_ring() const {
  return read_key_ring_in(path_, files_).value_or(evidence::KeyRing());
}

}  // namespace betrace::storage
