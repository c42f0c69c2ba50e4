#include "betrace/storage/violation_log.h"

#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/storage/log_directory.h"
#include "betrace/storage/log_queue.h"
#include "betrace/storage/log_reader.h"

namespace betrace::storage {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIdle{1'000};
constexpr std::uint64_t kCheckpointBytes = 16ULL * 1024 * 1024;  // of payloads; the WAL is larger
constexpr std::size_t kRepeatsMax = 100'000;
constexpr std::uint64_t kRecordOverheadBytes = 1'024;

// Bytes that a record is accounted with while it is pending.
std::uint64_t pending_bytes(const model::ViolationRecord& record) {
  std::uint64_t bytes = kRecordOverheadBytes;
  for (const model::Witness& witness : record.violation.witnesses) {
    bytes += witness.span.byte_count();
  }
  return bytes;
}

// Ids whose newest decision was a repeat: what follows of that life of the trace is not written.
class RepeatedIds {
 public:
  void add(const ViolationIdBytes& id) {
    if (!ids_.insert(id).second) return;
    order_.push_back(id);
    if (order_.size() > kRepeatsMax) {
      ids_.erase(order_.front());
      order_.pop_front();
    }
  }
  [[nodiscard]] bool contains(const ViolationIdBytes& id) const { return ids_.contains(id); }

 private:
  std::set<ViolationIdBytes> ids_;
  std::deque<ViolationIdBytes> order_;
};

// Read connections that are not in use; a new generation makes all of them stale.
class ReaderPool {
 public:
  Result<std::unique_ptr<LogReader>> take() {
    std::vector<ReadableGeneration> readable;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        auto reader = std::move(free_.back());
        free_.pop_back();
        return reader;
      }
      readable = readable_;
    }
    return LogReader::open(std::move(readable));
  }

  void give_back(std::unique_ptr<LogReader> reader, std::uint64_t epoch) {
    const std::lock_guard lock(mutex_);
    if (epoch == epoch_) free_.push_back(std::move(reader));
  }

  void set(std::vector<ReadableGeneration> readable) {
    const std::lock_guard lock(mutex_);
    readable_ = std::move(readable);
    free_.clear();
    ++epoch_;
  }

  [[nodiscard]] std::uint64_t epoch() const {
    const std::lock_guard lock(mutex_);
    return epoch_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ReadableGeneration> readable_;
  std::vector<std::unique_ptr<LogReader>> free_;
  std::uint64_t epoch_ = 0;
};

LogQueueLimits queue_limits(const ViolationLogOptions& options) {
  return {options.pending_records_max, options.pending_bytes_max, options.group_records_max,
          options.group_bytes_max, options.group_time};
}

}  // namespace

class ViolationLog::Core {
 public:
  Core(ViolationLogOptions options, std::unique_ptr<LogDirectory> directory)
      : options_(std::move(options)),
        directory_(std::move(directory)),
        queue_(queue_limits(options_)) {
    readers_.set(directory_->readable());
    remember_state();
  }
  ~Core() {
    is_abandoned_.store(true);
    join();
  }

  Result<void> start();
  Result<void> stop(milliseconds grace);
  void record(model::ViolationRecord record);
  void record_gap(const Gap& gap);
  Result<std::uint64_t> append_rule_changes(std::span<const RuleChangeRecord> changes);
  [[nodiscard]] ViolationLogStatus status() const;

  LogQueue& queue() { return queue_; }

  // Runs `ask` on a read connection.
  template <typename Ask>
  auto with_reader(Ask ask) -> decltype(ask(std::declval<LogReader&>())) {
    const std::uint64_t epoch = readers_.epoch();
    auto reader = readers_.take();
    if (!reader) return fail(reader.error());
    auto answer = ask(**reader);
    readers_.give_back(std::move(*reader), epoch);
    return answer;
  }

 private:
  void serialise();
  void write();
  void commit(std::vector<PendingRecord>& group);
  bool try_commit(std::vector<PendingRecord>& group);
  void publish(std::vector<PendingRecord>& group, const std::vector<Appended>& appended);
  void give_up_waiting(std::vector<PendingRecord>& group, const Error& error);
  void recover(const Error& error);
  void drop_repeats(std::vector<PendingRecord>& group);
  void remember_state();
  void join();
  static std::uint64_t find_older(void* self, const ViolationIdBytes& id);

