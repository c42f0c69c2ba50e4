#include "betrace/storage/testing/model_file_system.h"

#include <cerrno>
#include <string_view>
#include <utility>

namespace betrace::storage {

std::string ModelFileSystem::path_of(int directory, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const std::string& path = handles_[directory].directory;
  return name == "." ? path : path + "/" + name;
}

void ModelFileSystem::remember(int number, Handle handle) {
  const std::lock_guard lock(mutex_);
  handles_[number] = std::move(handle);
}

int ModelFileSystem::open_directory(const std::string& path) {
  if (const auto answer = disk_.ask(DiskCall::Open); answer.error != 0) return -answer.error;
  const int number = FileSystem::open_directory(path);
  if (number >= 0) remember(number, {path, 0, 0, false});
  return number;
}

int ModelFileSystem::open(int directory, const std::string& name, int flags, mode_t mode) {
  if (const auto answer = disk_.ask(DiskCall::Open); answer.error != 0) return -answer.error;
  const int number = FileSystem::open(directory, name, flags, mode);
  if (number < 0) return number;
  const std::string path = path_of(directory, name);
  const bool is_directory = (flags & O_DIRECTORY) != 0;
  const std::uint64_t file = is_directory ? 0 : disk_.open(path, (flags & O_CREAT) != 0);
  if ((flags & O_TRUNC) != 0) disk_.truncate(file, 0);
  remember(number, {is_directory ? path : "", file, 0, false});
  return number;
}

int ModelFileSystem::open_beneath(int directory, const std::string& name) {
  if (const auto answer = disk_.ask(DiskCall::Open); answer.error != 0) return -answer.error;
  const int number = FileSystem::open_beneath(directory, name);
  if (number >= 0) remember(number, {});
  return number;
}

ssize_t ModelFileSystem::read(int file, void* bytes, std::size_t count) {
  if (const auto answer = disk_.ask(DiskCall::Read); answer.error != 0) return -answer.error;
  return FileSystem::read(file, bytes, count);
}

ssize_t ModelFileSystem::write(int file, const void* bytes, std::size_t count) {
  const auto answer = disk_.ask(DiskCall::Write);
  const std::lock_guard lock(mutex_);
  Handle& handle = handles_[file];
  if (handle.has_failed) disk_.note_misuse();
  if (answer.error != 0) return -answer.error;
  const ssize_t written = FileSystem::write(file, bytes, answer.is_short ? (count + 1) / 2 : count);
  if (written < 0) return written;
  const auto size = static_cast<std::size_t>(written);
  disk_.write(handle.file, handle.offset, {static_cast<const char*>(bytes), size});
  handle.offset += size;
  return written;
}

int ModelFileSystem::sync(int file) {
  const auto answer = disk_.ask(DiskCall::Sync);
  const std::lock_guard lock(mutex_);
  Handle& handle = handles_[file];
  if (handle.has_failed) disk_.note_misuse();
  if (answer.error != 0) {
    handle.has_failed = true;
    return -answer.error;
  }
  handle.directory.empty() ? disk_.sync(handle.file) : disk_.sync_directory(handle.directory);
  return 0;
}

int ModelFileSystem::close(int file) {
  const auto answer = disk_.ask(DiskCall::Close);
  {
    const std::lock_guard lock(mutex_);
    handles_.erase(file);
  }
  const int closed = FileSystem::close(file);
  return answer.error != 0 ? -answer.error : closed;
}

int ModelFileSystem::rename(int directory, const std::string& from, const std::string& to) {
  if (const auto answer = disk_.ask(DiskCall::Rename); answer.error != 0) return -answer.error;
  const int renamed = FileSystem::rename(directory, from, to);
  if (renamed >= 0) disk_.rename(path_of(directory, from), path_of(directory, to));
  return renamed;
}

int ModelFileSystem::unlink(int directory, const std::string& name) {
  if (const auto answer = disk_.ask(DiskCall::Unlink); answer.error != 0) return -answer.error;
  const int removed = FileSystem::unlink(directory, name);
  if (removed >= 0) disk_.unlink(path_of(directory, name));
  return removed;
}

int ModelFileSystem::make_directory(const std::string& path, mode_t mode) {
  if (const auto answer = disk_.ask(DiskCall::MakeDirectory); answer.error != 0) {
    return -answer.error;
  }
  const int made = FileSystem::make_directory(path, mode);
  if (made >= 0) disk_.make_directory(path);
  return made;
}

int ModelFileSystem::remove_directory(int directory, const std::string& name) {
  if (const auto answer = disk_.ask(DiskCall::Unlink); answer.error != 0) return -answer.error;
  const int removed = FileSystem::remove_directory(directory, name);
  if (removed >= 0) disk_.unlink(path_of(directory, name));
  return removed;
}

int ModelFileSystem::change_mode(int directory, const std::string& name, mode_t mode) {
  if (const auto answer = disk_.ask(DiskCall::ChangeMode); answer.error != 0) return -answer.error;
  return FileSystem::change_mode(directory, name, mode);
}

int ModelFileSystem::allocate(int file, std::uint64_t bytes) {
  if (const auto answer = disk_.ask(DiskCall::Write); answer.error != 0) return -answer.error;
  const int code = FileSystem::allocate(file, bytes);
  const std::lock_guard lock(mutex_);
  if (code >= 0) disk_.truncate(handles_[file].file, bytes);
  return code;
}

int ModelFileSystem::list(int directory, std::vector<std::string>* names) {
  if (const auto answer = disk_.ask(DiskCall::Read); answer.error != 0) return -answer.error;
  return FileSystem::list(directory, names);
}

}  // namespace betrace::storage
