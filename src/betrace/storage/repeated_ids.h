// Violations whose newest decision was a repeat: what follows of that life of the trace is not
// written. Bounded, since a life of a trace is.
//
// Owned by the log thread.
#pragma once

#include <cstddef>
#include <deque>
#include <set>

#include "betrace/storage/log_record.h"

namespace betrace::storage {

/// One thread.
class RepeatedIds {
 public:
  void add(const ViolationIdBytes& id);
  /// The violation was recorded after all.
  void remove(const ViolationIdBytes& id) { ids_.erase(id); }
  [[nodiscard]] bool contains(const ViolationIdBytes& id) const { return ids_.count(id) > 0; }

 private:
  std::set<ViolationIdBytes> ids_;
  std::deque<ViolationIdBytes> order_;  // oldest first; may name what was removed
};

}  // namespace betrace::storage
