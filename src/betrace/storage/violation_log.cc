#include "betrace/storage/violation_log.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/storage/log_backup.h"
#include "betrace/storage/log_queue.h"
#include "betrace/storage/log_writer.h"
#include "betrace/storage/reader_pool.h"
#include "betrace/storage/sqlite.h"

namespace betrace::storage {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kRecordOverheadBytes = 1'024;
constexpr std::string_view kIdPrefix = "viol-";

// Bytes that a violation is accounted with while it is pending: what it holds.
std::uint64_t pending_bytes(const model::ViolationRecord& record) {
  const model::Violation& violation = record.violation;
  std::uint64_t bytes = kRecordOverheadBytes + violation.message.size();
  for (const model::Witness& witness : violation.witnesses) {
    bytes += witness.role.size() + witness.span.packed().byte_count;
  }
  for (const model::Clause& clause : violation.explanation.clauses) {
    bytes += clause.text.size() + clause.spans.size() * sizeof(model::SpanId);
  }
  return bytes;
}

PendingRecord pending(LogRecord record) {
  PendingRecord made;
  made.byte_count = kRecordOverheadBytes + record.payload.size();
  made.record = std::move(record);
  return made;
}

LogQueueLimits queue_limits(const ViolationLogOptions& options) {
  return {options.pending_records_max, options.pending_bytes_max, options.group_records_max,
          options.group_bytes_max, options.group_time};
}

Result<ViolationIdBytes> read_id(std::string_view id) {
  ViolationIdBytes bytes{};
  if (id.starts_with(kIdPrefix) && from_hex(id.substr(kIdPrefix.size()), bytes)) return bytes;
  return fail(ErrorCode::NotFound, "no such violation");
}

// What fails at the start is read by somebody who has to do something about it.
tl::unexpected<Error> fail_at(const std::string& path, const Error& error) {
  if (error.code != ErrorCode::StorageFailed) return fail(error);
  return fail(error.code,
              fmt::format("{}; state.path is {}, BETRACE_STATE_PATH names another directory",
                          error.message, path));
}

}  // namespace

class ViolationLog::Core {
 public:
  Core(ViolationLogOptions given, std::unique_ptr<LogDirectory> directory, LogKeys keys)
      : options(std::move(given)),
        queue(queue_limits(options)),
        writer(options, std::move(directory), std::move(keys), queue, readers) {}

  ~Core() {
    writer.abandon();
    join();
  }

  void start() {
    record_thread_ = std::thread([this] { serialise(); });
    log_thread_ = std::thread([this] { writer.run(); });
  }

  // Nothing is accepted any more; what is in the queue is still committed unless abandoned.
  void join() {
    queue.close();
    if (record_thread_.joinable()) record_thread_.join();
    if (log_thread_.joinable()) log_thread_.join();
    for (const PendingRecord& each : queue.take_waiting()) {
      each.waiter->finish(fail(ErrorCode::StorageFailed, "the violation log is closed"));
    }
  }

  const ViolationLogOptions options;
  LogQueue queue;
  ReaderPool readers;
  LogWriter writer;

 private:
  // The record thread.
  void serialise() {
    const std::string log_id = writer.status().log_id;
    const auto& key = options.record_keys.active;
    for (;;) {
      std::vector<PendingRecord> batch = queue.take_raw();
      if (batch.empty()) return;
      for (PendingRecord& each : batch) {
        const model::Violation& violation = each.violation->violation;
        const std::string sha256 = writer.rule_sha256(violation.rule_id, violation.rule_revision);
        each.record = make_violation_record(*each.violation, log_id, sha256, key ? &*key : nullptr);
      }
      queue.hand_on(std::move(batch));
    }
  }

  std::thread record_thread_;
  std::thread log_thread_;
};

ViolationLog::ViolationLog(std::unique_ptr<Core> core) : core_(std::move(core)) {}
ViolationLog::~ViolationLog() = default;

Result<std::unique_ptr<ViolationLog>> ViolationLog::open(ViolationLogOptions options) {
  const std::string path = options.path;
  limit_sqlite_memory(options.cache_bytes_max);
  auto directory = LogDirectory::open(options);
  if (!directory) return fail_at(path, directory.error());
  auto keys = LogKeys::open(options.files != nullptr ? *options.files : real_file_system(), path,
                            options.evidence_key_file);
  if (!keys) return fail_at(path, keys.error());
  auto core = std::make_unique<Core>(std::move(options), *std::move(directory), *std::move(keys));
  if (auto begun = core->writer.begin(); !begun) return fail_at(path, begun.error());
  core->start();
  return std::unique_ptr<ViolationLog>(new ViolationLog(std::move(core)));
}

void ViolationLog::record(model::ViolationRecord record) {
  PendingRecord made;
  made.byte_count = pending_bytes(record);
  made.violation = std::move(record);
  core_->queue.push(std::move(made));
}

bool ViolationLog::is_full() const noexcept { return core_->queue.is_full(); }

Result<std::uint64_t> ViolationLog::append_rule_change(const RuleChangeRecord& change) {
  return append_rule_changes({&change, 1});
}

