// The generations of the state directory, and which of them is appended to.
//
// Owned by the violation log. Opens the newest generation, sets damaged ones aside, begins the next
// one; the files themselves are log_files.h, what a damaged one still says is log_extent.h. Source:
// docs/internals/violation_log.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/log_files.h"
#include "betrace/storage/log_generation.h"
#include "betrace/storage/log_salvage.h"
#include "betrace/storage/log_wal.h"
#include "betrace/storage/log_walk.h"
#include "betrace/storage/violation_log.h"

namespace betrace::storage {

/// Why a generation is followed by another.
enum class NextReason : std::uint8_t {
  IoError,     ///< Its handle may not be used again; what was committed stays readable.
  Corrupt,     ///< It is set aside and not read any more.
  WalMissing,  ///< Commits may have been lost with its WAL: numbers are skipped.
  WalDamaged,  ///< The same.
  Newer,       ///< A newer minor version made it: it is only read.
};

/// One thread.
class LogDirectory {
 public:
  /// Locks the directory for life and opens the newest generation for appending. Errors as
  /// ViolationLog::open().
  [[nodiscard]] static Result<std::unique_ptr<LogDirectory>> open(
      const ViolationLogOptions& options);

  /// Null after retire() until begin_next() succeeds.
  [[nodiscard]] LogGeneration* active() noexcept { return active_.get(); }
  /// Of the last commit, whether there is an active generation or not.
  [[nodiscard]] const GenerationTail& tail() const noexcept {
    return active_ != nullptr ? active_->tail() : tail_;
  }
  [[nodiscard]] const std::string& log_id() const noexcept { return log_id_; }
  /// There was a log, and its last record was no `stop`.
  [[nodiscard]] bool has_crashed() const noexcept { return has_crashed_; }

  /// Closes the active generation; its handle is not used again.
  void retire(NextReason reason, UnixNanos now);
  /// Begins the generation after the newest. May be repeated when it fails. `state` goes into it.
  /// Requires: there is no active one.
  [[nodiscard]] Result<void> begin_next(const LogState& state, UnixNanos now);
  /// Begins the generation after the active one, which stays the active one if that fails. The old
  /// one is still to be sealed.
  [[nodiscard]] Result<void> rotate(const LogState& state, UnixNanos now);
  /// Seals the oldest generation that is due, unless somebody reads it just now: true. False if
  /// nothing could be done. Requires: no connection of ours has one that is due.
  bool seal_older();
  [[nodiscard]] bool has_to_seal() const;

  /// Takes the generations that end at or before `last_seq` out of what is readable and removes
  /// their files; returns how many were taken. Never the active one.
  std::size_t remove_through(std::uint64_t last_seq);
  /// Where the generation after the oldest begins. Requires: the oldest is not the active one.
  [[nodiscard]] Result<GenerationStart> second_start() const;

  /// Takes room for the time when the device is full, as far as there is any.
  [[nodiscard]] Result<void> make_reserve(std::uint64_t bytes) {
    return files_.make_reserve(bytes);
  }
  /// False if there was no reserve.
  bool free_reserve() { return files_.free_reserve(); }

  /// Sets aside the older generations that are too damaged to say whether they hold the violation.
  [[nodiscard]] Result<void> check_older(const ViolationIdBytes& id, UnixNanos now);

  /// What had to be done that the log must tell; each is told once.
  [[nodiscard]] std::vector<GapRecord> take_gaps() { return std::exchange(gaps_, {}); }

  /// Readable files, oldest first.
  [[nodiscard]] const std::vector<ReadableGeneration>& readable() const { return readable_; }
  /// A file of that number was set aside: what is read of it was salvaged, and may have holes.
  [[nodiscard]] bool was_set_aside(std::uint64_t number) const;
  /// Names of databases that were set aside and still lie there.
  [[nodiscard]] const std::vector<std::string>& set_aside() const noexcept { return set_aside_; }
  /// How one of them can be salvaged; nothing if it cannot be said where it ended.
  [[nodiscard]] std::optional<SalvageTask> salvage_task(const std::string& name) const;
  /// Puts the salvaged file in its place and reads it from now on.
  [[nodiscard]] Result<void> adopt(const GenerationStart& start);
  /// The whole chain of a generation that is not appended to was checked: it is to be sealed, or
  /// set aside.
  [[nodiscard]] Result<void> note_checked(std::uint64_t number, bool is_sound, UnixNanos now);
  /// Size of all readable files.
  [[nodiscard]] std::uint64_t byte_count() const;
  /// Size of the newest.
  [[nodiscard]] std::uint64_t newest_byte_count() const { return files_.size_of(newest_number_); }
  /// Size of the volume; 0 if it cannot be told.
  [[nodiscard]] std::uint64_t volume_bytes() const { return files_.volume_bytes(); }
  [[nodiscard]] bool is_on_network() const noexcept { return files_.is_on_network(); }

 private:
  explicit LogDirectory(const ViolationLogOptions& options);
  Result<void> open_generations(LogListing listing, UnixNanos now);
  Result<void> open_older(const std::vector<std::uint64_t>& numbers, UnixNanos now);
  Result<Seal> prepare_older(std::uint64_t number);
  Result<void> seal(ReadableGeneration* generation);
  static Result<bool> drop_wal(ReadableGeneration* generation);
  void remove_files();
  Result<void> open_newest(WalState wal, UnixNanos now);
  Result<bool> remove_if_unfinished(std::uint64_t number, WalState wal);
  Result<void> follow_damaged(const std::string& path, WalState wal, UnixNanos now);
  Result<void> check_link(UnixNanos now);
  Result<void> set_older_aside(std::size_t index, UnixNanos now);
  Result<void> begin(const GenerationStart& start, const LogState& state);
  Result<void> put_aside(std::uint64_t number, const std::string& new_name);
  void note_gap(std::string_view cause, std::string_view file, std::uint64_t first_seq,
                std::uint64_t last_seq, UnixNanos now);
  [[nodiscard]] std::string path_of(std::uint64_t number) const;

  LogFiles files_;
  std::string log_id_;
  std::vector<ReadableGeneration> readable_;  // the active one last
  std::unique_ptr<LogGeneration> active_;
  GenerationTail tail_;
  std::uint64_t newest_number_ = 0;
  std::string damaged_name_;              // the newest is still to be set aside as this
  std::vector<std::uint64_t> to_remove_;  // files that retention has done with
  bool has_crashed_ = false;
  std::vector<GapRecord> gaps_;
  std::vector<std::string> set_aside_;
};

}  // namespace betrace::storage
