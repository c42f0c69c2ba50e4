#include "betrace/account/refusals.h"

#include <utility>

namespace betrace::account {

void Refusals::add(evidence::Refusal refusal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Key key{refusal.actor, refusal.method, refusal.route, refusal.code};
  if (refusals_.size() >= kDifferentMax && !refusals_.contains(key)) {
    refusal.actor = "other";
    std::get<0>(key) = refusal.actor;
  }
  const UnixNanos time = refusal.first_time;
  evidence::Refusal& folded =
      refusals_.try_emplace(std::move(key), std::move(refusal)).first->second;
  ++folded.count;
  folded.last_time = time;
}

std::vector<evidence::Refusal> Refusals::take() {
  std::map<Key, evidence::Refusal> taken;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    taken.swap(refusals_);
  }
  std::vector<evidence::Refusal> refusals;
  for (auto& entry : taken) refusals.push_back(std::move(entry.second));
  return refusals;
}

}  // namespace betrace::account
