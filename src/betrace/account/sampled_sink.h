// The engine's door with somebody beside it who looks at a few of those who pass.
//
// app/ puts it before the engine, so that every receiver goes through it. Changes nothing of what
// is taken: a request that is looked at is only read whole.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "betrace/account/attribute_sample.h"
#include "betrace/engine/span_sink.h"

namespace betrace::account {

/// Thread-safe. Both must outlive it.
class SampledSink : public engine::SpanSink {
 public:
  SampledSink(engine::SpanSink& sink, AttributeSample& sample) : sink_(sink), sample_(sample) {}

  [[nodiscard]] std::optional<engine::Refusal> admit(std::size_t bytes) override {
    return sink_.admit(bytes);
  }
  [[nodiscard]] std::unique_ptr<engine::SpanIntake> open(const engine::SpanOrigin& origin) override;

 private:
  engine::SpanSink& sink_;
  AttributeSample& sample_;
};

}  // namespace betrace::account