  PendingRecord pending(LogRecord record) const {
    PendingRecord made;
    made.byte_count = kRecordOverheadBytes + record.payload.size();
    made.record = std::move(record);
    return made;
  }

  const ViolationLogOptions options_;
  std::unique_ptr<LogDirectory> directory_;  // log thread, once started
  LogQueue queue_;
  ReaderPool readers_;
  RepeatedIds repeated_;  // log thread
  std::uint64_t bytes_since_checkpoint_ = 0;
  std::atomic<bool> is_abandoned_{false};
  std::atomic<bool> is_ending_{false};
  std::thread record_thread_;
  std::thread log_thread_;

  mutable std::mutex status_mutex_;
  ViolationLogStatus status_;
};

void ViolationLog::Core::remember_state() {
  const std::lock_guard lock(status_mutex_);
  status_.log_id = directory_->active().log_id();
  status_.last_sequence = directory_->active().last_sequence();
  status_.file_bytes = directory_->byte_count();
  status_.quarantined = directory_->quarantined();
  status_.is_on_network = directory_->is_on_network();
  status_.started_after_crash = directory_->recovery().crashed;
}

Result<void> ViolationLog::Core::start() {
  const UnixNanos now = options_.clock().wall;
  const LogRecovery& recovery = directory_->recovery();
  const std::string& log_id = directory_->active().log_id();
  std::vector<LogRecord> records;
  if (recovery.was_corrupt) {
    records.push_back(make_gap_record({"corrupt", "", 0, now, now}, log_id, now));
  }
  records.push_back(make_start_record(recovery.crashed, log_id, now));
  std::vector<const LogRecord*> views;
  for (const LogRecord& record : records) views.push_back(&record);
  auto appended = directory_->active().append(views, now, find_older, this);
  if (!appended) return fail(ErrorCode::StorageFailed, appended.error().message);
  remember_state();
  record_thread_ = std::thread([this] { serialise(); });
  log_thread_ = std::thread([this] { write(); });
  return {};
}

void ViolationLog::Core::record(model::ViolationRecord record) {
  std::vector<PendingRecord> one(1);
  one[0].byte_count = pending_bytes(record);
  one[0].violation = std::move(record);
  queue_.push(std::move(one));
}

void ViolationLog::Core::record_gap(const Gap& gap) {
  std::vector<PendingRecord> one;
  one.push_back(pending(make_gap_record(gap, status().log_id, options_.clock().wall)));
  queue_.push(std::move(one));
}

Result<std::uint64_t> ViolationLog::Core::append_rule_changes(
    std::span<const RuleChangeRecord> changes) {
  BETRACE_CHECK(!changes.empty());
  if (is_ending_.load()) return fail(ErrorCode::StorageFailed, "the violation log is closed");
  const std::string log_id = status().log_id;
  const auto waiter = std::make_shared<CommitWait>();
  std::vector<PendingRecord> records;
  for (const RuleChangeRecord& change : changes) {
    records.push_back(pending(make_rule_change_record(change, log_id)));
    records.back().waiter = waiter;
  }
  records.back().is_last_of_waiter = true;
  queue_.push(std::move(records));
  return waiter->wait();
}

// The record thread.
void ViolationLog::Core::serialise() {
  const std::string log_id = status().log_id;
  while (auto record = queue_.take_raw()) {
    if (record->violation) {
      record->record = make_violation_record(*record->violation, log_id, "");
    }
    queue_.push_serialised(std::move(*record));
  }
}

// The log thread.
void ViolationLog::Core::write() {
  while (!is_abandoned_.load()) {
    std::vector<PendingRecord> group = queue_.take_group(kIdle);
    if (!group.empty()) {
      commit(group);
    } else if (is_ending_.load() && queue_.records() == 0) {
      return;
    }
    const bool is_idle = group.empty() && bytes_since_checkpoint_ != 0;
    if (is_idle || bytes_since_checkpoint_ > kCheckpointBytes) {
      directory_->active().checkpoint();
      bytes_since_checkpoint_ = 0;
    }
  }
}

