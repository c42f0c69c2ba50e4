// For tests only: an engine's door that remembers what came, and refuses when told to.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/engine/span_sink.h"
#include "betrace/model/span_view.h"

namespace betrace::ingest {

/// Thread-safe, but for the members that a test sets first.
class FakeSink : public engine::SpanSink {
 public:
  std::optional<engine::Refusal> admit(std::size_t bytes) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(bytes);
    if (bytes > bytes_max) return engine::Refusal{"ingest_queue", 3};
    return refusal;
  }
  std::unique_ptr<engine::SpanIntake> open(const engine::SpanOrigin& origin) override {
    return std::make_unique<Intake>(*this, origin);
  }
  std::vector<std::string> names() {
    const std::lock_guard lock(mutex_);
    return names_;
  }
  std::vector<std::size_t> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::string protocol() {
    const std::lock_guard lock(mutex_);
    return protocol_;
  }

  /// Keeps the names of the spans of a request.
  class Intake : public engine::SpanIntake {
   public:
    Intake(FakeSink& sink, const engine::SpanOrigin& origin)
        : sink_(sink), protocol_(origin.protocol) {}
    const model::SpanInterest& interest() const noexcept override { return interest_; }
    void add(const model::SpanView& span) override { names_.emplace_back(span.name); }
    void submit() override {
      const std::lock_guard lock(sink_.mutex_);
      sink_.names_.insert(sink_.names_.end(), names_.begin(), names_.end());
      sink_.protocol_ = protocol_;
    }

   private:
    FakeSink& sink_;
    std::string_view protocol_;
    model::SpanInterest interest_;
    std::vector<std::string> names_;
  };

  std::optional<engine::Refusal> refusal;                           // set before the request
  std::size_t bytes_max = std::numeric_limits<std::size_t>::max();  // likewise

 private:
  std::mutex mutex_;
  std::vector<std::string> names_;
  std::vector<std::size_t> asked_;
  std::string protocol_;
};

/// A span that can be taken.
inline model::SpanView span_named(std::string_view name, std::uint8_t id = 1) {
  model::SpanView span;
  span.trace_id.bytes[0] = 1;
  span.span_id.bytes[0] = id;
  span.name = name;
  span.start_time_unix_nano = 1;
  span.end_time_unix_nano = 2;
  return span;
}

}  // namespace betrace::ingest
