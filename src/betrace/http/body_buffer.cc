#include "betrace/http/body_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "betrace/base/check.h"

namespace betrace::http {
namespace {

constexpr std::size_t kFirstCapacity = 16 * 1024;

}  // namespace

BodyBuffer::BodyBuffer(BodyBuffer&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      bytes_(std::move(other.bytes_)),
      capacity_(std::exchange(other.capacity_, 0)),
      size_(std::exchange(other.size_, 0)) {}

BodyBuffer& BodyBuffer::operator=(BodyBuffer&& other) noexcept {
  if (this != &other) {
    release();
    pool_ = std::exchange(other.pool_, nullptr);
    bytes_ = std::move(other.bytes_);
    capacity_ = std::exchange(other.capacity_, 0);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

BodyBuffer::~BodyBuffer() { release(); }

void BodyBuffer::release() noexcept {
  if (bytes_ != nullptr) pool_->give_back(std::move(bytes_), capacity_);
  capacity_ = 0;
  size_ = 0;
}

std::span<char> BodyBuffer::room(std::size_t bytes) {
  BETRACE_CHECK(pool_ != nullptr);
  bytes = std::max<std::size_t>(bytes, 1);
  if (capacity_ - size_ < bytes) {
    const std::size_t capacity = std::max({kFirstCapacity, 2 * capacity_, size_ + bytes});
    if (!pool_->charge(capacity + kBodyPaddingBytes)) return {};
    // Not make_unique: it would clear memory that is about to be written.
    std::unique_ptr<char[]> grown(new char[capacity + kBodyPaddingBytes]);
    if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
    if (bytes_ != nullptr) pool_->credit(capacity_ + kBodyPaddingBytes);
    bytes_ = std::move(grown);
    capacity_ = capacity;
  }
  return {bytes_.get() + size_, capacity_ - size_};
}

void BodyBuffer::commit(std::size_t bytes) noexcept {
  BETRACE_CHECK(bytes <= capacity_ - size_);
  size_ += bytes;
}

bool BodyBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return true;
  const std::span<char> free = room(bytes.size());
  if (free.empty()) return false;
  std::memcpy(free.data(), bytes.data(), bytes.size());
  commit(bytes.size());
  return true;
}

std::string_view BodyBuffer::text() noexcept {
  static constexpr char kEmpty[kBodyPaddingBytes] = {};
  if (bytes_ == nullptr) return {kEmpty, 0};
  std::memset(bytes_.get() + size_, 0, kBodyPaddingBytes);
  return {bytes_.get(), size_};
}

BodyBufferPool::BodyBufferPool(std::size_t bytes_max, std::size_t kept_max)
    : bytes_max_(bytes_max), kept_max_(kept_max) {
  kept_.reserve(kept_max);
}

BodyBuffer BodyBufferPool::take() {
  BodyBuffer buffer(this);
  const std::lock_guard lock(mutex_);
  if (!kept_.empty()) {
    buffer.bytes_ = std::move(kept_.back().bytes);
    buffer.capacity_ = kept_.back().capacity;
    kept_.pop_back();
  }
  return buffer;
}

bool BodyBufferPool::charge(std::size_t bytes) noexcept {
  std::size_t now = bytes_.load();
  do {
    if (bytes > bytes_max_ || now > bytes_max_ - bytes) return false;
  } while (!bytes_.compare_exchange_weak(now, now + bytes));
  return true;
}

void BodyBufferPool::credit(std::size_t bytes) noexcept { bytes_.fetch_sub(bytes); }

void BodyBufferPool::give_back(std::unique_ptr<char[]> bytes, std::size_t capacity) noexcept {
  if (capacity <= kPooledBytesMax) {
    const std::lock_guard lock(mutex_);
    if (kept_.size() < kept_max_) {
      kept_.push_back({std::move(bytes), capacity});
      return;
    }
  }
  bytes.reset();
  credit(capacity + kBodyPaddingBytes);
}

}  // namespace betrace::http
