// The budget of one evaluation: how many spans may be tried as candidates of conditions.
//
// Counts work, not time, so that a replay agrees. A test whose result is remembered, and a look at
// a span that only finds that it is not related, are a hundredth of a test.
#pragma once

#include <algorithm>
#include <cstdint>

namespace betrace::rules {

/// Owned by one evaluation.
class StepBudget {
 public:
  explicit StepBudget(std::uint64_t tests_max) noexcept
      : parts_max_(std::min(tests_max, kTestsLargest) * kPartsOfTest) {}

  /// Charges one test of a candidate. False once the budget is spent: the caller must give up.
  [[nodiscard]] bool test() noexcept {
    ++tests_;
    return charge(kPartsOfTest);
  }
  /// Charges a look. False once the budget is spent.
  [[nodiscard]] bool look() noexcept { return charge(1); }

  [[nodiscard]] bool is_spent() const noexcept { return parts_ > parts_max_; }
  [[nodiscard]] std::uint64_t tests() const noexcept { return tests_; }

 private:
  static constexpr std::uint64_t kPartsOfTest = 100;
  static constexpr std::uint64_t kTestsLargest = 1'000'000'000'000;

  [[nodiscard]] bool charge(std::uint64_t parts) noexcept {
    parts_ += parts;
    return !is_spent();
  }

  std::uint64_t parts_max_;
  std::uint64_t parts_ = 0;
  std::uint64_t tests_ = 0;
};

}  // namespace betrace::rules
