// Looks at the list of violations all the time, and remembers when each was seen first.
//
// Used by repeat.h while the load goes on. It asks the server up to 200 times a second, for the
// last quarter of a second each time; so a run that watches is one of its own: its rate says
// nothing.
#pragma once

#include <atomic>
#include <thread>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/bench/server_view.h"

namespace betrace::bench {

struct VerdictSeen {
  SeenViolation violation;
  MonotonicTime at;  ///< When the answer that showed it was complete.
};

/// Runs from the constructor to finish(). Not thread-safe.
class VerdictWatch {
 public:
  explicit VerdictWatch(const Target& api);
  ~VerdictWatch();
  VerdictWatch(const VerdictWatch&) = delete;
  VerdictWatch& operator=(const VerdictWatch&) = delete;

  /// Ends it and returns what looks showed since the constructor; what was decided a quarter of a
  /// second before it could be seen is missing. Error: the API did not answer.
  [[nodiscard]] Result<std::vector<VerdictSeen>> finish();

 private:
  void watch();

  ServerView view_;
  std::atomic<bool> is_stopped_{false};
  Result<void> outcome_;
  std::vector<VerdictSeen> seen_;
  std::thread thread_;
};

}  // namespace betrace::bench
