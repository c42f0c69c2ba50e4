#include "betrace/storage/log_writer.h"

#include <optional>
#include <utility>

#include "betrace/base/mutant.h"

namespace betrace::storage {
namespace {

constexpr std::chrono::milliseconds kIdle{1'000};
constexpr std::uint64_t kWalPagesMax = 32ULL * 1024 * 1024 / 4096;

}  // namespace

LogWriter::LogWriter(const ViolationLogOptions& options, std::unique_ptr<LogDirectory> directory,
                     LogKeys keys, LogQueue& queue, ReaderPool& readers)
    : options_(options),
      directory_(std::move(directory)),
      keys_(std::move(keys)),
      queue_(queue),
      readers_(readers),
      started_(options.clock()),
      mender_(options.files != nullptr ? *options.files : real_file_system()) {
  status_.started_after_crash = directory_->has_crashed();
  gaps_ = directory_->take_gaps();
  remember_directory();
}

Result<void> LogWriter::begin() {
  state_ = directory_->active()->state();
  static_cast<void>(rebuild_reserve());
  // The WAL begins anew: what is left of a commit that was cut off would lie behind the next one
  // that is, and together they look like damage.
  if (directory_->has_crashed() && directory_->active() != nullptr) checkpoint();
  if (auto begun = begin_keys(); !begun) return begun;
  Group group(1);
  group[0].record = make_start_record({directory_->has_crashed(), options_.is_insecure},
                                      directory_->log_id(), options_.clock().wall);
  const auto appended = append_or_move_on(group);
  if (!appended) return fail(ErrorCode::StorageFailed, appended.error().message);
  gaps_ = directory_->take_gaps();
  remember_state(group);
  directory_->remove_through(retained_last_seq());  // a crash came between its record and its end
  remember_directory();
  return {};
}

void LogWriter::run() {
  while (!is_abandoned_.load()) {
    Group group = queue_.take_group(kIdle);
    const bool is_idle = group.empty();
    if (is_idle && queue_.is_drained()) return;
    commit(group);
    const LogGeneration* active = directory_->active();
    if (active == nullptr) continue;
    if (active->wal_pages() > kWalPagesMax || (is_idle && !is_checkpointed_)) checkpoint();
    if (directory_->active() != nullptr) tend();
  }
}

Result<void> LogWriter::end() {
  // Gaps first: the last record of an orderly end is the `stop`.
  auto appended =
      gaps_.empty() && !tells_key_ ? Result<std::vector<Appended>>() : append_or_move_on({});
  if (appended) {
    gaps_ = directory_->take_gaps();
    Group group(1);
    group[0].record = make_stop_record(directory_->log_id(), options_.clock().wall);
    appended = append_or_move_on(group);
  }
  if (!appended) return fail(ErrorCode::StorageFailed, appended.error().message);
  static_cast<void>(directory_->active()->checkpoint());
  remember_directory();
  return {};
}

void LogWriter::abandon() {
  const std::lock_guard lock(pause_mutex_);
  is_abandoned_.store(true);
  pause_ended_.notify_all();
}

// While there is a fault, an empty group is tried too: that is the probe.
void LogWriter::commit(Group& group) {
  while (!is_abandoned_.load()) {
    const bool is_faulty =
        !gaps_.empty() || tells_key_ || directory_->active() == nullptr || is_reserve_spent_;
    const bool is_idle = group.empty() && !is_faulty && !has_export_to_keep();
    if (is_idle || try_commit(group)) return;
    if (group.empty() && queue_.is_drained()) return;  // nobody waits for the fault to end
    pause();
  }
  give_up_waiting(group, {ErrorCode::StorageFailed, "the violation log is closed"});
}

bool LogWriter::try_commit(Group& group) {
  make_rotations(group);
  auto appended = is_reserve_spent_
                      ? rebuild_reserve().and_then([&] { return append_or_move_on(group); })
                      : append_or_move_on(group);
  if (!appended) {
    give_up_waiting(group, appended.error());
    return false;
  }
  finish_rotations(group);
  committed(group, *appended);
  return true;
}

// What fails together with the handle is tried at once in the next generation, once: numbers from
// its first one on do not count in the old file, whatever of them has reached it. Until that one is
// on disk a restart would believe the old file: StorageUncertain.
Result<std::vector<Appended>> LogWriter::append_or_move_on(const Group& group) {
  static const Group kNothing;
  bool is_uncertain = false;
  const auto failed = [&is_uncertain](const Error& error) {
    return fail(is_uncertain ? ErrorCode::StorageUncertain : ErrorCode::StorageFailed,
                error.message);
  };
  for (bool is_first_try = true;; is_first_try = false) {
    if (directory_->active() == nullptr) {
      if (auto begun = begin_generation(); !begun) return failed(begun.error());
    }
    auto appended = append(is_mutant('q') && !is_first_try ? kNothing : group);
    if (appended && is_mutant('q')) appended->resize(group.size());
    if (appended) return appended;
    note_failure(appended.error());
    const bool is_lost = directory_->active() == nullptr;
    is_uncertain = is_uncertain || is_lost;
    const bool has_moved_on = is_lost && is_first_try;
    if (!has_moved_on && !spend_reserve()) return failed(appended.error());
  }
}

Result<std::vector<Appended>> LogWriter::append(const Group& group) {
  const UnixNanos now = options_.clock().wall;
  std::vector<LogRecord> told;
  for (const GapRecord& gap : is_mutant('o') ? std::vector<GapRecord>() : gaps_) {
    told.push_back(make_gap_record(gap, directory_->log_id(), now));
  }
  for (LogRecord& event : key_events(now)) told.push_back(std::move(event));
  std::vector<const LogRecord*> records;
  for (const PendingRecord& each : group) records.push_back(&each.record);
  for (const LogRecord& each : told) records.push_back(&each);
  std::optional<ExportPositions> positions;
  std::uint64_t moves = 0;
  {
    const std::lock_guard lock(mutex_);
    moves = export_moves_;
    if (moves != export_moves_kept_) positions = state_.positions;
  }
  const auto& record_key = options_.record_keys.active;
  const LogSeal seal{keys_.active(), record_key ? &*record_key : nullptr};
  auto appended =
      directory_->active()->append(records, now, *this, seal, positions ? &*positions : nullptr);
  if (appended) told_keys();
  const std::lock_guard lock(mutex_);
  if (!appended) return appended;
  export_moves_kept_ = moves;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if ((*appended)[i].sequence == 0) continue;
    ++status_.records_by_type[static_cast<std::size_t>(records[i]->type)];
  }
  if (directory_->tail().last_seq != last_commit_.last_seq) {  // it was not repeats alone
    last_commit_ = {directory_->active()->last_envelope(), directory_->tail().last_seq};
  }
  return appended;
}

void LogWriter::note_failure(const Error& error) {
  note_failing(error.message);
  if (retire_if_lost() || has_told_fault_) return;
  has_told_fault_ = true;
  const UnixNanos now = options_.clock().wall;
  const bool is_full = directory_->active()->failure() == SqliteFailure::Full;
  gaps_.push_back({{is_full ? "disk_full" : "commit_failed", "", 0, now, now}, "", 0, 0});
}

// After an I/O error or damage the handle is not used again.
bool LogWriter::retire_if_lost() {
  const SqliteFailure failure = directory_->active()->failure();
  if (failure != SqliteFailure::Io && failure != SqliteFailure::Corrupt) return false;
  if (is_mutant('j')) return false;
  const bool is_io = failure == SqliteFailure::Io;
  directory_->retire(is_io ? NextReason::IoError : NextReason::Corrupt, options_.clock().wall);
  remember_directory();
  return true;
}

// Who waits is answered now, and what was answered must not be committed later.
void LogWriter::give_up_waiting(Group& group, const Error& error) {
  Group waiting = queue_.take_waiting();
  for (const PendingRecord& each : waiting) {
    each.waiter->finish(fail(ErrorCode::StorageFailed, error.message));  // it was not tried
  }
  Group kept;
  for (PendingRecord& each : group) {
    if (each.waiter != nullptr) each.waiter->finish(fail(error));
    (each.waiter != nullptr ? waiting : kept).push_back(std::move(each));
  }
  group = std::move(kept);
  queue_.release(waiting);
}

Result<void> LogWriter::begin_generation() {
  auto begun = directory_->begin_next(state(), options_.clock().wall);
  remember_directory();
  if (!begun) {
    note_failing(begun.error().message);
    return begun;
  }
  for (GapRecord& gap : directory_->take_gaps()) gaps_.push_back(std::move(gap));
  return {};
}

void LogWriter::committed(Group& group, const std::vector<Appended>& appended) {
  gaps_ = directory_->take_gaps();
  has_told_fault_ = false;
  is_checkpointed_ = false;
  remember_state(group);
  if (is_reserve_spent_ && !rebuild_reserve()) {
    note_failing("no room: the disk is full, and its reserve is used");
  }
  note_decisions(group, appended);
  for (std::size_t i = 0; i < group.size(); ++i) {
    // The first call counts: each waiter gets the sequence of its first record.
    if (group[i].waiter != nullptr) group[i].waiter->finish(appended[i].sequence);
  }
  publish(group, appended);
  queue_.release(group);
}

void LogWriter::note_decisions(const Group& group, const std::vector<Appended>& appended) {
  std::uint64_t repeats = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const LogRecord& record = group[i].record;
    if (record.type != LogRecordType::Violation) continue;
    if (appended[i].is_repeat) {
      repeated_.add(*record.violation_id);
      ++repeats;
    } else {
      repeated_.remove(*record.violation_id);
    }
  }
  const std::lock_guard lock(mutex_);
  status_.repeats += repeats;
}

