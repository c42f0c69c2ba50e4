#include "betrace/storage/testing/disk_model.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

namespace betrace::storage {
namespace {

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// What a fault makes no difference to: a cut before a call that changes nothing is one before the
// next that does, by when clients may have been told more.
bool is_meant(DiskFault fault, DiskCall call) {
  const bool is_write = call == DiskCall::Write || call == DiskCall::PageWrite;
  const bool is_read = call == DiskCall::Read || call == DiskCall::PageRead;
  const bool is_change = !is_read && call != DiskCall::Close;
  switch (fault) {
    case DiskFault::None:
      return false;
    case DiskFault::PowerCut:
      return is_change;
    case DiskFault::IoError:
      return true;
    case DiskFault::SyncError:
      return call == DiskCall::Sync;
    case DiskFault::NoSpace:
      return is_change && call != DiskCall::Unlink && call != DiskCall::ChangeMode;
    case DiskFault::ShortWrite:
      return is_write;
    case DiskFault::Interrupted:
      return call == DiskCall::Read || call == DiskCall::Write;
  }
  return false;
}

}  // namespace

DiskModel::DiskModel(std::string root) : root_(std::move(root)) {}

void DiskModel::plan(DiskFault fault, std::uint64_t first, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  first_ = first;
  count_ = count;
  calls_ = 0;
  has_failed_ = false;
}

std::optional<std::uint64_t> DiskModel::first_failed() const {
  const std::lock_guard lock(mutex_);
  return has_failed_ ? std::optional(first_) : std::nullopt;
}

bool DiskModel::has_power() const {
  const std::lock_guard lock(mutex_);
  return has_power_;
}

std::uint64_t DiskModel::misuses() const {
  const std::lock_guard lock(mutex_);
  return misuses_;
}

void DiskModel::note_misuse() {
  const std::lock_guard lock(mutex_);
  ++misuses_;
}

DiskModel::Answer DiskModel::ask(DiskCall call) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = calls_++;
  if (!has_power_) return {EIO, false};
  const bool is_due = number >= first_ && (!has_failed_ || number - first_ < count_);
  if (!is_due || !is_meant(fault_, call)) return {};
  if (!has_failed_) first_ = number;
  has_failed_ = true;
  switch (fault_) {
    case DiskFault::PowerCut:
      has_power_ = false;
      return {EIO, false};
    case DiskFault::NoSpace:
      return {ENOSPC, false};
    case DiskFault::Interrupted:
      return {EINTR, false};
    case DiskFault::ShortWrite:
      return {0, true};
    default:
      return {EIO, false};
  }
}

DiskModel::Directory& DiskModel::directory_at(const std::string& path) {
  const auto [parent, name] = split(path);
  const auto above = directories_.find(parent);
  if (above == directories_.end()) return directories_[path];
  const auto made = above->second.names.find(name);
  if (made == above->second.names.end()) return directories_[path];
  return files_[made->second].directory;
}

void DiskModel::make_directory(const std::string& path) {
  const auto [parent, name] = split(path);
  const std::lock_guard lock(mutex_);
  files_[++last_file_].is_directory = true;
  change(parent, {"", name, last_file_});
}

std::uint64_t DiskModel::open(const std::string& path, bool is_created) {
  const auto [directory, name] = split(path);
  const std::lock_guard lock(mutex_);
  auto& names = directory_at(directory).names;
  const auto known = names.find(name);
  if (known != names.end()) return known->second;
  if (!is_created) return 0;
  const std::uint64_t file = ++last_file_;
  files_[file];
  change(directory, {"", name, file});
  return file;
}

void DiskModel::write(std::uint64_t file, std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (file != 0) files_[file].pending.push_back({offset, std::string(bytes), false});
}

void DiskModel::truncate(std::uint64_t file, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (file != 0) files_[file].pending.push_back({size, "", true});
}

void DiskModel::sync(std::uint64_t file) {
  const std::lock_guard lock(mutex_);
  File& synced = files_[file];
  for (const Write& write : synced.pending) apply(write, synced.durable);
  synced.pending.clear();
}

void DiskModel::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  Directory& directory = directory_at(path);
  directory.durable = directory.names;
  directory.pending.clear();
}

