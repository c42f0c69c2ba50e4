// Token buckets, one for each client: how much of something it may still do.
//
// access.h draws from them for requests and for failed credentials. Reads no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "betrace/base/time.h"

namespace betrace::api {

/// `refill/bucket` of a setting. No bucket: no limit.
struct BucketRate {
  double refill_per_second = 0;
  double bucket = 0;

  [[nodiscard]] bool is_limited() const noexcept { return bucket > 0; }
};

/// What a client has left.
struct Draw {
  bool is_granted = true;
  std::uint64_t left = 0;             ///< Whole tokens.
  std::uint32_t seconds_to_full = 0;  ///< Rounded up.
  std::uint32_t seconds_to_next = 0;  ///< Until as much would be granted; 0 if it was.
};

/// Thread-safe. Memory: at most `clients_max` clients are remembered; whoever has a full bucket is
/// forgotten first, then whoever has the most left.
class TokenBuckets {
 public:
  explicit TokenBuckets(BucketRate rate, std::size_t clients_max = 10'000)
      : rate_(rate), clients_max_(clients_max) {}

  /// Takes `count` tokens if they are there. Requires: the rate is limited; `now` never goes back
  /// by more than it may be lost.
  [[nodiscard]] Draw draw(std::string_view client, MonotonicTime now, double count = 1);

  /// Says whether anything is left and takes nothing: for what is only counted afterwards.
  [[nodiscard]] Draw look(std::string_view client, MonotonicTime now);

  /// Takes `count` tokens whether they are there or not; a client may owe some.
  void charge(std::string_view client, MonotonicTime now, double count);

  [[nodiscard]] const BucketRate& rate() const noexcept { return rate_; }
  [[nodiscard]] std::size_t clients() const;

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime at;  // when `tokens` was right
  };

  [[nodiscard]] Bucket& bucket_of(std::string_view client, MonotonicTime now);
  [[nodiscard]] Draw told(const Bucket& bucket, double wanted, bool is_granted) const;
  [[nodiscard]] double tokens_at(const Bucket& bucket, MonotonicTime now) const noexcept;
  void make_room(MonotonicTime now);

  const BucketRate rate_;
  const std::size_t clients_max_;
  mutable std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;  // ordered: its keys are untrusted
};

}  // namespace betrace::api
