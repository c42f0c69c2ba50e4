#include "betrace/storage/repeated_ids.h"

namespace betrace::storage {
namespace {

constexpr std::size_t kIdsMax = 500'000;

}  // namespace

void RepeatedIds::add(const ViolationIdBytes& id) {
  if (!ids_.insert(id).second) return;
  order_.push_back(id);
  if (order_.size() <= kIdsMax) return;
  ids_.erase(order_.front());
  order_.pop_front();
}

}  // namespace betrace::storage
