// A disk that fails at any call, and on which only what was synced outlives a power cut.
//
// Tests put it behind both ways in which storage writes: the seam (model_file_system) and SQLite
// (model_vfs). These do in a real directory what they are asked, and tell it here. After a power
// cut restore() makes the directory what such a disk may hold then: of the writes since the last
// sync any sectors, of the names any changes.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace betrace::storage {

using Random = std::mt19937_64;

/// From 0 to below `bound`.
inline std::uint64_t draw(Random& random, std::uint64_t bound) { return random() % bound; }

enum class DiskFault : std::uint8_t {
  None,
  PowerCut,
  IoError,
  SyncError,  ///< EIO of syncs alone.
  NoSpace,
  ShortWrite,
  Interrupted,
};
enum class DiskCall : std::uint8_t {
  Open,
  Read,
  Write,
  PageRead,  ///< By SQLite, which goes on by itself when it is interrupted.
  PageWrite,
  Truncate,
  Sync,
  Close,
  Rename,
  Unlink,
  MakeDirectory,
  ChangeMode,
};

/// Thread-safe, but restore() wants every file closed.
class DiskModel {
 public:
  /// What is written below `root`, a real directory, is kept account of. What is there already
  /// counts as synced. Directories may be made in it, and hold files alone.
  explicit DiskModel(std::string root);

  /// Lets the first call that the fault makes a difference to fail, from number `first` on, counted
  /// from now, and of the `count` calls from there on all such. A power cut lasts until restore().
  void plan(DiskFault fault, std::uint64_t first, std::uint64_t count = 1);
  /// The number of the call that failed first since plan(); nothing if none did.
  [[nodiscard]] std::optional<std::uint64_t> first_failed() const;
  [[nodiscard]] bool has_power() const;

  /// What becomes of what was not synced.
  enum class Loss { Nothing, Random };
  /// Makes the directory what it is when the power comes back, or with Loss::Nothing what it is
  /// after the process was killed.
  void restore(Loss loss, Random& random);

  /// Writes and syncs on handles whose sync had failed: what never may be.
  [[nodiscard]] std::uint64_t misuses() const;

  // What the two ways in tell.

  struct Answer {
    int error = 0;          ///< errno; 0: do it.
    bool is_short = false;  ///< Do half of it.
  };
  [[nodiscard]] Answer ask(DiskCall call);
  /// The file that `path` names, made if `is_created`; 0 if there is none.
  std::uint64_t open(const std::string& path, bool is_created);
  void write(std::uint64_t file, std::uint64_t offset, std::string_view bytes);
  void truncate(std::uint64_t file, std::uint64_t size);
  void sync(std::uint64_t file);
  void sync_directory(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void unlink(const std::string& path);
  void make_directory(const std::string& path);
  void note_misuse();

 private:
  struct Write {
    std::uint64_t offset = 0;  // of a truncation: the size
    std::string bytes;
    bool is_truncation = false;
  };
  struct NameChange {
    std::string removed;  // empty: none
    std::string set;      // empty: none
    std::uint64_t file = 0;
  };
  struct Directory {
    std::map<std::string, std::uint64_t> names;    // as programs see them
    std::map<std::string, std::uint64_t> durable;  // as the disk has them
    std::vector<NameChange> pending;
  };
  struct File {
    std::string durable;
    std::vector<Write> pending;
    bool is_directory = false;
    Directory directory;
  };

  Directory& directory_at(const std::string& path);
  void empty_root() const;
  void write_back(const std::string& path, const Directory& directory);
  void lose(File& file, Random& random) const;
  static void lose(Directory& directory, Random& random);
  static void apply(const Write& write, std::string& content);
  static void apply(const NameChange& change, std::map<std::string, std::uint64_t>& names);
  void change(const std::string& directory, NameChange change);

  const std::string root_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::uint64_t, File> files_;
  std::map<std::string, Directory> directories_;  // that were there when it began
  std::uint64_t last_file_ = 0;
  DiskFault fault_ = DiskFault::None;
  std::uint64_t first_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t misuses_ = 0;
  bool has_failed_ = false;
  bool has_power_ = true;
};

}  // namespace betrace::storage
