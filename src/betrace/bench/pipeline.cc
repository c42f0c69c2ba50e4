#include "betrace/bench/pipeline.h"

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/engine/active_rules.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/engine.h"
#include "betrace/engine/shard.h"
#include "betrace/otlp/json_trace_reader.h"
#include "betrace/otlp/trace_reader.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBetweenRequests{5};

engine::ShardOptions shard_options() {
  engine::ShardOptions options;
  options.noise.enabled = false;
  options.table.closure.quiet = milliseconds(50);
  options.table.closure.idle_max = milliseconds(5'000);
  options.table.late_max = milliseconds(50);
  // Its part that remembers evicted ids is then in use from the start.
  options.table.bytes_max = 128ULL << 20;
  return options;
}

std::vector<engine::ActiveRulePtr> active_rules(const BenchRules& rules) {
  std::vector<engine::ActiveRulePtr> active;
  for (const BenchRule& each : rules.rules()) {
    model::Rule rule;
    rule.id = rule.name = each.id;
    rule.expression = each.expression;
    auto checked = rules::check_rule(rule.expression);
    BETRACE_CHECK(checked.has_value());
    auto made = engine::make_active_rule(std::move(rule), std::move(*checked));
    BETRACE_CHECK(made.has_value());
    active.push_back(std::move(*made));
  }
  return active;
}

// Counts what was decided, each violation once, and hands everything on.
class CountingSink : public model::ViolationSink {
 public:
  explicit CountingSink(model::ViolationSink* next = nullptr) : next_(next) {}

  void record(model::ViolationRecord record) override {
    if (record.type == model::RecordType::Violation) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++counts[{record.violation.trace_id.hex(), record.violation.rule_id}];
    }
    if (next_ != nullptr) next_->record(std::move(record));
  }

  ViolationCounts counts;  // to be read when nobody records

 private:
  model::ViolationSink* const next_;
  std::mutex mutex_;
};

}  // namespace

class Pipeline::Core {
 public:
  Core(const BenchRules& rules, model::ViolationSink* log)
      : sink_(log), shard_(shard_options(), active_, sink_) {
    active_.publish(active_rules(rules));
  }

  void take(std::string_view request, Encoding encoding) {
    builder_.begin(active_.current(), active_.current(), "http_protobuf");
    const auto keep = [this](const model::SpanView& span) {
      builder_.add(span);
      ++spans_;
    };
    const model::SpanInterest& interest = active_.current()->interest();
    const auto read = encoding == Encoding::Protobuf ? reader_.read(request, keep, &interest)
                                                     : json_reader_.read(request, keep, &interest);
    BETRACE_CHECK(read.has_value());
    time_ += kBetweenRequests;
    shard_.add(builder_.batches().front(), now());
  }

  void finish() {
    time_ += shard_options().table.closure.idle_max;
    shard_.advance(now());
  }

  [[nodiscard]] std::uint64_t spans() const noexcept { return spans_; }
  [[nodiscard]] const ViolationCounts& violations() const noexcept { return sink_.counts; }

 private:
  [[nodiscard]] Now now() const {
    const auto nanos = static_cast<UnixNanos>(std::chrono::nanoseconds(time_).count());
    return {MonotonicTime(time_), nanos};
  }

  engine::ActiveRules active_;
  CountingSink sink_;
  engine::Shard shard_;
  engine::BatchBuilder builder_;
  otlp::TraceReader reader_;
  otlp::JsonTraceReader json_reader_;
  milliseconds time_{1'000};
  std::uint64_t spans_ = 0;
};

Pipeline::Pipeline(const BenchRules& rules, model::ViolationSink* log)
    : core_(std::make_unique<Core>(rules, log)) {}
Pipeline::~Pipeline() = default;

void Pipeline::take(std::string_view request, Encoding encoding) { core_->take(request, encoding); }
void Pipeline::finish() { core_->finish(); }
std::uint64_t Pipeline::spans() const noexcept { return core_->spans(); }
const ViolationCounts& Pipeline::violations() const noexcept { return core_->violations(); }

class WorkerPipeline::Core {
 public:
  Core(const BenchRules& rules, std::size_t workers)
      : workers_(workers), engine_(options(workers), active_, sink_) {
    active_.publish(active_rules(rules));
    engine_.start();
  }

  void take(std::span<const std::string_view> requests) {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < workers_; ++i) {
      threads.emplace_back([this, requests, &next] {
        otlp::TraceReader reader;
        for (std::size_t at = next++; at < requests.size(); at = next++) {
          read(requests[at], &reader);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    BETRACE_CHECK(engine_.wait_until_idle(kWait));
  }

  void finish() { BETRACE_CHECK(engine_.drain(kWait)); }

  [[nodiscard]] std::uint64_t spans() const { return engine_.statistics().ingested(); }
  [[nodiscard]] const ViolationCounts& violations() const noexcept { return sink_.counts; }

 private:
  static constexpr milliseconds kWait{60'000};
  static constexpr std::uint64_t kQueuedBytesMax = 8 << 20;

  engine::EngineOptions options(std::size_t workers) {
    engine::EngineOptions options;
    options.shard = shard_options();
    // Threads may fall behind each other by some requests, and no trace may close meanwhile.
    options.shard.table.closure.quiet = milliseconds(1'000);
    options.shards = workers;
    options.clock = [this] { return Now{MonotonicTime(milliseconds(time_.load())), 0}; };
    return options;
  }

  void read(std::string_view request, otlp::TraceReader* reader) {
    if (engine_.queued_bytes() > kQueuedBytesMax) {
      BETRACE_CHECK(engine_.wait_until_idle(kWait));
    }
    const auto intake = engine_.open({"http_protobuf"});
    const auto keep = [&intake](const model::SpanView& span) { intake->add(span); };
    BETRACE_CHECK(reader->read(request, keep, &intake->interest()).has_value());
    time_ += kBetweenRequests.count();
    intake->submit();
  }

  const std::size_t workers_;
  std::atomic<std::int64_t> time_{1'000};  // milliseconds
  engine::ActiveRules active_;
  CountingSink sink_;
  engine::Engine engine_;
};

WorkerPipeline::WorkerPipeline(const BenchRules& rules, std::size_t workers)
    : core_(std::make_unique<Core>(rules, workers)) {}
WorkerPipeline::~WorkerPipeline() = default;

void WorkerPipeline::take(std::span<const std::string_view> requests) { core_->take(requests); }
void WorkerPipeline::finish() { core_->finish(); }
std::uint64_t WorkerPipeline::spans() const { return core_->spans(); }
const ViolationCounts& WorkerPipeline::violations() const noexcept { return core_->violations(); }

}  // namespace betrace::bench
