#include "betrace/storage/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace betrace::storage {
namespace {

int or_errno(long result) { return result < 0 ? -errno : static_cast<int>(result); }

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

int FileSystem::open_directory(const std::string& path) {
  return or_errno(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int FileSystem::make_directory(const std::string& path, mode_t mode) {
  return or_errno(::mkdir(path.c_str(), mode));
}

int FileSystem::open(int directory, const std::string& name, int flags, mode_t mode) {
  return or_errno(::openat(directory, name.c_str(), flags, mode));
}

int FileSystem::open_beneath(int directory, const std::string& name) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a pipe in the directory must not block us
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const int file = or_errno(::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof(how)));
  if (file != -ENOSYS) return file;
  return open(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0);
}

ssize_t FileSystem::read(int file, void* bytes, std::size_t count) {
  const ssize_t result = ::read(file, bytes, count);
  return result < 0 ? -errno : result;
}

ssize_t FileSystem::write(int file, const void* bytes, std::size_t count) {
  const ssize_t result = ::write(file, bytes, count);
  return result < 0 ? -errno : result;
}

int FileSystem::sync(int file) { return or_errno(::fsync(file)); }

int FileSystem::close(int file) { return or_errno(::close(file)); }

int FileSystem::rename(int directory, const std::string& from, const std::string& to) {
  return or_errno(::renameat(directory, from.c_str(), directory, to.c_str()));
}

int FileSystem::unlink(int directory, const std::string& name) {
  return or_errno(::unlinkat(directory, name.c_str(), 0));
}

int FileSystem::remove_directory(int directory, const std::string& name) {
  return or_errno(::unlinkat(directory, name.c_str(), AT_REMOVEDIR));
}

int FileSystem::stamp(int directory, const std::string& name, FileStamp* out) {
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, 0) != 0) return -errno;
  out->inode = status.st_ino;
  out->size = static_cast<std::uint64_t>(status.st_size);
  out->modified_ns = nanoseconds(status.st_mtim);
  out->changed_ns = nanoseconds(status.st_ctim);
  out->is_regular = S_ISREG(status.st_mode);
  out->is_world_writable = (status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0;
  out->mode = status.st_mode & 07777;
  out->owner = status.st_uid;
  return 0;
}

int FileSystem::list(int directory, std::vector<std::string>* names) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return -errno;
  DIR* stream = ::fdopendir(copy);
  if (stream == nullptr) {
    const int failure = -errno;
    ::close(copy);
    return failure;
  }
  names->clear();
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names->emplace_back(name);
    errno = 0;
  }
  const int failure = -errno;
  ::closedir(stream);
  return failure;
}

int FileSystem::change_mode(int directory, const std::string& name, mode_t mode) {
  return or_errno(::fchmodat(directory, name.c_str(), mode, 0));
}

int FileSystem::allocate(int file, std::uint64_t bytes) {
  return -::posix_fallocate(file, 0, static_cast<off_t>(bytes));
}

int FileSystem::volume_size(int directory, std::uint64_t* bytes) {
  struct statvfs volume {};
  if (::fstatvfs(directory, &volume) != 0) return -errno;
  *bytes = std::uint64_t{volume.f_blocks} * volume.f_frsize;
  return 0;
}

int FileSystem::try_lock(int file) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const int result = or_errno(::fcntl(file, F_OFD_SETLK, &lock));
  return result == -EACCES ? -EAGAIN : result;
}

FileSystem& real_file_system() noexcept {
  static FileSystem files;
  return files;
}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    reset();
    files_ = other.files_;
    number_ = other.release();
  }
  return *this;
}

int FileHandle::release() noexcept { return std::exchange(number_, -1); }

void FileHandle::reset() noexcept {
  if (number_ >= 0) files_->close(std::exchange(number_, -1));
}

std::string errno_text(int number) {
  char buffer[128] = "";
  std::string text = ::strerror_r(number, buffer, sizeof(buffer));
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

bool is_forbidden(int negative_errno) noexcept {
  return negative_errno == -EACCES || negative_errno == -EPERM || negative_errno == -EROFS;
}

std::string file_time(UnixNanos time) {
  std::string text = format_rfc3339(time, 6);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return text;
}

}  // namespace betrace::storage
