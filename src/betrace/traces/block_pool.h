// Blocks of memory in few sizes, used again and again, for what grows while traces are open.
//
// traces/pooled_array.h takes them; the traces of a shard share one pool. Each block is memory of
// the heap by itself, so that one which is not wanted any more goes back there.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace betrace::traces {

/// Shard-owned.
class BlockPool {
 public:
  /// Keeps at most `stock_max` bytes of blocks that were given back, for those who ask next.
  explicit BlockPool(std::uint64_t stock_max) noexcept : stock_max_(stock_max) {}
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  /// The smallest size of a block that holds `bytes`; each is about a third or a half above the one
  /// before. Requires: at most 32 GiB.
  [[nodiscard]] static std::size_t size_for(std::size_t bytes) noexcept {
    return size_of(class_for(bytes));
  }

  /// Returns memory for `bytes`, which size_for() returned; aligned for pointers.
  [[nodiscard]] void* take(std::size_t bytes);

  /// Takes back what take(bytes) returned.
  void give_back(void* block, std::size_t bytes) noexcept;

  /// Blocks that are taken, bytes as allocated.
  [[nodiscard]] std::uint64_t used_bytes() const noexcept { return used_bytes_; }
  /// Blocks that wait for the next who asks, bytes as allocated; and the most that may wait.
  [[nodiscard]] std::uint64_t stock_bytes() const noexcept { return stock_bytes_; }
  [[nodiscard]] std::uint64_t stock_max() const noexcept { return stock_max_; }

 private:
  static constexpr std::size_t kClasses = 62;
  static constexpr std::size_t kHeapOverhead = 8;  // of each block

  struct Stocked {
    Stocked* next = nullptr;
  };

  // With their overhead sizes are 32, 48, 64, 96, 128, 192, ...: what the heap rounds up to.
  static std::size_t class_for(std::size_t bytes) noexcept {
    const std::size_t whole = bytes + kHeapOverhead;
    if (whole <= 32) return 0;
    const auto doublings = static_cast<std::size_t>(std::bit_width((whole - 1) / 32));
    return whole <= (std::size_t{24} << doublings) ? 2 * doublings - 1 : 2 * doublings;
  }
  static std::size_t size_of(std::size_t number) noexcept {
    return ((number % 2 == 0 ? std::size_t{32} : std::size_t{48}) << (number / 2)) - kHeapOverhead;
  }

  void drop_one() noexcept;

  std::uint64_t stock_max_;
  std::uint64_t stock_bytes_ = 0;
  std::uint64_t used_bytes_ = 0;
  std::array<Stocked*, kClasses> stock_{};  // by size
  std::size_t next_dropped_ = 0;            // a size
};

}  // namespace betrace::traces
