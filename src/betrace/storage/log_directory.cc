#include "betrace/storage/log_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>

#include "betrace/base/version.h"
#include "betrace/storage/durable_file.h"
#include "betrace/storage/file_lock.h"

namespace betrace::storage {
namespace {

constexpr const char* kLockName = "LOCK";
constexpr std::size_t kOwnerBytesMax = 1'024;
constexpr std::array<std::string_view, 3> kSuffixes = {"-wal", "-shm", ""};

std::string new_log_id(const ViolationLogOptions& options) {
  return fmt::format("betrace/{}/{}/{:08x}", options.environment, options.replica,
                     std::random_device()());
}

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

// Start and end of a generation as far as they can be read, on a connection of its own.
struct Extent {
  GenerationStart start;
  GenerationTail tail;
};
Result<Extent> read_extent(const std::string& path, std::uint64_t end_seq) {
  auto database = Database::open(path, Database::Mode::ReadOnly);
  if (!database) return fail(database.error());
  auto start = read_start(*database);
  if (!start) return fail(start.error());
  const auto tail = read_tail_before(*database, *start, end_seq);
  if (!tail) return fail(tail.error());
  return Extent{*std::move(start), *tail};
}

}  // namespace

LogDirectory::LogDirectory(const ViolationLogOptions& options)
    : files_(options.files != nullptr ? *options.files : real_file_system()),
      path_(options.path),
      log_id_(new_log_id(options)) {}

std::string LogDirectory::path_of(std::uint64_t number) const {
  return path_ + "/" + generation_file_name(number);
}

// Our connections never remove or truncate a WAL that held a commit.
bool LogDirectory::has_wal(std::uint64_t number) const {
  FileStamp stamp;
  const std::string name = generation_file_name(number) + "-wal";
  return files_.stamp(directory_.number(), name, &stamp) == 0 && stamp.size > 0;
}

Result<std::unique_ptr<LogDirectory>> LogDirectory::open(const ViolationLogOptions& options) {
  std::unique_ptr<LogDirectory> directory(new LogDirectory(options));
  const UnixNanos now = options.clock().wall;
  if (auto done = directory->take_directory(now); !done) return fail(done.error());
  auto numbers = directory->list();
  if (!numbers) return fail(numbers.error());
  const bool has_wal = !numbers->empty() && directory->has_wal(numbers->back());
  if (!numbers->empty()) {
    const auto is_removed = directory->remove_if_unfinished(numbers->back());
    if (!is_removed) return fail(is_removed.error());
    if (*is_removed) numbers->pop_back();
  }
  if (numbers->empty()) {
    auto begun = directory->begin({1, directory->log_id_, 1, {}, now}, {});
    if (!begun) return fail(begun.error());
    return directory;
  }
  const std::uint64_t newest = numbers->back();
  numbers->pop_back();
  if (auto done = directory->open_older(*numbers, now); !done) return fail(done.error());
  if (auto done = directory->open_newest(newest, has_wal, now); !done) return fail(done.error());
  return directory;
}

Result<void> LogDirectory::take_directory(UnixNanos now) {
  if (auto made = make_directories(files_, path_); !made) return made;
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
void LogDirectory::write_owner(UnixNanos now) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const std::string owner = fmt::format("process {} on {} (betrace {}, started {})", getpid(),
                                        host.data(), version(), format_rfc3339(now, 0));
  if (ftruncate(lock_.number(), 0) == 0) files_.write(lock_.number(), owner.data(), owner.size());
}

Result<std::vector<std::uint64_t>> LogDirectory::list() {
  std::vector<std::string> names;
  const int listed = files_.list(directory_.number(), &names);
  if (listed < 0) return failed("cannot be listed", listed);
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : names) {
    const bool is_log = name.starts_with("log-") && name.ends_with(".db");
    if (is_log && name.find(kCorruptMark) != name.npos) ++quarantined_;
    if (const std::uint64_t number = generation_number(name); number != 0) {
      numbers.push_back(number);
    }
  }
  std::ranges::sort(numbers);
  if (!numbers.empty()) newest_number_ = numbers.back();
  return numbers;
}

// Makes recovery read the device, not a cache that a failed write-back left behind.
Result<void> LogDirectory::settle(std::uint64_t number) {
  const std::string name = generation_file_name(number);
  for (const std::string& file : {name, name + "-wal"}) {
    const FileHandle handle(
        files_, files_.open(directory_.number(), file, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0));
    if (handle.number() == -ENOENT) continue;
    const int code = handle.is_open() ? files_.sync(handle.number()) : handle.number();
    if (code < 0) return failed(file, code);
    posix_fadvise(handle.number(), 0, 0, POSIX_FADV_DONTNEED);
  }
  return {};
}

