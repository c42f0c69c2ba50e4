// Batch builders that are not in use, each with a matcher that knows the rules already.
//
// engine/engine.cc lends one to every request.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "betrace/engine/batch_builder.h"

namespace betrace::engine {

/// As many builders exist as requests were ever read at the same time. Thread-safe.
class BuilderPool {
 public:
  BuilderPool(std::size_t shards, const traces::HashKey& key) : shards_(shards), key_(key) {}

  [[nodiscard]] std::unique_ptr<BatchBuilder> take() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<BatchBuilder> builder = std::move(idle_.back());
        idle_.pop_back();
        return builder;
      }
    }
    return std::make_unique<BatchBuilder>(shards_, key_);
  }

  void give_back(std::unique_ptr<BatchBuilder> builder) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(builder));
  }

 private:
  const std::size_t shards_;
  const traces::HashKey key_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<BatchBuilder>> idle_;
};

}  // namespace betrace::engine
