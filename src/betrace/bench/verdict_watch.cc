#include "betrace/bench/verdict_watch.h"

#include <utility>

namespace betrace::bench {
namespace {

constexpr std::chrono::milliseconds kLookInterval{5};
constexpr std::chrono::milliseconds kLookBack{250};

}  // namespace

VerdictWatch::VerdictWatch(const Target& api)
    : view_(api), outcome_(view_.skip_violations()), thread_([this] { watch(); }) {}

VerdictWatch::~VerdictWatch() {
  is_stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void VerdictWatch::watch() {
  while (!is_stopped_ && outcome_) {
    const auto look_back = static_cast<UnixNanos>(std::chrono::nanoseconds(kLookBack).count());
    auto found = view_.new_violations(read_clocks().wall - look_back);
    const MonotonicTime at = read_clocks().monotonic;
    if (!found) {
      outcome_ = fail(found.error());
      return;
    }
    for (SeenViolation& violation : *found) seen_.push_back({std::move(violation), at});
    std::this_thread::sleep_for(kLookInterval);
  }
}

Result<std::vector<VerdictSeen>> VerdictWatch::finish() {
  is_stopped_ = true;
  thread_.join();
  if (!outcome_) return fail(outcome_.error());
  return std::move(seen_);
}

}  // namespace betrace::bench
