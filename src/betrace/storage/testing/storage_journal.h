// What clients of the storage were told, in memory that outlives the process that told them.
//
// Written by storage_workload, read by storage_judge: the oracle of durability.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>

namespace betrace::storage {

struct JournalEntry {
  enum class Kind : std::uint8_t {
    None,          ///< Its writer was killed while it wrote.
    Change,        ///< A change of rules begins: `number`. Its rules follow.
    Rule,          ///< Rule `number` is to have revision `value`; 0: it is to be deleted.
    Acknowledged,  ///< The change was answered with success.
    Refused,       ///< With an error: nothing is changed.
    Unrecorded,    ///< The disk failed under its record; the next start may find it.
    Applied,       ///< Its outcome was unknown; it was found in force.
    Opened,        ///< Both stores were opened.
    Sent,          ///< Violation `number` was recorded.
    Committed,     ///< Violation `number` was shown, with the sequence `value`.
    Expired,       ///< Retention may remove every record up to here.
    CopyBegun,     ///< Copy `number` begins.
    BackedUp,      ///< Copy `number` was made, and holds all records up to `value`.
  };
  Kind kind = Kind::None;
  std::uint64_t number = 0;
  std::uint64_t value = 0;
};

/// Thread-safe. A fork writes into the same one.
class StorageJournal {
 public:
  StorageJournal() {
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    shared_ = new (memory) Shared;
  }
  ~StorageJournal() { ::munmap(shared_, sizeof(Shared)); }
  StorageJournal(const StorageJournal&) = delete;
  StorageJournal& operator=(const StorageJournal&) = delete;

  void note(JournalEntry::Kind kind, std::uint64_t number, std::uint64_t value = 0) {
    const std::size_t place = shared_->count.fetch_add(1);
    if (place >= kEntriesMax) std::abort();
    shared_->entries[place] = {kind, number, value};
  }
  /// The power is about to go, or is back. What clients are told in between nobody may rely on: a
  /// file system that is being shut down may say that it has synced.
  void set_power(bool is_on) { shared_->has_power.store(is_on); }
  [[nodiscard]] bool has_power() const { return shared_->has_power.load(); }
  [[nodiscard]] std::span<const JournalEntry> entries() const {
    return {shared_->entries, shared_->count.load()};
  }

 private:
  static constexpr std::size_t kEntriesMax = 100'000;
  struct Shared {
    std::atomic<std::size_t> count{0};
    std::atomic<bool> has_power{true};
    JournalEntry entries[kEntriesMax];
  };
  Shared* shared_ = nullptr;
};

}  // namespace betrace::storage
