#include "betrace/account/sampled_sink.h"

#include <utility>

namespace betrace::account {
namespace {

// One request that is looked at.
class SampledIntake : public engine::SpanIntake {
 public:
  SampledIntake(std::unique_ptr<engine::SpanIntake> intake, AttributeSample& sample)
      : intake_(std::move(intake)), sample_(sample), spans_left_(sample.limits().spans_max) {}

  [[nodiscard]] const model::SpanInterest& interest() const noexcept override {
    static const model::SpanInterest kEverything;
    return kEverything;
  }

  void add(const model::SpanView& span) override {
    if (spans_left_ > 0) {
      --spans_left_;
      sample_.note(span);
    }
    intake_->add(span);
  }

  void submit() override { intake_->submit(); }

 private:
  const std::unique_ptr<engine::SpanIntake> intake_;
  AttributeSample& sample_;
  std::size_t spans_left_;
};

}  // namespace

std::unique_ptr<engine::SpanIntake> SampledSink::open(const engine::SpanOrigin& origin) {
  auto intake = sink_.open(origin);
  if (!sample_.is_due()) return intake;
  return std::make_unique<SampledIntake>(std::move(intake), sample_);
}

}  // namespace betrace::account
