// The part of the log thread that is about keys: which one seals, and what the log says of it.
#include <utility>

#include "betrace/storage/log_writer.h"

namespace betrace::storage {
namespace {

// Row of `state`: the key id of HMACs, as it was told last.
constexpr std::string_view kRecordKeyState = "record_key";

}  // namespace

Result<void> LogWriter::begin_keys() {
  const std::uint64_t next_seq = directory_->tail().last_seq + 1;
  if (auto begun = keys_.begin(next_seq); !begun) return begun;
  tells_key_ = keys_.has_begun_at(next_seq);
  const auto& key = options_.record_keys.active;
  const auto told = state_.values.find(kRecordKeyState);
  const std::string before = told == state_.values.end() ? std::string() : told->second;
  tells_record_key_ = before != (key ? key->kid() : "");
  state_.values[std::string(kRecordKeyState)] = key ? key->kid() : "";
  remember_keys();
  return {};
}

// What a key says when it begins, in its first group.
std::vector<LogRecord> LogWriter::key_events(UnixNanos now) const {
  std::vector<LogRecord> events;
  if (tells_key_) {
    events.push_back(
        make_key_event_record({"previous", keys_.previous()}, directory_->log_id(), now));
  }
  if (tells_record_key_) {
    events.push_back(make_key_event_record({"record_key", {}}, directory_->log_id(), now));
    events.back().state_name = kRecordKeyState;
    const auto& key = options_.record_keys.active;
    events.back().state_value = key ? key->kid() : "";
  }
  return events;
}

void LogWriter::told_keys() {
  if (tells_key_) keys_.forget_previous();
  tells_key_ = false;
  tells_record_key_ = false;
}

// The old key names the new one in the last group that it seals.
void LogWriter::make_rotations(Group& group) {
  Group made;
  Group refused;
  for (PendingRecord& each : group) {
    const bool is_due = each.rotation && each.record.payload.empty();
    const auto next = is_due ? keys_.prepare_next() : keys_.active().public_key();
    if (is_due && next) {
      each.record =
          make_key_event_record({"next", *next}, directory_->log_id(), options_.clock().wall);
    }
    if (!next) each.waiter->finish(fail(next.error()));
    (next ? made : refused).push_back(std::move(each));
  }
  group = std::move(made);
  queue_.release(refused);
}

void LogWriter::finish_rotations(Group& group) {
  for (PendingRecord& each : group) {
    if (!each.rotation) continue;
    const std::uint64_t next_seq = directory_->tail().last_seq + 1;
    if (auto used = keys_.use_next(next_seq, *each.rotation); !used) {
      each.waiter->finish(fail(ErrorCode::StorageFailed, used.error().message));
      continue;
    }
    tells_key_ = true;
    remember_keys();
  }
}

void LogWriter::remember_keys() {
  const std::lock_guard lock(mutex_);
  key_ring_ = keys_.ring();
  status_.has_new_key = keys_.is_new();
}

LastCommit LogWriter::last_commit() const {
  const std::lock_guard lock(mutex_);
  return last_commit_;
}

evidence::KeyRing LogWriter::key_ring() const {
  const std::lock_guard lock(mutex_);
  return key_ring_;
}

}  // namespace betrace::storage
