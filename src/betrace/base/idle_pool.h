// Things that are costly to make and not in use: readers, builders of batches.
//
// Whoever serves requests on any thread lends one to each, so that it needs no memory that an
// earlier request already had.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace betrace {

/// As many exist as were ever lent at the same time. Thread-safe.
template <typename T>
class IdlePool {
 public:
  using Make = std::function<std::unique_ptr<T>()>;

  explicit IdlePool(Make make) : make_(std::move(make)) {}

  /// One that nobody else uses until it is given back.
  [[nodiscard]] std::unique_ptr<T> take() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> item = std::move(idle_.back());
        idle_.pop_back();
        return item;
      }
    }
    return make_();
  }

  void give_back(std::unique_ptr<T> item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(item));
  }

 private:
  const Make make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace betrace
