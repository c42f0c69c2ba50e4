// Which attributes the spans of late have: their keys, types, services and a few values.
//
// For completion in editors. account/sampled_sink.h shows it the spans of few requests; api/ lists
// what it saw. In memory only, bounded whatever senders do. Says nothing about who may see a value.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/model/span_view.h"

namespace betrace::account {

/// What is kept; what is over a limit is not seen.
struct AttributeSampleLimits {
  std::uint32_t requests_per_sample = 256;  ///< 1 of so many is looked at, the first too.
  std::size_t spans_max = 100;              ///< Of one request.
  std::size_t keys_max = 10'000;
  std::size_t services_max = 20;  ///< Of one key.
  std::size_t examples_max = 5;   ///< Of one key.
  std::size_t example_bytes_max = 128;
};

struct SeenAttribute {
  std::string key;
  bool is_resource = false;
  std::set<std::string, std::less<>>
      types;  ///< `string` `int` `double` `bool` `bytes` `list` `map`
  std::set<std::string, std::less<>> services;
  std::vector<Json> examples;  ///< Texts, numbers and booleans, each once; the first that came.
};

/// Thread-safe.
class AttributeSample {
 public:
  explicit AttributeSample(AttributeSampleLimits limits = {}) : limits_(limits) {}

  /// True for each request whose spans should be noted. Cost: one addition.
  [[nodiscard]] bool is_due() noexcept {
    return requests_.fetch_add(1, std::memory_order_relaxed) % limits_.requests_per_sample == 0;
  }

  /// Remembers the attributes of a span.
  void note(const model::SpanView& span);

  /// Returns those whose key begins with `prefix`, of a service or, if it is empty, of all: by key,
  /// those of spans before those of resources, at most `limit`.
  [[nodiscard]] std::vector<SeenAttribute> list(std::string_view prefix, std::string_view service,
                                                std::size_t limit) const;

  [[nodiscard]] const AttributeSampleLimits& limits() const noexcept { return limits_; }

 private:
  using Place = std::pair<std::string, bool>;  // key, of a resource

  void note_all(model::AttributesView attributes, bool is_resource, std::string_view service);
  void note_example(const model::ValueView& value, SeenAttribute* seen) const;

  const AttributeSampleLimits limits_;
  std::atomic<std::uint32_t> requests_{0};
  mutable std::mutex mutex_;
  std::map<Place, SeenAttribute> seen_;  // ordered: its keys are untrusted
};

}  // namespace betrace::account
