#include "betrace/storage/log_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "betrace/storage/log_extent.h"
#include "betrace/storage/log_reader.h"

namespace betrace::storage {
namespace {

std::string new_log_id(const ViolationLogOptions& options) {
  return fmt::format("betrace/{}/{}/{:08x}", options.environment, options.replica,
                     std::random_device()());
}

// A file is made, and sealed, by a transaction with a journal: the first one who may write and
// reads the file undoes what a crash has left of it.
void undo_unfinished(const std::string& path) {
  auto database = Database::open(path, Database::Mode::ReadWrite);
  if (database) static_cast<void>(database->text("PRAGMA journal_mode"));
}

}  // namespace

LogDirectory::LogDirectory(const ViolationLogOptions& options)
    : files_(options.files != nullptr ? *options.files : real_file_system(), options.path),
      log_id_(new_log_id(options)) {}

std::string LogDirectory::path_of(std::uint64_t number) const {
  return files_.path_of(generation_file_name(number));
}

Result<std::unique_ptr<LogDirectory>> LogDirectory::open(const ViolationLogOptions& options) {
  std::unique_ptr<LogDirectory> directory(new LogDirectory(options));
  const UnixNanos now = options.clock().wall;
  if (auto done = directory->files_.take(now); !done) return fail(done.error());
  auto listing = directory->files_.list();
  if (!listing) return fail(listing.error());
  directory->set_aside_ = listing->set_aside;
  auto opened = directory->open_generations(*std::move(listing), now);
  if (!opened) return fail(opened.error());
  return directory;
}

Result<void> LogDirectory::open_generations(LogListing listing, UnixNanos now) {
  std::vector<std::uint64_t>& numbers = listing.numbers;
  WalState wal = WalState::Missing;
  for (bool is_removed = true; is_removed && !numbers.empty();) {
    const auto settled = files_.settle(generation_file_name(numbers.back()));
    if (!settled) return fail(settled.error());
    wal = *settled;
    const auto removed = remove_if_unfinished(numbers.back(), wal);
    if (!removed) return fail(removed.error());
    is_removed = *removed;
    if (is_removed) numbers.pop_back();
  }
  newest_number_ = numbers.empty() ? 0 : numbers.back();
  const std::uint64_t lost = set_aside_number(listing.last_set_aside);
  if (lost > newest_number_) {  // a crash has left it without one that follows it
    if (auto done = open_older(numbers, now); !done) return done;
    newest_number_ = lost;
    const auto settled = files_.settle(listing.last_set_aside);
    if (!settled) return fail(settled.error());
    note_gap("corrupt", listing.last_set_aside, 0, 0, now);
    return follow_damaged(files_.path_of(listing.last_set_aside), *settled, now);
  }
  if (numbers.empty()) return begin({1, log_id_, 1, {}, now}, {});
  numbers.pop_back();
  if (auto done = open_older(numbers, now); !done) return done;
  return open_newest(wal, now);
}

// A crash in begin() leaves a file without records: what made it necessary is decided once more.
// Its WAL is made before it and never removed. A version that made the file in its place may have
// left one without schema.
Result<bool> LogDirectory::remove_if_unfinished(std::uint64_t number, WalState wal) {
  const std::string name = generation_file_name(number);
  if (files_.has_journal(number)) undo_unfinished(path_of(number));
  if (files_.is_empty(name)) {
    if (wal != WalState::Missing) return false;
  } else {
    auto database = Database::open(path_of(number), Database::Mode::ReadOnly);
    const auto unfinished = database ? is_unfinished(*database) : Result<bool>(false);
    const auto unused = database ? is_unused(*database) : Result<bool>(false);
    const bool may_be_unused = wal == WalState::Empty || wal == WalState::Whole;
    const bool is_sure = unfinished.value_or(false) || (may_be_unused && unused.value_or(false));
    if (!is_sure) return false;
  }
  if (auto removed = files_.discard(number); !removed) return fail(removed.error());
  return true;
}

Result<void> LogDirectory::open_older(const std::vector<std::uint64_t>& numbers, UnixNanos now) {
  for (const std::uint64_t number : numbers) {
    const auto seal = prepare_older(number);
    if (!seal) return fail(seal.error());
    auto database = Database::open(path_of(number), Database::Mode::ReadOnly);
    if (!database) return fail(database.error());
    const auto is_newer = check_format(*database);
    auto start = is_newer.and_then([&](bool) { return read_start(*database); });
    if (!start && start.error().code != ErrorCode::Corrupt) return fail(start.error());
    readable_.push_back({number, path_of(number), 0, kSequenceMax});
    if (!start) {
      *database = Database();
      if (auto done = set_older_aside(readable_.size() - 1, now); !done) return done;
      continue;
    }
    log_id_ = start->log_id;
    readable_.back().first_seq = start->first_seq;
    readable_.back().created = start->created;
    readable_.back().seal = *is_newer && *seal != Seal::Sealed ? Seal::None : *seal;
    if (readable_.size() > 1) readable_[readable_.size() - 2].end_seq = start->first_seq;
  }
  return {};
}

// Sealing may have been cut off at any of its steps, and a file that was never sealed may be one
// whose handle failed.
Result<Seal> LogDirectory::prepare_older(std::uint64_t number) {
  const std::string name = generation_file_name(number);
  if (files_.has_wal(number)) {
    const auto wal = files_.settle(name);
    if (!wal) return fail(wal.error());
    // A damaged WAL is kept as it is.
    return *wal == WalState::Damaged ? Seal::None : Seal::Unchecked;
  }
  const bool has_journal = files_.has_journal(number);
  if (has_journal) undo_unfinished(path_of(number));
  auto database = Database::open(path_of(number), Database::Mode::ReadOnly);
  if (!database) return fail(database.error());
  const auto mode = database->text("PRAGMA journal_mode");
  if (!mode || *mode != "delete" || has_journal) return Seal::Unchecked;
  static_cast<void>(files_.protect(number));
  return Seal::Sealed;
}

Result<void> LogDirectory::open_newest(WalState wal, UnixNanos now) {
  const std::string path = path_of(newest_number_);
  Result<std::unique_ptr<LogGeneration>> opened =
      fail(ErrorCode::Corrupt, "violation log: an empty file");
  if (!files_.is_empty(generation_file_name(newest_number_))) {
    opened = LogGeneration::open(path, files_.key_ring());
  }
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
  readable_.push_back({newest_number_, path, first_seq, kSequenceMax, active_->start().created});
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
  const ReadableGeneration* before = readable_.empty() ? nullptr : &readable_.back();
  LearntTail learnt = learn_tail({path, newest_number_, wal}, before);
  has_crashed_ = true;
  tail_ = learnt.tail;
  if (!learnt.log_id.empty()) log_id_ = std::move(learnt.log_id);
  gaps_.back().first_seq = learnt.first_seq;
  gaps_.back().last_seq = tail_.last_seq;
  return begin_next({}, now);
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
  if (extent && was_set_aside(before.number)) return {};  // salvaged, without its end
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
  if (auto done = put_aside(older.number, name); !done) return done;
  readable_.erase(readable_.begin() + static_cast<std::ptrdiff_t>(index));
  const bool is_range_known = older.first_seq != 0 && older.end_seq != kSequenceMax;
  note_gap("corrupt", name, is_range_known ? older.first_seq : 0,
           is_range_known ? older.end_seq - 1 : 0, now);
  return {};
}

Result<void> LogDirectory::put_aside(std::uint64_t number, const std::string& new_name) {
  if (auto done = files_.set_aside(number, new_name); !done) return done;
  set_aside_.push_back(new_name);
  return {};
}

bool LogDirectory::was_set_aside(std::uint64_t number) const {
  return std::ranges::any_of(
      set_aside_, [number](const std::string& name) { return set_aside_number(name) == number; });
}

// Between two generations that are sound: the end of the one before bounds it, else its own row.
std::optional<SalvageTask> LogDirectory::salvage_task(const std::string& name) const {
  const std::uint64_t number = set_aside_number(name);
  const auto after = std::ranges::find_if(
      readable_, [number](const ReadableGeneration& each) { return each.number > number; });
  if (after == readable_.end()) return std::nullopt;
  SalvageTask task;
  task.name = name;
  task.path = files_.path_of(name);
  task.target = files_.path_of(LogFiles::clean_name(number));
  task.ring = files_.key_ring();
  task.end_seq = after->first_seq;
  task.start.number = number;
  task.start.log_id = log_id_;
  task.start.created = after->created;
  std::uint64_t first_seq = 1;
  const bool has_before = after != readable_.begin() && (after - 1)->number < number;
  if (has_before) {
    const auto extent = read_extent((after - 1)->path, task.end_seq);
    first_seq = extent ? extent->tail.last_seq + 1 : (after - 1)->first_seq + 1;
  }
  task.start.first_seq = first_seq;
  const auto own = read_extent(task.path, task.end_seq);
  const bool is_own = own && own->start.number == number && own->start.first_seq >= first_seq &&
                      own->start.first_seq <= task.end_seq;
  if (is_own) task.start = own->start;
  files_.remove_clean(number);
  return task;
}

Result<void> LogDirectory::adopt(const GenerationStart& start) {
  const auto place = std::ranges::find_if(
      readable_, [&start](const ReadableGeneration& each) { return each.number >= start.number; });
  if (place == readable_.end()) return fail(ErrorCode::StorageFailed, "nothing follows it");
  if (place->number == start.number) return {};  // a crash came between its place and its gap
  if (auto done = files_.adopt(start.number); !done) return done;
  const std::uint64_t end_seq = place->first_seq;
  if (place != readable_.begin()) (place - 1)->end_seq = start.first_seq;
  readable_.insert(place, {start.number, path_of(start.number), start.first_seq, end_seq,
                           start.created, Seal::Sealed});
  return {};
}

Result<void> LogDirectory::note_checked(std::uint64_t number, bool is_sound, UnixNanos now) {
  for (std::size_t i = 0; i + 1 < readable_.size(); ++i) {
    if (readable_[i].number != number) continue;
    if (!is_sound) return set_older_aside(i, now);
    if (readable_[i].seal == Seal::Unchecked) readable_[i].seal = Seal::Due;
  }
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
    if (auto done = put_aside(newest_number_, damaged_name_); !done) return done;
    damaged_name_.clear();
  }
  return begin({newest_number_ + 1, log_id_, tail_.last_seq + 1, tail_.last_hash, now}, state);
}

