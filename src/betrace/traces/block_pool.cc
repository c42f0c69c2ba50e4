#include "betrace/traces/block_pool.h"

#include <new>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/base/prefetch.h"

namespace betrace::traces {

BlockPool::~BlockPool() {
  stock_max_ = 0;
  while (stock_bytes_ > 0) drop_one();
}

void* BlockPool::take(std::size_t bytes) {
  const std::size_t number = class_for(bytes);
  BETRACE_CHECK(number < kClasses);
  used_bytes_ += bytes + kHeapOverhead;
  if (stock_[number] == nullptr) return ::operator new(bytes);
  Stocked* const block = std::exchange(stock_[number], stock_[number]->next);
  stock_bytes_ -= bytes + kHeapOverhead;
  prefetch_to_write(stock_[number]);  // the next to be taken; nobody has touched it for long
  return block;
}

void BlockPool::give_back(void* block, std::size_t bytes) noexcept {
  used_bytes_ -= bytes + kHeapOverhead;
  if (bytes + kHeapOverhead > stock_max_) {
    ::operator delete(block);
    return;
  }
  const std::size_t number = class_for(bytes);
  stock_[number] = new (block) Stocked{stock_[number]};
  stock_bytes_ += bytes + kHeapOverhead;
  while (stock_bytes_ > stock_max_) drop_one();
}

// Of each size in turn, so that sizes which nobody asks for any more do not fill the stock.
void BlockPool::drop_one() noexcept {
  do {
    next_dropped_ = (next_dropped_ + 1) % kClasses;
  } while (stock_[next_dropped_] == nullptr);
  Stocked* const block = std::exchange(stock_[next_dropped_], stock_[next_dropped_]->next);
  stock_bytes_ -= size_of(next_dropped_) + kHeapOverhead;
  ::operator delete(block);
}

}  // namespace betrace::traces
