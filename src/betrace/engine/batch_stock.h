// Batches that were judged and are empty again, for those who build the next ones.
//
// So a steady stream takes no memory from the heap. engine/engine.cc lets builders and shards share
// one.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "betrace/engine/span_batch.h"

namespace betrace::engine {

/// Thread-safe.
class BatchStock {
 public:
  /// An empty batch, with memory if there is one.
  [[nodiscard]] SpanBatch take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (batches_.empty()) return {};
    SpanBatch batch = std::move(batches_.back());
    batches_.pop_back();
    bytes_ -= batch.byte_count();
    return batch;
  }

  /// Keeps the memory of `batch`, unless enough is kept already.
  void give_back(SpanBatch batch) {
    batch.clear();
    const std::uint64_t bytes = batch.byte_count();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (bytes_ + bytes > kBytesMax) return;
    bytes_ += bytes;
    batches_.push_back(std::move(batch));
  }

 private:
  static constexpr std::uint64_t kBytesMax = 8 << 20;

  std::mutex mutex_;
  std::uint64_t bytes_ = 0;
  std::vector<SpanBatch> batches_;
};

}  // namespace betrace::engine