Result<void> LogDirectory::begin(const GenerationStart& start, const LogState& state) {
  const std::string unfinished = files_.path_of(LogFiles::new_name(start.number));
  auto made = files_.make(start.number)
                  .and_then([&] { return LogGeneration::create(unfinished, start, state); })
                  .and_then([&] { return files_.finish(start.number); });
  if (!made) return made;
  auto opened = LogGeneration::open(path_of(start.number), {});
  if (!opened) return fail(opened.error());
  active_ = *std::move(opened);
  newest_number_ = start.number;
  if (!readable_.empty()) readable_.back().end_seq = start.first_seq;
  readable_.push_back(
      {start.number, path_of(start.number), start.first_seq, kSequenceMax, start.created});
  return {};
}

Result<void> LogDirectory::rotate(const LogState& state, UnixNanos now) {
  const GenerationTail tail = active_->tail();
  const std::uint64_t next = newest_number_ + 1;
  auto begun = begin({next, log_id_, tail.last_seq + 1, tail.last_hash, now}, state);
  if (!begun) {
    static_cast<void>(files_.discard(next));
    return begun;
  }
  readable_[readable_.size() - 2].seal = Seal::Due;
  return {};
}

// An older generation becomes the newest again if the active one is found without a record.
bool LogDirectory::has_to_seal() const {
  if (active_ == nullptr || active_->tail().last_seq < active_->start().first_seq) return false;
  return std::ranges::any_of(
      readable_, [](const ReadableGeneration& generation) { return generation.seal == Seal::Due; });
}

