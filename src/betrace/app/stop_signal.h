// SIGTERM and SIGINT as something to wait for, so that an end is always an orderly one.
//
// Used by serve and demo. Made first, before any thread, so that all threads inherit the mask.
#pragma once

#include <chrono>

namespace betrace::app {

/// What made wait_for() return.
enum class SignalSeen { None, Stop, Reload };

/// Takes SIGTERM, SIGINT (stop) and SIGHUP (reload) over from their default actions, and ignores
/// SIGPIPE. One per process. Not thread-safe.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Waits at most `timeout` for a signal.
  [[nodiscard]] SignalSeen wait_for(std::chrono::milliseconds timeout);

  /// From now on a signal has its default action again: a second one ends the process at once.
  void release();
};

}  // namespace betrace::app
