#include "betrace/storage/reader_pool.h"

#include <utility>

namespace betrace::storage {
namespace {

constexpr std::size_t kFreeMax = 4;

}  // namespace

void ReaderPool::set(std::vector<ReadableGeneration> readable) {
  const std::lock_guard lock(mutex_);
  readable_ = std::move(readable);
  free_.clear();
  ++epoch_;
}

std::vector<ReadableGeneration> ReaderPool::readable() {
  const std::lock_guard lock(mutex_);
  return readable_;
}

Result<std::unique_ptr<LogReader>> ReaderPool::take(std::uint64_t* epoch) {
  std::vector<ReadableGeneration> readable;
  {
    const std::lock_guard lock(mutex_);
    *epoch = epoch_;
    if (!free_.empty()) {
      auto reader = std::move(free_.back());
      free_.pop_back();
      return reader;
    }
    readable = readable_;
  }
  return LogReader::open(readable);
}

void ReaderPool::give_back(std::unique_ptr<LogReader> reader, std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch == epoch_ && free_.size() < kFreeMax) free_.push_back(std::move(reader));
}

}  // namespace betrace::storage