// A crash in begin() leaves a file without schema; it never held a record.
Result<bool> LogDirectory::remove_if_unfinished(std::uint64_t number) {
  if (auto settled = settle(number); !settled) return fail(settled.error());
  {
    auto database = Database::open(path_of(number), Database::Mode::ReadOnly);
    const auto unfinished = database ? is_unfinished(*database) : Result<bool>(false);
    if (!unfinished || !*unfinished) return false;
  }
  const std::string name = generation_file_name(number);
  for (const std::string_view suffix : kSuffixes) {
    const int code = files_.unlink(directory_.number(), fmt::format("{}{}", name, suffix));
    if (code < 0 && code != -ENOENT) return failed("an unfinished log cannot be removed", code);
  }
  newest_number_ = number - 1;
  return true;
}

Result<void> LogDirectory::open_older(const std::vector<std::uint64_t>& numbers, UnixNanos now) {
  for (const std::uint64_t number : numbers) {
    auto database = Database::open(path_of(number), Database::Mode::ReadOnly);
    if (!database) return fail(database.error());
    auto start = check_format(*database).and_then([&] { return read_start(*database); });
    if (!start && start.error().code != ErrorCode::Corrupt) return fail(start.error());
    if (start) {
      log_id_ = start->log_id;
      if (!readable_.empty()) readable_.back().end_seq = start->first_seq;
      readable_.push_back({number, path_of(number), start->first_seq, kSequenceMax});
      continue;
    }
    *database = Database();
    std::string new_name;
    if (auto done = set_aside(number, &new_name, now); !done) return done;
    note_gap("corrupt", new_name, 0, 0, now);
  }
  return {};
}

Result<void> LogDirectory::open_newest(std::uint64_t number, bool has_wal, UnixNanos now) {
  auto opened = LogGeneration::open(path_of(number));
  if (!opened && opened.error().code != ErrorCode::Corrupt) return fail(opened.error());
  if (!opened) {
    has_crashed_ = true;
    is_newest_damaged_ = true;
    const std::uint64_t first_seq = learn_tail_of_damaged(path_of(number));
    note_gap("corrupt", generation_file_name(number), first_seq, tail_.last_seq, now);
    return begin_next(NextReason::Corrupt, {}, now);
  }
  active_ = *std::move(opened);
  log_id_ = active_->start().log_id;
  has_crashed_ = !active_->tail().ended_orderly;
  const std::uint64_t first_seq = active_->start().first_seq;
  if (!readable_.empty()) readable_.back().end_seq = first_seq;
  readable_.push_back({number, path_of(number), first_seq, kSequenceMax});
  if (auto checked = check_link(now); !checked) return checked;
  if (has_wal || active_->tail().last_seq < first_seq) return {};
  auto state = active_->read_state();
  if (!state) return fail(state.error());
  return begin_next(NextReason::WalMissing, *state, now);
}

// What can still be read of a damaged file bounds the numbers that were given out. Nothing of it is
// believed but that: where it is not sure, more is skipped than a generation can hold. Returns the
// first number that it may have held.
std::uint64_t LogDirectory::learn_tail_of_damaged(const std::string& path) {
  tail_ = {0, {}, false};
  if (!readable_.empty()) {
    const auto before = read_extent(readable_.back().path, kSequenceMax);
    tail_.last_seq = readable_.back().first_seq + kSequenceSkip;  // if it cannot be read either
    if (before) tail_ = before->tail;
  }
  const std::uint64_t first_seq = tail_.last_seq + 1;
  const auto damaged = read_extent(path, kSequenceMax);
  const bool is_ours = damaged && damaged->start.number == newest_number_ &&
                       damaged->tail.last_seq >= tail_.last_seq;
  if (!is_ours) {
    tail_.last_seq += kSequenceSkip;
    return first_seq;
  }
  log_id_ = damaged->start.log_id;
  tail_ = damaged->tail;
  auto database = Database::open(path, Database::Mode::ReadOnly);
  const auto newest = database ? database->integer("SELECT max(seq) FROM record")
                               : Result<std::optional<std::int64_t>>(std::nullopt);
  const bool is_sure = newest && static_cast<std::uint64_t>(newest->value_or(0)) == tail_.last_seq;
  if (!is_sure) tail_.last_seq += kSequenceSkip;
  return first_seq;
}