Result<std::uint64_t> ViolationLog::append_rule_changes(std::span<const RuleChangeRecord> changes) {
  BETRACE_CHECK(!changes.empty());
  const ViolationLogStatus now = core_->writer.status();
  if (now.is_failing) return fail(ErrorCode::StorageFailed, now.reason);
  const auto waiter = std::make_shared<CommitWait>();
  std::vector<PendingRecord> records;
  for (const RuleChangeRecord& change : changes) {
    records.push_back(pending(make_rule_change_record(change, now.log_id)));
    records.back().waiter = waiter;
  }
  if (!core_->queue.push_serialised(std::move(records))) {
    return fail(ErrorCode::StorageFailed, "the violation log is closed");
  }
  return waiter->wait();
}

void ViolationLog::record_gap(const Gap& gap, SequenceRange about) {
  std::vector<PendingRecord> one;
  one.push_back(
      pending(make_gap_record({gap, "", about.first, about.last}, core_->writer.status().log_id,
                              core_->options.clock().wall)));
  core_->queue.push_serialised(std::move(one));
}

bool ViolationLog::record_statement(LogRecordType type, const Json& members, UnixNanos now) {
  std::vector<PendingRecord> one;
  one.push_back(pending(make_statement_record(type, members, core_->writer.status().log_id, now)));
  return core_->queue.push_serialised(std::move(one));
}

Result<void> ViolationLog::flush(milliseconds wait) {
  if (core_->queue.wait_until_released(wait)) return {};
  return fail(ErrorCode::Unavailable, "the violation log is not written in time");
}

Result<void> ViolationLog::stop(milliseconds grace) {
  core_->queue.close();  // what came later could fail while nobody watches the time
  const bool is_empty = core_->queue.wait_until_released(grace);
  if (!is_empty) core_->writer.abandon();
  core_->join();
  if (is_empty) return core_->writer.end();
  return fail(ErrorCode::StorageFailed,
              fmt::format("{} records could not be committed in time", core_->queue.records()));
}

ViolationLogStatus ViolationLog::status() const {
  ViolationLogStatus status = core_->writer.status();
  status.pending_records = core_->queue.records();
  status.pending_bytes = core_->queue.bytes();
  return status;
}

evidence::KeyRing ViolationLog::key_ring() const { return core_->writer.key_ring(); }

Result<evidence::RingKey> ViolationLog::rotate_key(evidence::KeyStatus old_status) {
  const auto waiter = std::make_shared<CommitWait>();
  std::vector<PendingRecord> one(1);
  one[0].byte_count = kRecordOverheadBytes;
  one[0].rotation = old_status;
  one[0].waiter = waiter;
  if (!core_->queue.push_serialised(std::move(one))) {
    return fail(ErrorCode::StorageFailed, "the violation log is closed");
  }
  if (auto done = waiter->wait(); !done) return fail(done.error());
  return core_->writer.key_ring().keys.back();
}

Result<ViolationPage> ViolationLog::query(const ViolationQuery& query) const {
  return core_->readers.ask([&query](LogReader& reader) { return reader.query(query); });
}

Result<StoredViolation> ViolationLog::find(std::string_view id) const {
  return read_id(id).and_then([this](const ViolationIdBytes& bytes) {
    return core_->readers.ask([&bytes](LogReader& reader) { return reader.find(bytes); });
  });
}

LastCommit ViolationLog::last_commit() const { return core_->writer.last_commit(); }

Result<std::vector<EvidenceGroup>> ViolationLog::evidence(const EvidenceQuery& query) const {
  return core_->readers.ask([&query](LogReader& reader) { return reader.groups(query); });
}

Result<EvidenceQuery> ViolationLog::evidence_range(UnixNanos start, UnixNanos end) const {
  return core_->readers.ask([&](LogReader& reader) { return reader.range(start, end); });
}

Result<std::vector<EvidenceProof>> ViolationLog::evidence_of(std::string_view id) const {
  return read_id(id).and_then([this](const ViolationIdBytes& bytes) {
    return core_->readers.ask([&bytes](LogReader& reader) { return reader.proofs(bytes); });
  });
}

Result<ViolationSummary> ViolationLog::summary(UnixNanos start, UnixNanos end,
                                               std::size_t buckets) const {
  BETRACE_CHECK(start < end);
  return core_->readers.ask([&](LogReader& reader) { return reader.summary(start, end, buckets); });
}

Result<std::vector<StoredRuleChange>> ViolationLog::rule_history(std::string_view rule_id,
                                                                 std::size_t limit) const {
  return core_->readers.ask([&](LogReader& reader) { return reader.rule_history(rule_id, limit); });
}

Result<RecordPage> ViolationLog::records(const RecordQuery& query) const {
  return core_->readers.ask([&query](LogReader& reader) { return reader.records(query); });
}

Result<std::map<std::string, RecordedRule>> ViolationLog::recorded_rules() const {
  return core_->writer.recorded_rules();
}

Result<BackupReport> ViolationLog::back_up(const std::string& path) const {
  FileSystem* files = core_->options.files;
  return write_backup(files != nullptr ? *files : real_file_system(), core_->options.path,
                      core_->readers.readable(), path);
}

Result<ViolationTail> ViolationLog::tail(const TailQuery& query) const {
  return core_->readers.ask([&query](LogReader& reader) { return reader.tail(query); });
}

Result<TailSize> ViolationLog::tail_size(const TailQuery& query) const {
  return core_->readers.ask([&query](LogReader& reader) { return reader.tail_size(query); });
}

std::optional<ExportPosition> ViolationLog::export_position(std::string_view sink) const {
  return core_->writer.export_position(sink);
}

void ViolationLog::move_export(std::string_view sink, ExportPosition position) {
  core_->writer.move_export(sink, std::move(position));
}

}  // namespace betrace::storage
