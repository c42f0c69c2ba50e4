// Holds violations until nothing can change them any more, and gives each out once.
//
// Used by replay. An early violation gets its grade when its trace closes, and late spans may
// withdraw one while the closed trace is kept; a line that is printed cannot be taken back.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <unordered_set>

#include "betrace/base/time.h"
#include "betrace/model/violation_sink.h"

namespace betrace::app {

/// The sink of a shard that runs on this thread. Memory: the violations of the traces that are open
/// or kept, and the beginnings of `known_max` to twice as many ids. Not thread-safe.
class SettledViolations : public model::ViolationSink {
 public:
  using Callback = std::function<void(const model::Violation&)>;
  static constexpr std::size_t kKnownMax = 1'000'000;

  /// `late_max` is how long a closed trace is kept at most; `on_settled` takes each violation in
  /// its last state, withdrawn or not. A violation that is decided once more, on the remainder of a
  /// trace that was evicted, is given out again only if `known_max` others came in between.
  SettledViolations(std::chrono::nanoseconds late_max, Callback on_settled,
                    std::size_t known_max = kKnownMax)
      : late_max_(late_max), on_settled_(std::move(on_settled)), known_max_(known_max) {}

  void record(model::ViolationRecord record) override;

  /// Gives out what no span that arrives at `now` or later can change.
  void advance(UnixNanos now);

  /// Gives out the rest, at the end of the input.
  void finish();

 private:
  struct Closed {
    UnixNanos since = 0;
    model::ViolationKey key;
  };

  bool is_new(const model::ViolationKey& key);
  void settle(const model::ViolationKey& key);

  std::chrono::nanoseconds late_max_;
  Callback on_settled_;
  std::map<model::ViolationKey, model::Violation> pending_;
  std::deque<Closed> closed_;  // pending ones whose trace is closed, oldest first
  std::size_t known_max_;
  // Beginnings of the digests, pending or given out: of the newest, and of those before them.
  std::unordered_set<std::uint64_t> known_;
  std::unordered_set<std::uint64_t> known_before_;
};

}  // namespace betrace::app