// The newest generation names the last commit of the one before it.
Result<void> LogDirectory::check_link(UnixNanos now) {
  if (readable_.size() < 2) return {};
  const ReadableGeneration before = readable_[readable_.size() - 2];
  const GenerationStart& start = active_->start();
  if (before.number + 1 != start.number) return {};  // one between them was set aside
  const auto extent = read_extent(before.path, start.first_seq);
  if (!extent && extent.error().code != ErrorCode::Corrupt) return fail(extent.error());
  if (extent && extent->tail.last_hash == start.prev) return {};
  std::string new_name;
  if (auto done = set_aside(before.number, &new_name, now); !done) return done;
  readable_.erase(readable_.end() - 2);
  note_gap("corrupt", new_name, before.first_seq, start.first_seq - 1, now);
  return {};
}

Result<void> LogDirectory::set_aside(std::uint64_t number, std::string* new_name, UnixNanos now) {
  const std::string name = generation_file_name(number);
  const std::string stem = name.substr(0, name.size() - 3);
  *new_name = fmt::format("{}{}{}.db", stem, kCorruptMark, file_time(now));
  for (const std::string_view suffix : kSuffixes) {
    const int code = files_.rename(directory_.number(), fmt::format("{}{}", name, suffix),
                                   fmt::format("{}{}", *new_name, suffix));
    if (code < 0 && code != -ENOENT) return failed("a damaged log cannot be set aside", code);
  }
  ++quarantined_;
  return {};
}

Result<void> LogDirectory::begin_next(NextReason reason, const LogState& state, UnixNanos now) {
  if (active_ != nullptr) retire_active(reason, now);
  if (is_newest_damaged_) {
    std::string new_name;
    if (auto done = set_aside(newest_number_, &new_name, now); !done) return done;
    is_newest_damaged_ = false;
    gaps_.back().file = new_name;
  }
  return begin({newest_number_ + 1, log_id_, tail_.last_seq + 1, tail_.last_hash, now}, state);
}

void LogDirectory::retire_active(NextReason reason, UnixNanos now) {
  tail_ = active_->tail();
  const std::uint64_t first_seq = active_->start().first_seq;
  const std::string file = generation_file_name(newest_number_);
  active_.reset();
  switch (reason) {
    case NextReason::IoError:
      note_gap("io_error", file, 0, 0, now);
      break;
    case NextReason::Corrupt:
      readable_.pop_back();
      is_newest_damaged_ = true;
      note_gap("corrupt", file, first_seq, tail_.last_seq, now);
      break;
    case NextReason::WalMissing:
      note_gap("wal_missing", file, tail_.last_seq + 1, tail_.last_seq + kSequenceSkip, now);
      tail_.last_seq += kSequenceSkip;
      break;
  }
}

Result<void> LogDirectory::begin(const GenerationStart& start, const LogState& state) {
  const std::string name = generation_file_name(start.number);
  for (const std::string_view suffix : kSuffixes) {  // of an attempt that failed
    files_.unlink(directory_.number(), fmt::format("{}{}", name, suffix));
  }
  // Made here so that it is ours alone; SQLite gives its other files the same mode.
  const int flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  FileHandle made(files_, files_.open(directory_.number(), name, flags, 0600));
  if (!made.is_open()) return failed(name, made.number());
  made.reset();  // before SQLite has it: closing it later would drop SQLite's locks
  if (auto done = LogGeneration::create(path_of(start.number), start, state); !done) return done;
  const FileHandle fresh(files_, files_.open_directory(path_));
  const int synced = fresh.is_open() ? files_.sync(fresh.number()) : fresh.number();
  if (synced < 0) return failed("cannot be synced", synced);
  auto opened = LogGeneration::open(path_of(start.number));
  if (!opened) return fail(opened.error());
  active_ = *std::move(opened);
  newest_number_ = start.number;
  if (!readable_.empty()) readable_.back().end_seq = start.first_seq;
  readable_.push_back({start.number, path_of(start.number), start.first_seq, kSequenceMax});
  return {};
}

void LogDirectory::note_gap(std::string_view cause, std::string_view file, std::uint64_t first_seq,
                            std::uint64_t last_seq, UnixNanos now) {
  GapRecord gap;
  gap.gap = {std::string(cause), "", 0, now, now};
  gap.file = file;
  gap.first_seq = first_seq;
  gap.last_seq = last_seq;
  gaps_.push_back(std::move(gap));
}

std::uint64_t LogDirectory::byte_count() const {
  std::uint64_t total = 0;
  for (const ReadableGeneration& generation : readable_) {
    for (const std::string_view suffix : {"", "-wal"}) {
      FileStamp stamp;
      const std::string name = generation_file_name(generation.number) + std::string(suffix);
      if (files_.stamp(directory_.number(), name, &stamp) == 0) total += stamp.size;
    }
  }
  return total;
}

}  // namespace betrace::storage
