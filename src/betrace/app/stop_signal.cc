#include "betrace/app/stop_signal.h"

#include <csignal>
#include <ctime>

namespace betrace::app {
namespace {

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file size limit is an error of the write, like a full disk
}

StopSignal::~StopSignal() { release(); }

SignalSeen StopSignal::wait_for(std::chrono::milliseconds timeout) {
  const sigset_t signals = handled_signals();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const std::chrono::nanoseconds rest = timeout - seconds;
  const timespec limit{static_cast<std::time_t>(seconds.count()), static_cast<long>(rest.count())};
  switch (sigtimedwait(&signals, nullptr, &limit)) {
    case SIGTERM:
    case SIGINT:
      return SignalSeen::Stop;
    case SIGHUP:
      return SignalSeen::Reload;
    default:
      return SignalSeen::None;
  }
}

void StopSignal::release() {
  const sigset_t signals = handled_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace betrace::app
