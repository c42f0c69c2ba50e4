#include "betrace/api/token_buckets.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>
#include <vector>

namespace betrace::api {

double TokenBuckets::tokens_at(const Bucket& bucket, MonotonicTime now) const noexcept {
  const std::chrono::duration<double> passed = std::max(now, bucket.at) - bucket.at;
  return std::min(rate_.bucket, bucket.tokens + passed.count() * rate_.refill_per_second);
}

// The bucket as it is now.
TokenBuckets::Bucket& TokenBuckets::bucket_of(std::string_view client, MonotonicTime now) {
  auto found = buckets_.find(client);
  if (found == buckets_.end()) {
    if (buckets_.size() >= clients_max_) make_room(now);
    found = buckets_.emplace(client, Bucket{rate_.bucket, now}).first;
  }
  found->second = {tokens_at(found->second, now), now};
  return found->second;
}

Draw TokenBuckets::told(const Bucket& bucket, double wanted, bool is_granted) const {
  const auto seconds = [this](double tokens) {
    return static_cast<std::uint32_t>(std::ceil(tokens / rate_.refill_per_second));
  };
  Draw draw;
  draw.is_granted = is_granted;
  draw.left = static_cast<std::uint64_t>(std::max(0.0, bucket.tokens));
  draw.seconds_to_full = seconds(rate_.bucket - bucket.tokens);
  if (!is_granted) draw.seconds_to_next = std::max(1U, seconds(wanted - bucket.tokens));
  return draw;
}

Draw TokenBuckets::draw(std::string_view client, MonotonicTime now, double count) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_of(client, now);
  const bool is_granted = bucket.tokens >= count;
  if (is_granted) bucket.tokens -= count;
  return told(bucket, count, is_granted);
}

Draw TokenBuckets::look(std::string_view client, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  const Bucket& bucket = bucket_of(client, now);
  return told(bucket, 1, bucket.tokens >= 1);
}

void TokenBuckets::charge(std::string_view client, MonotonicTime now, double count) {
  const std::lock_guard lock(mutex_);
  bucket_of(client, now).tokens -= count;
}

// Whoever is forgotten begins with a full bucket again, so the fullest lose least. At most once for
// each tenth of all clients: a stranger with many addresses must not make each request costly.
void TokenBuckets::make_room(MonotonicTime now) {
  std::vector<std::pair<double, const std::string*>> by_tokens;
  for (const auto& [client, bucket] : buckets_) {
    by_tokens.emplace_back(tokens_at(bucket, now), &client);
  }
  const std::size_t count = buckets_.size() / 10 + 1;
  std::ranges::nth_element(by_tokens, by_tokens.begin() + static_cast<std::ptrdiff_t>(count) - 1,
                           std::greater<>(), &std::pair<double, const std::string*>::first);
  for (std::size_t index = 0; index < count; ++index) {
    buckets_.erase(buckets_.find(*by_tokens[index].second));
  }
}

std::size_t TokenBuckets::clients() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace betrace::api