void LogWriter::publish(Group& group, const std::vector<Appended>& appended) {
  if (!options_.publish) return;
  std::vector<CommittedRecord> records;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!group[i].violation || appended[i].sequence == 0) continue;
    records.push_back(
        {appended[i].sequence, appended[i].first_sequence, *std::move(group[i].violation)});
  }
  if (!records.empty()) options_.publish(records);
}

void LogWriter::remember_state(const Group& group) {
  const std::lock_guard lock(mutex_);
  status_.last_sequence = directory_->tail().last_seq;
  status_.is_failing = false;
  status_.reason.clear();
  for (const PendingRecord& each : group) {
    if (each.record.state_name.empty()) continue;
    state_.values[each.record.state_name] = each.record.state_value;
  }
}

void LogWriter::remember_directory() {
  readers_.set(directory_->readable());
  const std::uint64_t bytes = directory_->byte_count();
  const std::lock_guard lock(mutex_);
  status_.log_id = directory_->log_id();
  status_.last_sequence = directory_->tail().last_seq;
  status_.file_bytes = bytes;
  status_.bytes_max = retention_limits().bytes_max;
  status_.quarantined = directory_->set_aside().size();
  status_.is_on_network = directory_->is_on_network();
}

void LogWriter::note_failing(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  status_.is_failing = true;
  status_.reason = reason;
}

