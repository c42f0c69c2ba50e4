// What the log thread does between groups: the next generation, the end of old ones, the reserve.
#include <algorithm>
#include <charconv>

#include "betrace/storage/log_writer.h"

namespace betrace::storage {
namespace {

constexpr std::chrono::seconds kLookInterval{1};
constexpr std::chrono::minutes kCheckInterval{10};  // it reads all of the log

}  // namespace

void LogWriter::tend() {
  if (is_reserve_spent_) return;
  const Now now = options_.clock();
  if (is_rotation_due(now.wall) && now.monotonic >= next_rotation_) rotate(now);
  if (now.monotonic < next_look_) return;
  next_look_ = now.monotonic + kLookInterval;
  static_cast<void>(rebuild_reserve());
  retain(now);
  mend(now);
  seal();
  const std::uint64_t bytes = directory_->byte_count();
  const std::lock_guard lock(mutex_);
  status_.file_bytes = bytes;
}

bool LogWriter::is_rotation_due(UnixNanos now) const {
  const LogGeneration& active = *directory_->active();
  if (active.tail().last_seq < active.start().first_seq) return false;
  const auto age_max = std::chrono::nanoseconds(options_.generation_age_max).count();
  return now >= active.start().created + static_cast<UnixNanos>(age_max) ||
         directory_->newest_byte_count() >= options_.generation_bytes_max;
}

// Until it succeeds the log goes on in the file that it has.
void LogWriter::rotate(const Now& now) {
  next_rotation_ = now.monotonic + options_.retry_time;
  if (!directory_->rotate(state(), now.wall)) return;
  next_rotation_ = {};
  next_look_ = {};
  remember_directory();
}

// The record is on disk before the file goes. A clock that is set forward while we run makes
// nothing old.
void LogWriter::retain(const Now& now) {
  const auto elapsed = std::chrono::nanoseconds(now.monotonic - started_.monotonic).count();
  const UnixNanos time = std::min(now.wall, started_.wall + static_cast<UnixNanos>(elapsed));
  const ExportPosition exported = export_position(kExportSink).value_or(ExportPosition());
  const auto removal =
      due_removal(directory_->readable(), directory_->byte_count(), retention_limits(),
                  options_.has_sink ? &exported : nullptr, time);
  if (!removal) return;
  const auto next = directory_->second_start();
  if (!next) return;
  const Group group = records_of(*removal, *next, now.wall);
  if (!append_or_move_on(group)) return;
  gaps_ = directory_->take_gaps();
  is_checkpointed_ = false;
  remember_state(group);
  directory_->remove_through(removal->records.last);
  remember_directory();
  next_look_ = {};  // there may be more
  const std::uint64_t count = removal->records.last - removal->records.first + 1;
  const std::lock_guard lock(mutex_);
  status_.has_removed_unexported |= removal->unexported.first != 0;
  (removal->reason == RemovalReason::Age ? status_.removed_for_age : status_.removed_for_bytes) +=
      count;
}

LogWriter::Group LogWriter::records_of(const Removal& removal, const GenerationStart& next,
                                       UnixNanos now) const {
  const std::string file = generation_file_name(directory_->readable().front().number);
  Group group(1);
  group[0].record = make_retention_record({std::string(name_of(removal.reason)),
                                           removal.records.first, removal.records.last, next.prev},
                                          file, directory_->log_id(), now);
  if (removal.unexported.first == 0) return group;
  const auto [first, last] = removal.unexported;
  const GapRecord gap{{"retention_unexported", "", last - first + 1, now, now}, file, first, last};
  group.emplace_back().record = make_gap_record(gap, directory_->log_id(), now);
  return group;
}

// Nobody of ours may have the file that is to be sealed.
void LogWriter::seal() {
  if (!directory_->has_to_seal()) return;
  readers_.set(directory_->readable());
  if (directory_->seal_older()) remember_directory();
}

void LogWriter::mend(const Now& now) {
  begin_mending();
  check_after_damage(now.monotonic);
  for (const SalvageDone& done : mender_.take_salvaged()) note_salvaged(done);
  for (const CheckDone& done : mender_.take_checked()) note_checked(done, now.wall);
}

// The next turn of run() begins the next generation if it is the active one that is damaged.
void LogWriter::note_checked(const CheckDone& done, UnixNanos now) {
  const bool is_damaged = !done.checked && done.checked.error().code == ErrorCode::Corrupt;
  if (!done.checked && !is_damaged) return;
  const LogGeneration* const active = directory_->active();
  if (is_damaged && active != nullptr && active->start().number == done.number) {
    directory_->retire(NextReason::Corrupt, now);
    note_failing(done.checked.error().message);
  } else {
    static_cast<void>(directory_->note_checked(done.number, !is_damaged, now));
  }
  if (!is_damaged) return;
  for (GapRecord& gap : directory_->take_gaps()) gaps_.push_back(std::move(gap));
  remember_directory();
}

// Whichever file it was that an answer found damaged.
void LogWriter::check_after_damage(MonotonicTime now) {
  if (now < next_check_ || !readers_.take_damage()) return;
  next_check_ = now + kCheckInterval;
  for (const ReadableGeneration& generation : directory_->readable()) {
    const bool has_holes = directory_->was_set_aside(generation.number);
    mender_.add(generation, has_holes ? Holes::Allow : Holes::Refuse);
  }
}

// Each file once: what failed is tried again after the next start.
void LogWriter::begin_mending() {
  const LogState kept = state();
  for (const std::string& name : directory_->set_aside()) {
    if (kept.values.contains(salvaged_name(name)) || mended_.contains(name)) continue;
    auto task = directory_->salvage_task(name);
    if (!task) continue;
    mended_.insert(name);
    mender_.add(*std::move(task));
  }
  for (const ReadableGeneration& generation : directory_->readable()) {
    if (generation.seal != Seal::Unchecked) continue;
    if (mended_.insert(generation.path).second) mender_.add(generation, Holes::Refuse);
  }
}

// The file is in its place before the gap says what is lost; a crash in between is mended by doing
// it once more.
void LogWriter::note_salvaged(const SalvageDone& done) {
  if (!done.salvaged) return;
  const Salvaged& salvaged = *done.salvaged;
  if (salvaged.groups != 0 && !directory_->adopt(salvaged.start)) return;
  remember_directory();
  const UnixNanos now = options_.clock().wall;
  GapRecord gap{{"salvaged", "", 0, now, now}, done.task.name, 0, 0, salvaged.lost};
  for (const SequenceRange& range : salvaged.lost) gap.gap.count += range.last - range.first + 1;
  Group group(1);
  group[0].record = make_gap_record(gap, directory_->log_id(), now);
  group[0].record.state_name = salvaged_name(done.task.name);
  if (!append_or_move_on(group)) return;
  gaps_ = directory_->take_gaps();
  is_checkpointed_ = false;
  remember_state(group);
}

// What is committed with the help of the reserve is the group that found the disk full.
bool LogWriter::spend_reserve() {
  const LogGeneration* active = directory_->active();
  if (active == nullptr || active->failure() != SqliteFailure::Full) return false;
  if (!directory_->free_reserve()) return false;
  is_reserve_spent_ = true;
  return true;
}

Result<void> LogWriter::rebuild_reserve() {
  if (options_.reserve_bytes != 0) {
    auto made = directory_->make_reserve(options_.reserve_bytes);
    if (!made) return made;
  }
  is_reserve_spent_ = false;
  return {};
}

RetentionLimits LogWriter::retention_limits() const {
  return {options_.age_max, retained_bytes_max(options_.bytes_max, directory_->volume_bytes())};
}

std::uint64_t LogWriter::retained_last_seq() const {
  const LogState kept = state();
  const auto place = kept.values.find(kRetentionState);
  std::uint64_t sequence = 0;
  if (place == kept.values.end()) return 0;
  const std::string& text = place->second;
  std::from_chars(text.data(), text.data() + text.size(), sequence);
  return sequence;
}

LogState LogWriter::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace betrace::storage
