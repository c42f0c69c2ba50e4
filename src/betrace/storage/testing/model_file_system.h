// The seam of storage over a DiskModel. See disk_model.h.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "betrace/storage/file_system.h"
#include "betrace/storage/testing/disk_model.h"

namespace betrace::storage {

/// Thread-safe.
class ModelFileSystem : public FileSystem {
 public:
  explicit ModelFileSystem(DiskModel& disk) : disk_(disk) {}

  int open_directory(const std::string& path) override;
  int open(int directory, const std::string& name, int flags, mode_t mode) override;
  int open_beneath(int directory, const std::string& name) override;
  ssize_t read(int file, void* bytes, std::size_t count) override;
  ssize_t write(int file, const void* bytes, std::size_t count) override;
  int sync(int file) override;
  int close(int file) override;
  int rename(int directory, const std::string& from, const std::string& to) override;
  int unlink(int directory, const std::string& name) override;
  int make_directory(const std::string& path, mode_t mode) override;
  int remove_directory(int directory, const std::string& name) override;
  int change_mode(int directory, const std::string& name, mode_t mode) override;
  int allocate(int file, std::uint64_t bytes) override;
  int list(int directory, std::vector<std::string>* names) override;

 private:
  struct Handle {
    std::string directory;   // path; empty if it is a file
    std::uint64_t file = 0;  // of the model
    std::uint64_t offset = 0;
    bool has_failed = false;
  };
  [[nodiscard]] std::string path_of(int directory, const std::string& name);
  void remember(int number, Handle handle);

  DiskModel& disk_;
  std::mutex mutex_;
  std::map<int, Handle> handles_;
};

}  // namespace betrace::storage
