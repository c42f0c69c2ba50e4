// Readers that are not in use, so that a request needs no memory that an earlier one already had.
//
// Used by the receivers, whose requests come on any thread. As many readers exist as requests were
// ever read at the same time.
#pragma once

#include <memory>
#include <utility>

#include "betrace/base/idle_pool.h"
#include "betrace/otlp/read_summary.h"

namespace betrace::ingest {

/// Lends readers that are made with the same limits. Thread-safe.
template <typename Reader>
class ReaderPool {
 public:
  explicit ReaderPool(const otlp::ReaderLimits& limits)
      : readers_([limits] { return std::make_unique<Reader>(limits); }) {}

  /// Returns `use(reader)`, called with a reader that nobody else uses meanwhile.
  template <typename Use>
  auto with(Use use) {
    std::unique_ptr<Reader> reader = readers_.take();
    auto result = use(*reader);
    readers_.give_back(std::move(reader));
    return result;
  }

 private:
  IdlePool<Reader> readers_;
};

}  // namespace betrace::ingest
