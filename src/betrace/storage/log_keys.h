// The keys of one state directory: the private one that seals commit groups, and `keys.json`.
//
// Owned by the log thread, which signs. The file of a private key is for its owner alone, made here
// or given by `evidence.key_file`. Source: docs/internals/violation_log.md, "Keys".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "betrace/base/result.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/evidence/signing_key.h"
#include "betrace/storage/file_system.h"

namespace betrace::storage {

inline constexpr const char* kKeyRingName = "keys.json";

/// Reads `keys.json` of a directory. Error NotFound; Corrupt; Unsupported.
[[nodiscard]] Result<evidence::KeyRing> read_key_ring_in(const std::string& path,
                                                         FileSystem& files = real_file_system());

/// One thread.
class LogKeys {
 public:
  /// Reads the keys, and makes one if there is none. `key_file` empty: the key lies in
  /// `<state_path>/keys/`. Error InvalidArgument: the file that was given is no key, or others may
  /// read it; StorageFailed; Corrupt: `keys.json` is not what was written.
  [[nodiscard]] static Result<LogKeys> open(FileSystem& files, const std::string& state_path,
                                            const std::string& key_file);

  [[nodiscard]] const evidence::SigningKey& active() const noexcept { return *active_; }
  [[nodiscard]] const evidence::KeyRing& ring() const noexcept { return ring_; }
  /// The private key was made by open().
  [[nodiscard]] bool is_new() const noexcept { return is_new_; }

  /// Makes `keys.json` say that the key signs from `next_seq` on, unless it says since when.
  [[nodiscard]] Result<void> begin(std::uint64_t next_seq);
  /// The key has signed nothing before `next_seq`, but another may have: the log has to say so.
  [[nodiscard]] bool has_begun_at(std::uint64_t next_seq) const noexcept;
  /// The key before this one; nothing if there was none.
  [[nodiscard]] std::optional<evidence::PublicKey> previous() const;

  /// Makes the private key that is to follow. Error FailedPrecondition: keys are given, not made.
  [[nodiscard]] Result<evidence::PublicKey> prepare_next();
  /// From `next_seq` on the prepared key signs. On an error the old one still does.
  [[nodiscard]] Result<void> use_next(std::uint64_t next_seq, evidence::KeyStatus old_status);
  /// Removes the private key before this one: nothing is signed with it any more.
  void forget_previous();

 private:
  LogKeys(FileSystem& files, std::string path) : files_(&files), path_(std::move(path)) {}
  Result<void> read_ring();
  Result<void> write_ring(const evidence::KeyRing& ring);
  Result<void> read_given(const std::string& key_file);
  Result<void> read_or_make();
  [[nodiscard]] Result<evidence::SigningKey> make_key();

  FileSystem* files_;
  std::string path_;
  FileHandle directory_;
  FileHandle key_directory_;
  evidence::KeyRing ring_;
  std::optional<evidence::SigningKey> active_;
  std::optional<evidence::SigningKey> next_;
  bool is_given_ = false;
  bool is_new_ = false;
};

}  // namespace betrace::storage
