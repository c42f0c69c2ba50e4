#include "betrace/app/settled_violations.h"

#include <cstring>
#include <utility>

namespace betrace::app {
namespace {

std::uint64_t beginning_of(const model::ViolationKey& key) {
  std::uint64_t beginning = 0;
  std::memcpy(&beginning, key.digest.data(), sizeof(beginning));
  return beginning;
}

}  // namespace

void SettledViolations::record(model::ViolationRecord record) {
  const model::ViolationKey key = record.violation.key;
  if (record.type == model::RecordType::Violation) {
    // The remainder of an evicted trace can decide once more what is known already.
    if (!is_new(key)) return;
    // Nothing follows on a violation of span scope: its span does not change.
    if (record.violation.explanation.scope == "span") return on_settled_(record.violation);
    if (!record.violation.early) closed_.push_back(Closed{record.violation.timestamp, key});
    pending_.insert_or_assign(key, std::move(record.violation));
    return;
  }
  const auto found = pending_.find(key);
  if (found == pending_.end()) return;
  const UnixNanos first_decided = found->second.timestamp;
  if (record.type == model::RecordType::Final) {
    closed_.push_back(Closed{record.violation.timestamp, key});
  }
  found->second = std::move(record.violation);
  found->second.timestamp = first_decided;
}

void SettledViolations::advance(UnixNanos now) {
  const auto late = static_cast<UnixNanos>(late_max_.count());
  while (!closed_.empty() && now > closed_.front().since && now - closed_.front().since > late) {
    settle(closed_.front().key);
    closed_.pop_front();
  }
}

void SettledViolations::finish() {
  for (const Closed& closed : closed_) settle(closed.key);
  closed_.clear();
  for (const auto& entry : pending_) on_settled_(entry.second);
  pending_.clear();
}

bool SettledViolations::is_new(const model::ViolationKey& key) {
  const std::uint64_t beginning = beginning_of(key);
  if (known_.contains(beginning) || known_before_.contains(beginning)) return false;
  if (known_.size() >= known_max_) {
    known_before_ = std::move(known_);
    known_.clear();
  }
  known_.insert(beginning);
  return true;
}

void SettledViolations::settle(const model::ViolationKey& key) {
  const auto found = pending_.find(key);
  if (found == pending_.end()) return;
  on_settled_(found->second);
  pending_.erase(found);
}

}  // namespace betrace::app
