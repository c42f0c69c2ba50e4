#include "betrace/traces/closure.h"

#include <algorithm>
#include <string>
#include <utility>

namespace betrace::traces {
namespace {

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::InvalidArgument, std::move(message));
}

bool has_passed(MonotonicTime since, std::chrono::milliseconds limit, MonotonicTime now) noexcept {
  return now - since >= limit;
}

}  // namespace

Result<ClosureLimits> validate(const ClosureLimits& limits) {
  using std::chrono::milliseconds;
  if (limits.quiet < milliseconds::zero()) return refuse("quiet is negative");
  if (limits.idle_max <= milliseconds::zero()) return refuse("idle_max is not positive");
  if (limits.age_max <= milliseconds::zero()) return refuse("age_max is not positive");
  if (limits.spans_max == 0) return refuse("spans_max is not positive");
  if (limits.bytes_max == 0) return refuse("bytes_max is not positive");
  if (limits.quiet > limits.idle_max) return refuse("quiet is above idle_max");
  if (limits.idle_max >= limits.age_max) return refuse("idle_max is not below age_max");
  return limits;
}

bool is_quiet(const TraceActivity& activity, const ClosureLimits& limits,
              MonotonicTime now) noexcept {
  return has_passed(activity.last_arrival, limits.quiet, now);
}

std::optional<CloseReason> close_reason(const TraceActivity& activity, const ClosureLimits& limits,
                                        MonotonicTime now) noexcept {
  if (is_full(activity, limits)) return CloseReason::SpanLimit;
  if (has_passed(activity.first_arrival, limits.age_max, now)) return CloseReason::MaxAge;
  if (activity.has_root && !activity.misses_parent && is_quiet(activity, limits, now)) {
    return CloseReason::Complete;
  }
  if (has_passed(activity.last_arrival, limits.idle_max, now)) return CloseReason::Idle;
  return std::nullopt;
}

}  // namespace betrace::traces