// The next turn of run() begins the next generation if this one is lost.
void LogWriter::checkpoint() {
  is_checkpointed_ = true;
  const auto done = directory_->active()->checkpoint();
  if (!done && retire_if_lost()) note_failing(done.error().message);
}

void LogWriter::pause() {
  std::unique_lock lock(pause_mutex_);
  pause_ended_.wait_for(lock, options_.retry_time, [this] { return is_abandoned_.load(); });
}

Result<std::uint64_t> LogWriter::find_older(const ViolationIdBytes& id) {
  const auto ask = [this, &id]() -> Result<std::uint64_t> {
    if (directory_->readable().size() < 2) return 0;
    return readers_.ask([&id](LogReader& reader) { return reader.first_sequence(id); });
  };
  auto found = ask();
  if (found || found.error().code != ErrorCode::Corrupt) return found;
  if (auto done = directory_->check_older(id, options_.clock().wall); !done) {
    return fail(done.error());
  }
  remember_directory();  // its gap is told with the next group
  return ask();
}

bool LogWriter::was_repeat(const ViolationIdBytes& id) const { return repeated_.contains(id); }

ViolationLogStatus LogWriter::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::map<std::string, RecordedRule> LogWriter::recorded_rules() const {
  const std::string prefix = recorded_rule_name("");
  const std::lock_guard lock(mutex_);
  std::map<std::string, RecordedRule> recorded;
  for (const auto& [name, value] : state_.values) {
    if (!name.starts_with(prefix)) continue;
    const auto rule = read_recorded_rule(value);
    if (rule) recorded.emplace(name.substr(prefix.size()), *rule);
  }
  return recorded;
}

std::optional<ExportPosition> LogWriter::export_position(std::string_view sink) const {
  const std::lock_guard lock(mutex_);
  const auto known = state_.positions.find(sink);
  return known == state_.positions.end() ? std::nullopt : std::optional(known->second);
}

void LogWriter::move_export(std::string_view sink, ExportPosition position) {
  const std::lock_guard lock(mutex_);
  state_.positions.insert_or_assign(std::string(sink), std::move(position));
  ++export_moves_;
}

bool LogWriter::has_export_to_keep() const {
  const std::lock_guard lock(mutex_);
  return export_moves_ != export_moves_kept_;
}

std::string LogWriter::rule_sha256(std::string_view rule_id, std::uint64_t revision) const {
  const std::string name = recorded_rule_name(rule_id);
  const std::lock_guard lock(mutex_);
  const auto place = state_.values.find(name);
  if (place == state_.values.end()) return {};
  const auto recorded = read_recorded_rule(place->second);
  return recorded && recorded->revision == revision ? recorded->sha256 : std::string();
}

}  // namespace betrace::storage