// What belongs to a life of a trace whose violation was a repeat is not written.
void ViolationLog::Core::drop_repeats(std::vector<PendingRecord>& group) {
  std::vector<PendingRecord> dropped;
  std::vector<PendingRecord> kept;
  for (PendingRecord& each : group) {
    const bool follows =
        each.record.type == LogRecordType::Final || each.record.type == LogRecordType::Revision;
    const bool is_repeat = follows && repeated_.contains(*each.record.violation_id);
    (is_repeat ? dropped : kept).push_back(std::move(each));
  }
  queue_.release(dropped);
  group = std::move(kept);
}

void ViolationLog::Core::commit(std::vector<PendingRecord>& group) {
  while (!group.empty() && !is_abandoned_.load()) {
    drop_repeats(group);
    if (group.empty() || try_commit(group)) return;
    // What is not on disk is kept and tried again; only who waits for it is told.
    const MonotonicTime next = options_.clock().monotonic + options_.retry_time;
    while (!is_abandoned_.load() && options_.clock().monotonic < next) {
      std::this_thread::sleep_for(milliseconds(10));
    }
  }
}

bool ViolationLog::Core::try_commit(std::vector<PendingRecord>& group) {
  std::vector<const LogRecord*> records;
  for (const PendingRecord& each : group) records.push_back(&each.record);
  auto appended = directory_->active().append(records, options_.clock().wall, find_older, this);
  if (!appended) {
    give_up_waiting(group, appended.error());
    recover(appended.error());
    return false;
  }
  for (const PendingRecord& each : group) bytes_since_checkpoint_ += each.record.payload.size();
  {
    const std::lock_guard lock(status_mutex_);
    status_.last_sequence = directory_->active().last_sequence();
    status_.is_failing = false;
    status_.reason.clear();
  }
  publish(group, *appended);
  queue_.release(group);
  return true;
}

void ViolationLog::Core::publish(std::vector<PendingRecord>& group,
                                 const std::vector<Appended>& appended) {
  std::vector<CommittedRecord> committed;
  std::uint64_t repeats = 0;
  std::uint64_t first_of_waiter = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    PendingRecord& each = group[i];
    if (each.waiter != nullptr) {
      if (first_of_waiter == 0) first_of_waiter = appended[i].sequence;
      if (!each.is_last_of_waiter) continue;
      each.waiter->finish(first_of_waiter);
      first_of_waiter = 0;
    } else if (each.violation && appended[i].sequence != 0) {
      committed.push_back(
          {appended[i].sequence, appended[i].first_sequence, std::move(*each.violation)});
    } else if (each.record.type == LogRecordType::Violation) {
      ++repeats;
      repeated_.add(*each.record.violation_id);
    }
  }
  if (repeats != 0) {
    const std::lock_guard lock(status_mutex_);
    status_.repeats += repeats;
  }
  if (options_.publish && !committed.empty()) options_.publish(committed);
}

// Rule changes are answered now and must not be committed later behind the caller's back.
void ViolationLog::Core::give_up_waiting(std::vector<PendingRecord>& group, const Error& error) {
  std::vector<PendingRecord> kept;
  std::vector<PendingRecord> dropped;
  for (PendingRecord& each : group) {
    if (each.waiter != nullptr) {
      each.waiter->finish(fail(ErrorCode::StorageFailed, error.message));
      dropped.push_back(std::move(each));
    } else {
      kept.push_back(std::move(each));
    }
  }
  queue_.release(dropped);
  group = std::move(kept);
}

void ViolationLog::Core::recover(const Error& error) {
  {
    const std::lock_guard lock(status_mutex_);
    status_.is_failing = true;
    status_.reason = error.message;
  }
  const SqliteFailure failure = directory_->active().last_failure();
  if (failure != SqliteFailure::Io && failure != SqliteFailure::Corrupt) return;
  const bool is_corrupt = failure == SqliteFailure::Corrupt;
  if (!directory_->begin_next(is_corrupt, options_.clock().wall)) return;
  readers_.set(directory_->readable());
  remember_state();
  const UnixNanos now = options_.clock().wall;
  const LogRecord gap = make_gap_record({is_corrupt ? "corrupt" : "io_error", "", 0, now, now},
                                        directory_->active().log_id(), now);
  const LogRecord* const records[] = {&gap};
  (void)directory_->active().append(records, now, find_older, this);
}

