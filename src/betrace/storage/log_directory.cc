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
#include "betrace/storage/log_reader.h"

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

// SQLite takes one byte for none.
bool LogDirectory::is_empty(const std::string& name) const {
  FileStamp stamp;
  return files_.stamp(directory_.number(), name, &stamp) == 0 && stamp.size <= 1;
}

Result<std::unique_ptr<LogDirectory>> LogDirectory::open(const ViolationLogOptions& options) {
  std::unique_ptr<LogDirectory> directory(new LogDirectory(options));
  const UnixNanos now = options.clock().wall;
  if (auto done = directory->take_directory(now); !done) return fail(done.error());
  auto numbers = directory->list();
  if (!numbers) return fail(numbers.error());
  auto opened = directory->open_generations(*std::move(numbers), now);
  if (!opened) return fail(opened.error());
  return directory;
}

Result<void> LogDirectory::open_generations(std::vector<std::uint64_t> numbers, UnixNanos now) {
  WalState wal = WalState::Missing;
  for (bool is_removed = true; is_removed && !numbers.empty();) {
    const auto settled = settle(generation_file_name(numbers.back()));
    if (!settled) return fail(settled.error());
    wal = *settled;
    const auto removed = remove_if_unfinished(numbers.back(), wal);
    if (!removed) return fail(removed.error());
    is_removed = *removed;
    if (is_removed) numbers.pop_back();
  }
  newest_number_ = numbers.empty() ? 0 : numbers.back();
  const std::uint64_t lost = set_aside_number(last_set_aside_);
  if (lost > newest_number_) {  // a crash has left it without one that follows it
    if (auto done = open_older(numbers, now); !done) return done;
    newest_number_ = lost;
    const auto settled = settle(last_set_aside_);
    if (!settled) return fail(settled.error());
    note_gap("corrupt", last_set_aside_, 0, 0, now);
    return follow_damaged(path_ + "/" + last_set_aside_, *settled, now);
  }
  if (numbers.empty()) return begin({1, log_id_, 1, {}, now}, {});
  numbers.pop_back();
  if (auto done = open_older(numbers, now); !done) return done;
  return open_newest(wal, now);
}

