#include "betrace/storage/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "betrace/base/mutant.h"

namespace betrace::storage {
namespace {

constexpr std::chrono::milliseconds kPauseMax{50};

}  // namespace

Result<FileHandle> take_lock(FileSystem& files, int directory, const std::string& name,
                             std::chrono::milliseconds wait) {
  const int flags = O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW;
  FileHandle file(files, files.open(directory, name, flags, 0600));
  if (!file.is_open()) {
    const auto code =
        is_forbidden(file.number()) ? ErrorCode::FailedPrecondition : ErrorCode::StorageFailed;
    return fail(code, fmt::format("cannot open {}: {}", name, errno_text(-file.number())));
  }
  std::chrono::milliseconds waited{0};
  for (std::chrono::milliseconds pause{1};; pause = std::min(pause * 2, kPauseMax)) {
    const int locked = is_mutant('p') ? 0 : files.try_lock(file.number());
    if (locked >= 0) return file;
    if (locked != -EAGAIN && locked != -EINTR) {
      return fail(ErrorCode::StorageFailed,
                  fmt::format("cannot lock {}: {}", name, errno_text(-locked)));
    }
    if (waited >= wait) return fail(ErrorCode::Unavailable, fmt::format("{} is taken", name));
    std::this_thread::sleep_for(pause);
    waited += pause;
  }
}

}  // namespace betrace::storage
