// Memory for the bodies of requests: pooled, bounded in total, readable a little past its end.
//
// The server reads and inflates bodies into it; a later, faster door uses the same pool. Buffers
// of at most kPooledBytesMax are kept for the next request, larger ones go back to the system.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace betrace::http {

/// Readable zeros after the body, so that wide loads need no tail case.
inline constexpr std::size_t kBodyPaddingBytes = 64;
/// Largest buffer that is kept; fits a core's second-level cache.
inline constexpr std::size_t kPooledBytesMax = 512 * 1024;

class BodyBufferPool;

/// One growing body. Gives its memory back when it ends. Moved, not copied; used by one thread at a
/// time. Requires: its pool lives longer.
class BodyBuffer {
 public:
  BodyBuffer() = default;
  BodyBuffer(BodyBuffer&& other) noexcept;
  BodyBuffer& operator=(BodyBuffer&& other) noexcept;
  ~BodyBuffer();

  /// Makes room for at least `bytes` more (at least one) and returns all free room, to be filled
  /// from its start; empty if the pool's limit does not allow it. Moves the body: earlier views
  /// end.
  [[nodiscard]] std::span<char> room(std::size_t bytes);
  /// Adds the first `bytes` of the room to the body. Requires: they are there.
  void commit(std::size_t bytes) noexcept;
  /// Copies `bytes` to the end; false, with nothing copied, if the pool's limit does not allow it.
  [[nodiscard]] bool append(std::string_view bytes);
  /// Returns the body; kBodyPaddingBytes of zeros follow it until the next call of room().
  [[nodiscard]] std::string_view text() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  friend class BodyBufferPool;
  explicit BodyBuffer(BodyBufferPool* pool) noexcept : pool_(pool) {}
  void release() noexcept;

  BodyBufferPool* pool_ = nullptr;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;  // without the padding
  std::size_t size_ = 0;
};

/// Lends buffers whose sizes add up to at most `bytes_max`. Thread-safe.
class BodyBufferPool {
 public:
  explicit BodyBufferPool(std::size_t bytes_max, std::size_t kept_max = 32);

  /// Returns an empty buffer, with the memory of an earlier one if there is any.
  [[nodiscard]] BodyBuffer take();
  /// Bytes lent and kept.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.load(); }

 private:
  friend class BodyBuffer;
  struct Kept {
    std::unique_ptr<char[]> bytes;
    std::size_t capacity = 0;
  };

  [[nodiscard]] bool charge(std::size_t bytes) noexcept;
  void credit(std::size_t bytes) noexcept;
  void give_back(std::unique_ptr<char[]> bytes, std::size_t capacity) noexcept;

  const std::size_t bytes_max_;
  const std::size_t kept_max_;
  std::atomic<std::size_t> bytes_{0};
  std::mutex mutex_;
  std::vector<Kept> kept_;
};

}  // namespace betrace::http