bool LogDirectory::seal_older() {
  for (ReadableGeneration& generation : readable_) {
    if (generation.seal != Seal::Due) continue;
    return seal(&generation).has_value() && generation.seal == Seal::Sealed;
  }
  return false;
}

// Moves the WAL into the file, and gives it the form of one that has none. The latter writes a few
// bytes of the first sector and needs no journal: one that a failure leaves behind would let nobody
// read the file.
Result<bool> LogDirectory::drop_wal(ReadableGeneration* generation) {
  auto database = Database::open(generation->path, Database::Mode::ReadWrite);
  if (!database) return fail(database.error());
  database->set_busy_wait(std::chrono::milliseconds(0));
  const auto mode =
      database->exec("PRAGMA synchronous=FULL")
          .and_then([&] { return database->integer("PRAGMA wal_checkpoint(TRUNCATE)"); })
          .and_then([&](std::optional<std::int64_t> is_busy) -> Result<std::string> {
            if (is_busy.value_or(1) != 0) return std::string("busy");
            auto off = database->exec("PRAGMA synchronous=OFF");  // we sync it
            if (!off) return fail(off.error());
            return database->text("PRAGMA journal_mode=MEMORY");
          });
  if (mode) return *mode == "memory";
  const SqliteFailure failure = database->last_failure();
  const bool is_lost = failure == SqliteFailure::Io || failure == SqliteFailure::Corrupt;
  if (is_lost) generation->seal = Seal::None;
  return fail(mode.error());
}

Result<void> LogDirectory::seal(ReadableGeneration* generation) {
  const auto is_dropped = drop_wal(generation);
  if (!is_dropped) return fail(is_dropped.error());
  if (!*is_dropped) return {};  // somebody reads it
  if (auto synced = files_.sync_file(generation->number); !synced) {
    generation->seal = Seal::None;
    return synced;
  }
  if (auto synced = files_.sync(); !synced) return synced;
  if (auto done = files_.protect(generation->number); !done) return done;
  generation->seal = Seal::Sealed;
  return {};
}

std::size_t LogDirectory::remove_through(std::uint64_t last_seq) {
  std::size_t taken = 0;
  while (readable_.size() > 1 && readable_.front().end_seq <= last_seq + 1) {
    to_remove_.push_back(readable_.front().number);
    readable_.erase(readable_.begin());
    ++taken;
  }
  remove_files();
  return taken;
}

void LogDirectory::remove_files() {
  if (to_remove_.empty()) return;
  std::erase_if(to_remove_,
                [this](std::uint64_t number) { return files_.remove(number).has_value(); });
  static_cast<void>(files_.sync());
}

Result<GenerationStart> LogDirectory::second_start() const {
  auto extent = read_extent(readable_[1].path, kSequenceMax);
  if (!extent) return fail(extent.error());
  return std::move(extent->start);
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
  for (const ReadableGeneration& generation : readable_) total += files_.size_of(generation.number);
  return total;
}

}  // namespace betrace::storage
