// Readers that are not in use, so that a request needs no memory that an earlier one already had.
//
// Used by the receivers, whose requests come on any thread. As many readers exist as requests were
// ever read at the same time.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "betrace/otlp/read_summary.h"

namespace betrace::ingest {

/// Lends readers that are made with the same limits. Thread-safe.
template <typename Reader>
class ReaderPool {
 public:
  explicit ReaderPool(const otlp::ReaderLimits& limits) : limits_(limits) {}

  /// Returns `use(reader)`, called with a reader that nobody else uses meanwhile.
  template <typename Use>
  auto with(Use use) {
    std::unique_ptr<Reader> reader = take();
    auto result = use(*reader);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(reader));
    return result;
  }

 private:
  std::unique_ptr<Reader> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Reader> reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
      }
    }
    return std::make_unique<Reader>(limits_);
  }

  const otlp::ReaderLimits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Reader>> idle_;
};

}  // namespace betrace::ingest