Result<void> LogDirectory::take_directory(UnixNanos now) {
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
    if (const std::uint64_t number = set_aside_number(name); number != 0) {
      ++quarantined_;
      const std::uint64_t highest = set_aside_number(last_set_aside_);
      if (std::pair(number, name) > std::pair(highest, last_set_aside_)) last_set_aside_ = name;
    }
    if (const std::uint64_t number = generation_number(name); number != 0) {
      numbers.push_back(number);
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

// Makes recovery read the device, not a cache that a failed write-back left behind. Nothing of the
// generation is open here: closing a descriptor would drop the locks of SQLite.
Result<WalState> LogDirectory::settle(const std::string& name) {
  WalState wal = WalState::Missing;
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

// A crash in begin() leaves a file without schema, or before its first commit one without records:
// what made it necessary is decided once more. Its WAL is made after its first page and never
// removed.
Result<bool> LogDirectory::remove_if_unfinished(std::uint64_t number, WalState wal) {
  const std::string name = generation_file_name(number);
  if (is_empty(name)) {
    if (wal != WalState::Missing) return false;
  } else {
    auto database = Database::open(path_of(number), Database::Mode::ReadOnly);
    const auto unfinished = database ? is_unfinished(*database) : Result<bool>(false);
    const auto unused = database ? is_unused(*database) : Result<bool>(false);
    const bool may_be_unused = wal == WalState::Empty || wal == WalState::Whole;
    const bool is_sure = unfinished.value_or(false) || (may_be_unused && unused.value_or(false));
    if (!is_sure) return false;
  }
  for (const std::string_view suffix : kSuffixes) {
    const int code = files_.unlink(directory_.number(), fmt::format("{}{}", name, suffix));
    if (code < 0 && code != -ENOENT) return failed("an unfinished log cannot be removed", code);
  }
  return true;
}

Result<void> LogDirectory::open_older(const std::vector<std::uint64_t>& numbers, UnixNanos now) {
  for (const std::uint64_t number : numbers) {
    auto database = Database::open(path_of(number), Database::Mode::ReadOnly);
    if (!database) return fail(database.error());
    auto start = check_format(*database).and_then([&](bool) { return read_start(*database); });
    if (!start && start.error().code != ErrorCode::Corrupt) return fail(start.error());
    readable_.push_back({number, path_of(number), 0, kSequenceMax});
    if (!start) {
      *database = Database();
      if (auto done = set_older_aside(readable_.size() - 1, now); !done) return done;
      continue;
    }
    log_id_ = start->log_id;
    readable_.back().first_seq = start->first_seq;
    if (readable_.size() > 1) readable_[readable_.size() - 2].end_seq = start->first_seq;
  }
  return {};
}

Result<void> LogDirectory::open_newest(WalState wal, UnixNanos now) {
  const std::string path = path_of(newest_number_);
  Result<std::unique_ptr<LogGeneration>> opened =
      fail(ErrorCode::Corrupt, "violation log: an empty file");
  if (!is_empty(generation_file_name(newest_number_))) opened = LogGeneration::open(path);
  if (!opened && opened.error().code != ErrorCode::Corrupt) return fail(opened.error());
  if (!opened) {
    damaged_name_ = set_aside_file_name(newest_number_, now);
    note_gap("corrupt", damaged_name_, 0, 0, now);
    return follow_damaged(path, wal, now);
  }
  active_ = *std::move(opened);
  log_id_ = active_->start().log_id;
  has_crashed_ = !active_->tail().ended_orderly;
  const std::uint64_t first_seq = active_->start().first_seq;
  if (!readable_.empty()) readable_.back().end_seq = first_seq;
  readable_.push_back({newest_number_, path, first_seq, kSequenceMax});
  if (auto checked = check_link(now); !checked) return checked;
  // No connection of ours removes a WAL, or empties one that held a commit.
  if (wal == WalState::Whole && !active_->is_newer()) return {};
  const LogState state = active_->state();
  const NextReason reason = wal == WalState::Whole     ? NextReason::Newer
                            : wal == WalState::Damaged ? NextReason::WalDamaged
                                                       : NextReason::WalMissing;
  retire(reason, now);
  return begin_next(state, now);
}

// Goes on after the newest generation, of which nothing can be believed.
Result<void> LogDirectory::follow_damaged(const std::string& path, WalState wal, UnixNanos now) {
  has_crashed_ = true;
  gaps_.back().first_seq = learn_tail_of_damaged(path, wal);
  gaps_.back().last_seq = tail_.last_seq;
  return begin_next({}, now);
}

// What can still be read of a damaged file bounds the numbers that were given out. Where it is not
// sure, more are skipped than the generations since the last good one can hold and have skipped.
// Returns the first number that it may have held.
std::uint64_t LogDirectory::learn_tail_of_damaged(const std::string& path, WalState wal) {
  tail_ = {0, {}, false};
  std::uint64_t lost = newest_number_;
  if (!readable_.empty()) {
    const auto before = read_extent(readable_.back().path, kSequenceMax);
    tail_.last_seq = readable_.back().first_seq + kSequenceSkip;  // if it cannot be read either
    if (before) tail_ = before->tail;
    lost -= readable_.back().number;
  }
  const std::uint64_t first_seq = tail_.last_seq + 1;
  Result<Extent> damaged = fail(ErrorCode::Corrupt, "its end may be missing");
  if (wal == WalState::Whole) damaged = read_extent(path, kSequenceMax);
  const bool is_ours = damaged && damaged->start.number == newest_number_ &&
                       damaged->tail.last_seq >= tail_.last_seq;
  if (!is_ours) {
    tail_.last_seq += 2 * kSequenceSkip * lost;
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
  const ReadableGeneration& before = readable_[readable_.size() - 2];
  const GenerationStart& start = active_->start();
  if (before.number + 1 != start.number) return {};  // one between them was set aside
  const auto extent = read_extent(before.path, start.first_seq);
  if (!extent && extent.error().code != ErrorCode::Corrupt) return fail(extent.error());
  if (extent && extent->tail.last_hash == start.prev) return {};
  return set_older_aside(readable_.size() - 2, now);
}

Result<void> LogDirectory::check_older(const ViolationIdBytes& id, UnixNanos now) {
  for (std::size_t i = readable_.size() - 1; i-- > 0;) {
    auto reader = LogReader::open({readable_[i]});
    const auto found = reader ? (*reader)->first_sequence(id) : fail(reader.error());
    if (found || found.error().code != ErrorCode::Corrupt) continue;
    if (auto done = set_older_aside(i, now); !done) return done;
  }
  return {};
}

Result<void> LogDirectory::set_older_aside(std::size_t index, UnixNanos now) {
  const ReadableGeneration older = readable_[index];
  const std::string name = set_aside_file_name(older.number, now);
  if (auto done = set_aside(older.number, name); !done) return done;
  readable_.erase(readable_.begin() + static_cast<std::ptrdiff_t>(index));
  const bool is_range_known = older.first_seq != 0 && older.end_seq != kSequenceMax;
  note_gap("corrupt", name, is_range_known ? older.first_seq : 0,
           is_range_known ? older.end_seq - 1 : 0, now);
  return {};
}

// The database goes last: without it nobody would look for the rest.
Result<void> LogDirectory::set_aside(std::uint64_t number, const std::string& new_name) {
  const std::string name = generation_file_name(number);
  for (const std::string_view suffix : kSuffixes) {
    const int code = files_.rename(directory_.number(), fmt::format("{}{}", name, suffix),
                                   fmt::format("{}{}", new_name, suffix));
    if (code < 0 && code != -ENOENT) return failed("a damaged log cannot be set aside", code);
  }
  ++quarantined_;
  return {};
}

void LogDirectory::retire(NextReason reason, UnixNanos now) {
  tail_ = active_->tail();
  const std::uint64_t first_seq = active_->start().first_seq;
  const std::string file = generation_file_name(newest_number_);
  active_.reset();
  readable_.back().end_seq = tail_.last_seq + 1;  // of the last group the file may hold anything
  const bool is_lost = reason == NextReason::IoError || reason == NextReason::Corrupt;
  if (is_lost && tail_.last_seq < first_seq) {  // it held nothing and is made anew
    readable_.pop_back();
    --newest_number_;
    return;
  }
  switch (reason) {
    case NextReason::Newer:
      break;
    case NextReason::IoError:
      note_gap("io_error", file, 0, 0, now);
      break;
    case NextReason::Corrupt:
      readable_.pop_back();
      damaged_name_ = set_aside_file_name(newest_number_, now);
      note_gap("corrupt", damaged_name_, first_seq, tail_.last_seq, now);
      break;
    case NextReason::WalMissing:
    case NextReason::WalDamaged: {
      const bool is_missing = reason == NextReason::WalMissing;
      note_gap(is_missing ? "wal_missing" : "wal_damaged", file, tail_.last_seq + 1,
               tail_.last_seq + kSequenceSkip, now);
      tail_.last_seq += kSequenceSkip;
      break;
    }
  }
}

Result<void> LogDirectory::begin_next(const LogState& state, UnixNanos now) {
  if (!damaged_name_.empty()) {
    if (auto done = set_aside(newest_number_, damaged_name_); !done) return done;
    damaged_name_.clear();
  }
  return begin({newest_number_ + 1, log_id_, tail_.last_seq + 1, tail_.last_hash, now}, state);
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