void DiskModel::rename(const std::string& from, const std::string& to) {
  const auto [directory, old_name] = split(from);
  const std::lock_guard lock(mutex_);
  const auto& names = directory_at(directory).names;
  const auto known = names.find(old_name);
  if (known != names.end()) change(directory, {old_name, split(to).second, known->second});
}

void DiskModel::unlink(const std::string& path) {
  const auto [directory, name] = split(path);
  const std::lock_guard lock(mutex_);
  if (directory_at(directory).names.contains(name)) change(directory, {name, "", 0});
}

void DiskModel::change(const std::string& directory, NameChange change) {
  Directory& changed = directory_at(directory);
  apply(change, changed.names);
  changed.pending.push_back(std::move(change));
}

void DiskModel::apply(const NameChange& change, std::map<std::string, std::uint64_t>& names) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.set.empty()) names[change.set] = change.file;
}

void DiskModel::apply(const Write& write, std::string& content) {
  if (write.is_truncation) {
    content.resize(write.offset);
    return;
  }
  if (content.size() < write.offset + write.bytes.size()) {
    content.resize(write.offset + write.bytes.size());
  }
  content.replace(write.offset, write.bytes.size(), write.bytes);
}

// Any sectors of any writes since the last sync are on the disk; between them lie zeros.
void DiskModel::lose(File& file, Random& random) const {
  const std::uint64_t sector = draw(random, 2) == 0 ? 512 : 4096;
  const std::uint64_t kept_of_four = draw(random, 5);
  for (const Write& write : file.pending) {
    if (write.is_truncation) {
      if (draw(random, 2) == 0) apply(write, file.durable);
      continue;
    }
    for (std::uint64_t at = 0; at < write.bytes.size();) {
      const std::uint64_t offset = write.offset + at;
      const std::uint64_t size = std::min(sector - offset % sector, write.bytes.size() - at);
      if (draw(random, 4) < kept_of_four) {
        apply({offset, write.bytes.substr(at, size), false}, file.durable);
      }
      at += size;
    }
  }
}

// Some disks keep the order of names, and lose the end of it; others lose any of them.
void DiskModel::lose(Directory& directory, Random& random) {
  const bool is_ordered = draw(random, 2) == 0;
  const std::uint64_t kept = draw(random, directory.pending.size() + 1);
  std::uint64_t number = 0;
  for (const NameChange& change : directory.pending) {
    if (is_ordered ? number++ < kept : draw(random, 2) == 0) apply(change, directory.durable);
  }
}

void DiskModel::empty_root() const {
  std::vector<std::filesystem::path> old;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
    if (entry.is_regular_file()) old.push_back(entry.path());
  }
  for (const auto& [path, directory] : directories_) {
    for (const auto& [name, number] : directory.names) {
      if (files_.at(number).is_directory) old.emplace_back(path + "/" + name);
    }
  }
  for (const auto& path : old) std::filesystem::remove(path);
}

void DiskModel::write_back(const std::string& path, const Directory& directory) {
  for (const auto& [name, number] : directory.names) {
    const File& file = files_[number];
    const std::string place = path + "/" + name;
    if (file.is_directory) {
      std::filesystem::create_directory(place);
      write_back(place, file.directory);
    } else {
      std::ofstream(place, std::ios::binary) << file.durable;
    }
  }
}

void DiskModel::restore(Loss loss, Random& random) {
  const std::lock_guard lock(mutex_);
  empty_root();
  const auto settle = [&](Directory& directory) {
    if (loss == Loss::Random) lose(directory, random);
    if (loss == Loss::Nothing) directory.durable = directory.names;
    directory.names = directory.durable;
    directory.pending.clear();
  };
  for (auto& [number, file] : files_) {
    if (loss == Loss::Random) lose(file, random);
    if (loss == Loss::Nothing) {
      for (const Write& write : file.pending) apply(write, file.durable);
    }
    file.pending.clear();
    settle(file.directory);
  }
  for (auto& [path, directory] : directories_) settle(directory);
  for (const auto& [path, directory] : directories_) write_back(path, directory);
  fault_ = DiskFault::None;
  has_power_ = true;
}

}  // namespace betrace::storage
