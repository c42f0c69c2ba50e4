#include "betrace/traces/completeness.h"

namespace betrace::traces {

Completeness grade_of(const GradeFacts& facts, CloseReason reason) noexcept {
  if (facts.is_reopened) return Completeness::Reopened;
  if (reason == CloseReason::Memory || reason == CloseReason::Shutdown) return Completeness::Shed;
  if (facts.is_cut || reason == CloseReason::SpanLimit) return Completeness::Truncated;
  if (!facts.has_root) return Completeness::NoRoot;
  if (facts.misses_parent) return Completeness::Orphans;
  return Completeness::Complete;
}

}  // namespace betrace::traces