std::uint64_t ViolationLog::Core::find_older(void* self, const ViolationIdBytes& id) {
  auto* core = static_cast<Core*>(self);
  if (core->directory_->readable().size() < 2) return 0;
  return core->with_reader([&id](LogReader& reader) { return reader.first_sequence(id); })
      .value_or(0);
}

ViolationLogStatus ViolationLog::Core::status() const {
  const std::lock_guard lock(status_mutex_);
  ViolationLogStatus status = status_;
  status.pending_records = queue_.records();
  status.pending_bytes = queue_.bytes();
  return status;
}

void ViolationLog::Core::join() {
  queue_.stop();
  if (record_thread_.joinable()) record_thread_.join();
  is_ending_.store(true);
  if (log_thread_.joinable()) log_thread_.join();
}

Result<void> ViolationLog::Core::stop(milliseconds grace) {
  const bool is_empty = queue_.wait_until_empty(grace);
  if (!is_empty) is_abandoned_.store(true);
  join();
  if (!is_empty) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("{} records could not be committed in time", queue_.records()));
  }
  const UnixNanos now = options_.clock().wall;
  const LogRecord stop = make_stop_record(directory_->active().log_id(), now);
  const LogRecord* const records[] = {&stop};
  const auto appended = directory_->active().append(records, now, find_older, this);
  if (!appended) return fail(ErrorCode::StorageFailed, appended.error().message);
  directory_->active().checkpoint();
  return {};
}

ViolationLog::ViolationLog(std::unique_ptr<Core> core) : core_(std::move(core)) {}
ViolationLog::~ViolationLog() = default;

Result<std::unique_ptr<ViolationLog>> ViolationLog::open(ViolationLogOptions options) {
  auto directory = LogDirectory::open(options);
  if (!directory) return fail(directory.error());
  auto core = std::make_unique<Core>(std::move(options), std::move(*directory));
  if (auto done = core->start(); !done) return fail(done.error());
  return std::unique_ptr<ViolationLog>(new ViolationLog(std::move(core)));
}

void ViolationLog::record(model::ViolationRecord record) { core_->record(std::move(record)); }

bool ViolationLog::is_full() const noexcept { return core_->queue().is_full(); }

Result<std::uint64_t> ViolationLog::append_rule_change(const RuleChangeRecord& change) {
  return core_->append_rule_changes({&change, 1});
}

Result<std::uint64_t> ViolationLog::append_rule_changes(std::span<const RuleChangeRecord> changes) {
  return core_->append_rule_changes(changes);
}

void ViolationLog::record_gap(const Gap& gap) { core_->record_gap(gap); }

Result<void> ViolationLog::flush(milliseconds wait) {
  if (core_->queue().wait_until_empty(wait)) return {};
  return fail(ErrorCode::Unavailable, "the violation log is not written in time");
}

Result<void> ViolationLog::stop(milliseconds grace) { return core_->stop(grace); }

ViolationLogStatus ViolationLog::status() const { return core_->status(); }

Result<ViolationPage> ViolationLog::query(const ViolationQuery& query) const {
  return core_->with_reader([&query](LogReader& reader) { return reader.query(query); });
}

Result<StoredViolation> ViolationLog::find(std::string_view id) const {
  constexpr std::string_view kPrefix = "viol-";
  ViolationIdBytes bytes{};
  if (!id.starts_with(kPrefix) || !from_hex(id.substr(kPrefix.size()), bytes)) {
    return fail(ErrorCode::NotFound, "no such violation");
  }
  return core_->with_reader([&bytes](LogReader& reader) { return reader.find(bytes); });
}

Result<ViolationSummary> ViolationLog::summary(UnixNanos start, UnixNanos end,
                                               std::size_t buckets) const {
  return core_->with_reader([=](LogReader& reader) { return reader.summary(start, end, buckets); });
}

Result<std::vector<StoredRuleChange>> ViolationLog::rule_history(std::string_view rule_id,
                                                                 std::size_t limit) const {
  return core_->with_reader([=](LogReader& reader) { return reader.rule_history(rule_id, limit); });
}

Result<std::map<std::string, RecordedRule>> ViolationLog::recorded_rules() const {
  return core_->with_reader([](LogReader& reader) { return reader.recorded_rules(); });
}

}  // namespace betrace::storage
