// Refused requests on their way into the log: equal ones of a minute become one record.
//
// app/ says what was refused, account/clerk takes what there is each minute.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "betrace/evidence/refusal.h"

namespace betrace::account {

/// Thread-safe.
class Refusals {
 public:
  /// Different actors, routes and codes of one minute; what is more is folded under the actor
  /// `other`, whose routes and codes are few.
  static constexpr std::size_t kDifferentMax = 1'000;

  /// Counts one request; its `count` and `last_time` are set here.
  void add(evidence::Refusal refusal);

  [[nodiscard]] std::vector<evidence::Refusal> take();

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string>;

  std::mutex mutex_;
  std::map<Key, evidence::Refusal> refusals_;  // by actor, method, route and code
};

}  // namespace betrace::account
