#include "betrace/storage/testing/small_volume.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace betrace::storage {
namespace {

// As in the kernel's fs/ext4/ext4.h and fs/xfs/libxfs/xfs_fs.h.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kNoLogFlush = 2;

tl::unexpected<Error> unavailable(std::string_view what) {
  return fail(ErrorCode::Unavailable, fmt::format("{}: {}", what, errno_text(errno)));
}

// What another mount namespace has copied stays mounted there, and is not mounted anew here.
bool has_own_mounts() {
  static const bool is_done = ::unshare(CLONE_NEWNS) == 0 &&
                              ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return is_done;
}

Result<void> mount_device(const std::string& device, const std::string& path) {
  if (::mount(device.c_str(), path.c_str(), "ext4", 0, nullptr) == 0) return {};
  return unavailable("cannot mount a loop device");
}

}  // namespace

Result<SmallVolume> SmallVolume::mount(Kind kind, std::size_t bytes) {
  if (!has_own_mounts()) return unavailable("there is no mount namespace");
  SmallVolume volume;
  volume.directory_ = std::make_unique<TestDirectory>(fast_folder());
  const std::string path = volume.directory_->file("mount");
  std::filesystem::create_directory(path);
  if (kind == Kind::Memory) {
    const std::string size = fmt::format("size={}", bytes);
    if (::mount("tmpfs", path.c_str(), "tmpfs", 0, size.c_str()) != 0) {
      return unavailable("cannot mount a tmpfs");
    }
  } else {
    if (auto attached = volume.attach(bytes); !attached) return fail(attached.error());
    if (auto done = mount_device(volume.device_, path); !done) return fail(done.error());
  }
  volume.path_ = path;
  return volume;
}

Result<void> SmallVolume::attach(std::size_t bytes) {
  const std::string image = directory_->file("image");
  directory_->write("image", "");
  std::filesystem::resize_file(image, bytes);
  if (std::system(fmt::format("mkfs.ext4 -q -F {} >&2", image).c_str()) != 0) {
    return fail(ErrorCode::Unavailable, "there is no mkfs.ext4");
  }
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  const int number = control < 0 ? -1 : ::ioctl(control, LOOP_CTL_GET_FREE);
  if (control >= 0) ::close(control);
  if (number < 0) return unavailable("there is no free loop device");
  const std::string device = fmt::format("/dev/loop{}", number);
  const int loop = ::open(device.c_str(), O_RDWR | O_CLOEXEC);
  const int file = ::open(image.c_str(), O_RDWR | O_CLOEXEC);
  const int attached = loop < 0 || file < 0 ? -1 : ::ioctl(loop, LOOP_SET_FD, file);
  if (file >= 0) ::close(file);
  if (loop >= 0) ::close(loop);
  if (attached != 0) return unavailable("a loop device takes no file");
  device_ = device;
  return {};
}

SmallVolume::SmallVolume(SmallVolume&& other) noexcept
    : directory_(std::move(other.directory_)),
      path_(std::exchange(other.path_, {})),
      device_(std::exchange(other.device_, {})) {}

SmallVolume::~SmallVolume() {
  if (!path_.empty()) ::umount2(path_.c_str(), MNT_DETACH);
  if (device_.empty()) return;
  const int loop = ::open(device_.c_str(), O_RDWR | O_CLOEXEC);
  if (loop < 0) return;
  ::ioctl(loop, LOOP_CLR_FD);
  ::close(loop);
}

void SmallVolume::sync() const {
  const FileHandle handle(real_file_system(), real_file_system().open_directory(path_));
  if (handle.is_open()) ::syncfs(handle.number());
}

Result<void> SmallVolume::shut_down() const {
  const int handle = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::uint32_t how = kNoLogFlush;
  const int done = handle < 0 ? -1 : ::ioctl(handle, kShutdown, &how);
  if (handle >= 0) ::close(handle);
  return done == 0 ? Result<void>() : unavailable("the file system cannot be shut down");
}

Result<void> SmallVolume::mount_again() const {
  if (::umount(path_.c_str()) != 0) return unavailable("cannot unmount");
  return mount_device(device_, path_);
}

}  // namespace betrace::storage
