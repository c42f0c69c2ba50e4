#include "betrace/storage/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "betrace/base/mutant.h"

namespace betrace::storage {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr std::string_view kTemporaryMark = ".tmp-";

tl::unexpected<Error> failed(std::string_view step, std::string_view name, int negative_errno) {
  return fail(ErrorCode::StorageFailed,
              fmt::format("cannot {} {}: {}", step, name, errno_text(-negative_errno)));
}

std::string temporary_name(std::string_view name) {
  static thread_local std::random_device device;
  return fmt::format(".{}{}{:08x}", name, kTemporaryMark, device());
}

int write_all(FileSystem& files, int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = files.write(file, bytes.data(), bytes.size());
    if (written == -EINTR) continue;
    if (written < 0) return static_cast<int>(written);
    if (written == 0) return -EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// Steps 1 and 2: a new file that is on disk. Whatever fails, the handle is closed and forgotten.
Result<void> write_temporary(FileSystem& files, int directory, std::string_view name,
                             const std::string& temporary, std::string_view bytes) {
  const int is_new = is_mutant('c') ? O_TRUNC : O_EXCL;
  const int flags = O_CREAT | is_new | O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  const int file = files.open(directory, temporary, flags, kFileMode);
  if (file < 0) return failed("create a temporary file for", name, file);
  int result = write_all(files, file, bytes);
  std::string_view step = "write";
  if (result == 0) {
    step = "sync";
    result = is_mutant('a') ? 0 : files.sync(file);
  }
  const int closed = files.close(file);
  if (result == 0 && closed < 0) {
    step = "close";
    result = closed;
  }
  if (result < 0) return failed(step, name, result);
  return {};
}

Result<void> sync_directory(FileSystem& files, int directory, std::string_view name) {
  const int result = is_mutant('b') ? 0 : files.sync(directory);
  if (result >= 0) return {};
  return fail(ErrorCode::StorageUncertain,
              fmt::format("cannot sync the directory of {}: {}", name, errno_text(-result)));
}

Result<void> sync_parent(FileSystem& files, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent =
      slash == path.npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const FileHandle handle(files, files.open_directory(parent));
  const int synced = handle.is_open() ? files.sync(handle.number()) : handle.number();
  if (synced < 0) return failed("sync the directory of", path, synced);
  return {};
}

}  // namespace

Result<void> durable_replace(FileSystem& files, int directory, std::string_view name,
                             std::string_view bytes) {
  const std::string temporary = is_mutant('c') ? std::string(name) : temporary_name(name);
  auto written = write_temporary(files, directory, name, temporary, bytes);
  if (written) {
    const int renamed = files.rename(directory, temporary, std::string(name));
    if (renamed < 0) written = failed("rename", name, renamed);
  }
  if (!written) {
    files.unlink(directory, temporary);  // if that fails too, the next start removes it
    return written;
  }
  return sync_directory(files, directory, name);
}

Result<void> durable_rename(FileSystem& files, int directory, std::string_view from,
                            std::string_view to) {
  const int renamed = files.rename(directory, std::string(from), std::string(to));
  if (renamed < 0) return failed("rename", from, renamed);
  return sync_directory(files, directory, from);
}

Result<void> durable_remove(FileSystem& files, int directory, std::string_view name) {
  const int removed = files.unlink(directory, std::string(name));
  if (removed < 0 && removed != -ENOENT) return failed("remove", name, removed);
  return sync_directory(files, directory, name);
}

Result<void> make_directories(FileSystem& files, const std::string& path) {
  int made = 0;
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string part = path.substr(0, end);
    made = files.make_directory(part, 0700);
    if (made < 0) continue;  // it is there, or the last one will tell
    if (auto synced = sync_parent(files, part); !synced) return synced;
  }
  const FileHandle handle(files, files.open_directory(path));
  if (handle.is_open()) return {};
  return failed("use the directory", path, made < 0 && made != -EEXIST ? made : handle.number());
}

void remove_stale_temporaries(FileSystem& files, int directory) {
  std::vector<std::string> names;
  if (files.list(directory, &names) < 0) return;
  for (const std::string& name : names) {
    if (name.starts_with(".") && name.find(kTemporaryMark) != name.npos) {
      files.unlink(directory, name);
    }
  }
}

Result<std::string> read_file(FileSystem& files, int directory, std::string_view name,
                              std::size_t bytes_max, Links links) {
  const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  FileHandle file(files, links == Links::Refuse ? files.open(directory, std::string(name), flags, 0)
                                                : files.open_beneath(directory, std::string(name)));
  if (file.number() == -ENOENT) {
    return fail(ErrorCode::NotFound, fmt::format("{} does not exist", name));
  }
  if (file.number() == -ELOOP || file.number() == -EXDEV) {
    return fail(ErrorCode::Corrupt, fmt::format("{} is a link that is not followed", name));
  }
  if (!file.is_open()) return failed("open", name, file.number());
  std::string text;
  while (text.size() <= bytes_max) {
    char buffer[16 * 1024];
    const ssize_t count = files.read(file.number(), buffer, sizeof(buffer));
    if (count == -EINTR) continue;
    if (count == -EISDIR) return fail(ErrorCode::Corrupt, fmt::format("{} is a directory", name));
    if (count < 0) return failed("read", name, static_cast<int>(count));
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return fail(ErrorCode::Corrupt, fmt::format("{} is longer than {} bytes", name, bytes_max));
}

}  // namespace betrace::storage
