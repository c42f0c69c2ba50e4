#include "betrace/engine/engine.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/base/idle_pool.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/shard_thread.h"

namespace betrace::engine {
namespace {

constexpr std::uint32_t kRetrySecondsMax = 10;

// What a shard gets of the options for all.
ShardOptions share_of(const EngineOptions& options) {
  ShardOptions shard = options.shard;
  shard.table.bytes_max /= options.shards;
  if (!shard.stopwatch) {
    shard.stopwatch = [clock = options.clock] { return clock().monotonic; };
  }
  return shard;
}

}  // namespace

/// The door and the shards behind it.
class Engine::Core {
 public:
  Core(EngineOptions options, const ActiveRules& active, model::ViolationSink& sink,
       const ShardHooks& hooks)
      : rules(active),
        noise(std::make_shared<NoiseLimit>(options.shard.noise, hooks.suppressed)),
        stock(std::make_shared<BatchStock>()),
        builders([this, shards = options.shards, key = options.shard.table.hash_key] {
          return std::make_unique<BatchBuilder>(shards, key, Keep::Met, noise, stock);
        }),
        options_(std::move(options)),
        sink_(sink) {
    BETRACE_CHECK(options_.shards > 0);
    ShardOptions share = share_of(options_);
    share.senders = senders;
    for (std::size_t i = 0; i < options_.shards; ++i) {
      shards.push_back(std::make_unique<ShardThread>(
          ShardThreadOptions{options_.tick, options_.clock},
          std::make_unique<Shard>(share, active, sink, hooks, noise), stock));
    }
  }

  void start() {
    BETRACE_CHECK(!is_open_);
    for (const auto& shard : shards) shard->start();
    is_open_ = true;
  }

  std::optional<Refusal> admit(std::size_t bytes) {
    if (!is_open_) return refuse("stopping");
    if (options_.is_memory_short && options_.is_memory_short()) return refuse("memory");
    if (sink_.is_full()) return refuse("log.pending");
    // One request is always taken by empty queues, however large it is.
    const std::uint64_t queued = queued_bytes();
    if (queued != 0 && queued + bytes > options_.queue_bytes_max) return refuse("ingest_queue");
    return std::nullopt;
  }

  bool drain(std::chrono::milliseconds grace) {
    is_open_ = false;
    const auto deadline = std::chrono::steady_clock::now() + grace;
    for (const auto& shard : shards) shard->begin_drain();
    bool is_done = true;
    for (const auto& shard : shards) is_done = shard->end_drain(deadline) && is_done;
    return is_done;
  }

  [[nodiscard]] std::uint64_t queued_bytes() const noexcept {
    std::uint64_t bytes = 0;
    for (const auto& shard : shards) bytes += shard->queued_bytes();
    return bytes;
  }

  const ActiveRules& rules;
  const std::shared_ptr<NoiseLimit> noise;
  const std::shared_ptr<BatchStock> stock;
  const std::shared_ptr<SenderNames> senders = std::make_shared<SenderNames>();
  IdlePool<BatchBuilder> builders;
  std::vector<std::unique_ptr<ShardThread>> shards;

 private:
  // The longer the queue, the later the retry, spread so that senders do not come back together.
  Refusal refuse(std::string_view limit) {
    std::chrono::nanoseconds age{0};
    for (const auto& shard : shards) age = std::max(age, shard->queue_age());
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    const auto seconds = std::clamp<std::int64_t>(whole + 1, 1, kRetrySecondsMax);
    const std::int64_t spread = seconds / 5;
    const auto shift = static_cast<std::int64_t>(++refusals_) % (2 * spread + 1) - spread;
    const auto wait = std::clamp<std::int64_t>(seconds + shift, 1, kRetrySecondsMax);
    return {limit, static_cast<std::uint32_t>(wait)};
  }

  const EngineOptions options_;
  model::ViolationSink& sink_;
  std::atomic<bool> is_open_{false};
  std::atomic<std::uint64_t> refusals_{0};
};

/// Builds the batches of one request. The rules are held until the batches are in the queues, so
/// that none waits there behind one whose rules know more than it was looked at by.
class Engine::Intake : public SpanIntake {
 public:
  Intake(Core& core, const SpanOrigin& origin)
      : core_(core), hold_(core.rules), builder_(core.builders.take()) {
    builder_->begin(hold_.looking(), hold_.judging(), origin.protocol,
                    core_.senders->number_of(origin.key_id));
  }
  ~Intake() override {
    builder_->clear();
    core_.builders.give_back(std::move(builder_));
  }

  const model::SpanInterest& interest() const noexcept override {
    return hold_.looking()->interest();
  }

  void add(const model::SpanView& span) override { builder_->add(span); }

  void submit() override {
    const std::span<SpanBatch> batches = builder_->batches();
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (!batches[i].is_empty()) core_.shards[i]->push(std::move(batches[i]));
    }
  }

 private:
  Core& core_;
  ActiveRules::Hold hold_;
  std::unique_ptr<BatchBuilder> builder_;
};

Engine::Engine(EngineOptions options, const ActiveRules& rules, model::ViolationSink& sink,
               const ShardHooks& hooks)
    : core_(std::make_unique<Core>(std::move(options), rules, sink, hooks)) {}

Engine::~Engine() = default;

void Engine::start() { core_->start(); }

std::optional<Refusal> Engine::admit(std::size_t bytes) { return core_->admit(bytes); }

std::unique_ptr<SpanIntake> Engine::open(const SpanOrigin& origin) {
  return std::make_unique<Intake>(*core_, origin);
}

bool Engine::drain(std::chrono::milliseconds grace) { return core_->drain(grace); }

bool Engine::wait_until_idle(std::chrono::milliseconds wait) {
  return std::all_of(core_->shards.begin(), core_->shards.end(),
                     [wait](const auto& shard) { return shard->wait_until_idle(wait); });
}

ShardStatistics Engine::statistics() const {
  ShardStatistics all;
  for (const auto& shard : core_->shards) all.add(shard->statistics());
  return all;
}

std::uint64_t Engine::queued_bytes() const noexcept { return core_->queued_bytes(); }

std::uint64_t Engine::undecided() const noexcept {
  std::uint64_t traces = 0;
  for (const auto& shard : core_->shards) traces += shard->undecided();
  return traces;
}

}  // namespace betrace::engine
