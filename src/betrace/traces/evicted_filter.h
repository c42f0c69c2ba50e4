// Remembers, in bounded memory, which traces were evicted, so that a remainder is not taken for a
// whole trace.
//
// Buckets of one cache line hold sixteen 32-bit fingerprints; a full bucket forgets its oldest. A
// false "yes" happens about once in 2^28 asked ids; a forgotten id opens an ordinary trace.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "betrace/base/prefetch.h"
#include "betrace/model/ids.h"
#include "betrace/traces/keyed_hash.h"

namespace betrace::traces {

/// Shard-owned.
class EvictedFilter {
 public:
  /// Uses at most `bytes_max` and kBytesMax bytes, at least one bucket of 64.
  EvictedFilter(std::uint64_t bytes_max, const HashKey& key);

  /// Enough for 256 million ids; a budget that is in effect none asks for no more.
  static constexpr std::uint64_t kBytesMax = 1ULL << 30;

  void insert(const model::TraceId& id) noexcept;
  [[nodiscard]] bool contains(const model::TraceId& id) const noexcept;
  /// Asks the processor for what contains() will read.
  void prefetch(const model::TraceId& id) const noexcept {
    prefetch_to_read(&buckets_[bucket_of(hash_(id))]);
  }
  [[nodiscard]] std::uint64_t byte_count() const noexcept { return bucket_count_ * sizeof(Bucket); }

 private:
  static constexpr std::size_t kSlots = 16;
  static constexpr std::size_t kPendingMax = 8;
  static constexpr std::size_t kPageBytes = 4096;
  struct alignas(64) Bucket {
    std::array<std::uint32_t, kSlots> fingerprints{};  // newest first; zero = empty
  };

  struct Pending {
    std::size_t bucket = 0;
    std::uint32_t fingerprint = 0;  // zero: nothing is pending

    friend bool operator==(const Pending&, const Pending&) = default;
  };

  struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };

  static constexpr std::size_t page_of(std::size_t bucket) noexcept {
    return bucket * sizeof(Bucket) / kPageBytes;
  }

  void write(const Pending& place) noexcept;
  [[nodiscard]] Pending place_of(const model::TraceId& id) const noexcept;
  [[nodiscard]] std::size_t bucket_of(std::uint64_t hash) const noexcept;
  static std::uint32_t fingerprint_of(std::uint64_t hash) noexcept;

  KeyedHash hash_;
  std::size_t bucket_count_;
  // Zeroed by the system as it is touched, so that a large filter costs nothing at the start.
  std::unique_ptr<void, Free> memory_;
  Bucket* buckets_;  // in memory_, from the beginning of a page on
  // Pages that hold an id. The others are not read: the system would lend a page of zeros for that,
  // and take it back from every processor at the first write.
  std::vector<bool> is_page_used_;
  std::array<Pending, kPendingMax> pending_{};  // inserted and not written yet, in turn
  std::size_t inserted_ = 0;
};

}  // namespace betrace::traces
