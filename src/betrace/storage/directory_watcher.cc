#include "betrace/storage/directory_watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace betrace::storage {
namespace {

using Steady = std::chrono::steady_clock;

bool counts(std::string_view name) { return !name.starts_with(".") || name == "..data"; }

// Reads all events that wait; true if one of them counts.
bool drain_events(int inotify) {
  bool any = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = ::read(inotify, buffer.data(), buffer.size());
    if (size <= 0) return any;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      const char* name = buffer.data() + at + sizeof(event);
      any = any || event.len == 0 || counts(name);
      at += sizeof(event) + event.len;
    }
  }
}

}  // namespace

DirectoryWatcher::DirectoryWatcher(const std::string& path)
    : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  constexpr std::uint32_t kMask =
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR;
  if (inotify_ >= 0 && ::inotify_add_watch(inotify_, path.c_str(), kMask) < 0) {
    ::close(inotify_);
    inotify_ = -1;
  }
}

DirectoryWatcher::~DirectoryWatcher() {
  if (inotify_ >= 0) ::close(inotify_);
  if (event_ >= 0) ::close(event_);
}

bool DirectoryWatcher::wait(std::chrono::milliseconds timeout) {
  const auto end = Steady::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now()).count();
    if (left <= 0) return false;
    std::array<pollfd, 2> sources = {pollfd{inotify_, POLLIN, 0}, pollfd{event_, POLLIN, 0}};
    const int ready = ::poll(sources.data(), sources.size(), static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    if ((sources[1].revents & POLLIN) != 0) {
      std::uint64_t count = 0;
      return ::read(event_, &count, sizeof(count)) == sizeof(count);
    }
    if ((sources[0].revents & POLLIN) != 0 && drain_events(inotify_)) return true;
  }
}

void DirectoryWatcher::wake() noexcept {
  const std::uint64_t one = 1;
  if (::write(event_, &one, sizeof(one)) < 0) return;  // it is awake already
}

}  // namespace betrace::storage
