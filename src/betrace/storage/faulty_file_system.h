// A file system of which any single call can be made to fail.
#pragma once

#include <cerrno>
#include <string>

#include "betrace/storage/file_system.h"

namespace betrace::storage {

/// Counts the calls that change something and lets one of them fail, or all from one on.
class FaultyFileSystem : public FileSystem {
 public:
  enum class Fault { Error, ShortWrite, Interrupted };

  /// The call `number` (from 0) fails with `error`; with `and_all_later` every later one too.
  void fail_at(int number, int error, bool and_all_later = false, Fault fault = Fault::Error) {
    count_ = 0;
    fail_at_ = number;
    error_ = error;
    and_all_later_ = and_all_later;
    fault_ = fault;
  }
  void heal() { fail_at_ = -1; }
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] bool has_failed() const { return fail_at_ >= 0 && count_ > fail_at_; }

  int open(int directory, const std::string& name, int flags, mode_t mode) override {
    const bool is_change = (flags & 0100 /* O_CREAT */) != 0;
    if (is_change && is_hit()) return -error_;
    return FileSystem::open(directory, name, flags, mode);
  }
  ssize_t write(int file, const void* bytes, std::size_t count) override {
    if (is_hit()) {
      if (fault_ == Fault::Interrupted) return -EINTR;
      if (fault_ == Fault::Error) return -error_;
      count = 1;
    }
    return FileSystem::write(file, bytes, count);
  }
  int sync(int file) override {
    if (is_hit()) return -error_;
    ++syncs_;
    return skips_syncs_ ? 0 : FileSystem::sync(file);
  }
  int close(int file) override {
    const int result = FileSystem::close(file);
    return is_hit() ? -error_ : result;
  }
  int rename(int directory, const std::string& from, const std::string& to) override {
    return is_hit() ? -error_ : FileSystem::rename(directory, from, to);
  }
  int unlink(int directory, const std::string& name) override {
    return is_hit() ? -error_ : FileSystem::unlink(directory, name);
  }
  int change_mode(int directory, const std::string& name, mode_t mode) override {
    return is_hit() ? -error_ : FileSystem::change_mode(directory, name, mode);
  }
  int allocate(int file, std::uint64_t bytes) override {
    return is_hit() ? -error_ : FileSystem::allocate(file, bytes);
  }
  int make_directory(const std::string& path, mode_t mode) override {
    return forbid_directories_ ? -EACCES : FileSystem::make_directory(path, mode);
  }
  void forbid_directories() { forbid_directories_ = true; }
  /// For tests of many changes in which nothing crashes.
  void skip_syncs() { skips_syncs_ = true; }
  [[nodiscard]] int syncs() const { return syncs_; }

 private:
  bool is_hit() {
    const int number = count_++;
    if (fail_at_ < 0) return false;
    return and_all_later_ ? number >= fail_at_ : number == fail_at_;
  }

  int count_ = 0;
  int syncs_ = 0;
  int fail_at_ = -1;
  int error_ = EIO;
  bool and_all_later_ = false;
  bool forbid_directories_ = false;
  bool skips_syncs_ = false;
  Fault fault_ = Fault::Error;
};

}  // namespace betrace::storage
