#include "betrace/engine/engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/builder_pool.h"

namespace betrace::engine {
namespace {

constexpr std::uint32_t kRetrySecondsMax = 10;

// How long statistics() waits for the shard's thread, which may itself wait for the sink.
constexpr std::chrono::milliseconds kSnapshotWait{200};

// How long a drain that is out of time waits for the record at hand.
constexpr std::chrono::milliseconds kLastRecordWait{200};

EngineOptions with_stopwatch(EngineOptions options) {
  if (!options.shard.stopwatch) {
    options.shard.stopwatch = [clock = options.clock] { return clock().monotonic; };
  }
  return options;
}

}  // namespace

/// The queue, and the thread that empties it. Only that thread touches `shard_`.
class Engine::Core {
 public:
  Core(EngineOptions options, const ActiveRules& rules, model::ViolationSink& sink,
       ShardHooks hooks)
      : options_(with_stopwatch(std::move(options))),
        rules_(rules),
        sink_(sink),
        shard_(options_.shard, rules, sink, std::move(hooks)) {}

  ~Core() {
    end_thread(Phase::Stopping);
    if (thread_.joinable()) thread_.join();
  }

  void start() {
    const std::lock_guard<std::mutex> lock(mutex_);
    BETRACE_CHECK(phase_ == Phase::Created);
    phase_ = Phase::Running;
    thread_ = std::thread([this] { run(); });
  }

  std::optional<Refusal> admit(std::size_t bytes) {
    const bool is_short = options_.is_memory_short && options_.is_memory_short();
    const bool is_sink_full = sink_.is_full();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (phase_ != Phase::Running) return refuse("stopping");
    if (is_short) return refuse("memory");
    if (is_sink_full) return refuse("log.pending");
    // One request is always taken by an empty queue, however large it is.
    if (queued_bytes_ != 0 && queued_bytes_ + bytes > options_.queue_bytes_max) {
      return refuse("ingest_queue");
    }
    return std::nullopt;
  }

  std::unique_ptr<SpanIntake> open(std::string_view protocol);

  void submit(SpanBatch batch) {
    const std::uint64_t bytes = batch.byte_count();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      // Stamped here: waiting in our queue must not make a trace look idle.
      queue_.push_back({std::move(batch), bytes, options_.clock().monotonic});
      queued_bytes_ += bytes;
      ++submitted_;
    }
    work_.notify_one();
  }

  bool drain(std::chrono::milliseconds grace) {
    if (!end_thread(Phase::Draining)) return true;
    std::unique_lock<std::mutex> lock(mutex_);
    if (progress_.wait_for(lock, grace, [this] { return phase_ == Phase::Stopped; })) return true;
    phase_ = Phase::Stopping;
    work_.notify_one();
    progress_.wait_for(lock, kLastRecordWait, [this] { return phase_ == Phase::Stopped; });
    return false;
  }

  bool wait_until_idle(std::chrono::milliseconds wait) {
    std::unique_lock<std::mutex> lock(mutex_);
    const std::uint64_t wanted = submitted_;
    return progress_.wait_for(lock, wait, [this, wanted] { return judged_ >= wanted; });
  }

  ShardStatistics statistics() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (phase_ == Phase::Running || phase_ == Phase::Draining) {
      const std::uint64_t wanted = ++snapshots_wanted_;
      work_.notify_one();
      progress_.wait_for(lock, kSnapshotWait,
                         [this, wanted] { return snapshots_taken_ >= wanted; });
    }
    return snapshot_;
  }

  [[nodiscard]] std::uint64_t queued_bytes() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return queued_bytes_;
  }

  [[nodiscard]] std::uint64_t undecided() const noexcept { return undecided_.load(); }

 private:
  class Intake;

  enum class Phase : std::uint8_t { Created, Running, Draining, Stopping, Stopped };

  struct Item {
    SpanBatch batch;
    std::uint64_t bytes = 0;
    MonotonicTime arrival;
  };

  // Requires: mutex_ is held. The longer the queue, the later the retry, spread so that senders do
  // not come back together.
  [[nodiscard]] Refusal refuse(std::string_view limit) {
    std::chrono::nanoseconds age{0};
    if (!queue_.empty()) age = options_.clock().monotonic - queue_.front().arrival;
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    const auto seconds = std::clamp<std::int64_t>(whole + 1, 1, kRetrySecondsMax);
    const std::int64_t spread = seconds / 5;
    const auto shift = static_cast<std::int64_t>(++refusals_) % (2 * spread + 1) - spread;
    const auto wait = std::clamp<std::int64_t>(seconds + shift, 1, kRetrySecondsMax);
    return {limit, static_cast<std::uint32_t>(wait)};
  }

  // False if the thread was never started or has ended.
  bool end_thread(Phase phase) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool is_alive = phase_ != Phase::Created && phase_ != Phase::Stopped;
    phase_ = is_alive ? phase : Phase::Stopped;
    work_.notify_one();
    return is_alive;
  }

  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (phase_ == Phase::Running || (phase_ == Phase::Draining && !queue_.empty())) {
      if (queue_.empty()) {
        work_.wait_for(lock, options_.tick, [this] { return has_work(); });
      }
      if (phase_ == Phase::Stopping) break;
      step(&lock);
    }
    if (phase_ == Phase::Draining) close_traces(&lock);
    take_snapshot();
    phase_ = Phase::Stopped;
    progress_.notify_all();
  }

  // Requires: mutex_ is held.
  [[nodiscard]] bool has_work() const {
    return !queue_.empty() || phase_ != Phase::Running || snapshots_wanted_ != snapshots_taken_;
  }

  // Judges one batch, or looks at the deadlines if there is none.
  void step(std::unique_lock<std::mutex>* lock) {
    if (queue_.empty()) {
      lock->unlock();
      shard_.advance(options_.clock());
      lock->lock();
    } else {
      Item item = std::move(queue_.front());
      queue_.pop_front();
      lock->unlock();
      shard_.add(std::move(item.batch), {item.arrival, options_.clock().wall});
      lock->lock();
      queued_bytes_ -= item.bytes;
      ++judged_;
      progress_.notify_all();
    }
    if (snapshots_wanted_ != snapshots_taken_) take_snapshot();
  }

  // A drain that runs out of time ends between two traces.
  void close_traces(std::unique_lock<std::mutex>* lock) {
    undecided_ = shard_.statistics().traces_open;
    bool has_more = true;
    while (has_more && phase_ == Phase::Draining) {
      lock->unlock();
      has_more = shard_.close_oldest(model::CloseReason::Shutdown, options_.clock());
      if (has_more) --undecided_;
      lock->lock();
    }
    lock->unlock();
    shard_.end();
    lock->lock();
  }

  // Requires: mutex_ is held, by the shard's thread.
  void take_snapshot() {
    snapshot_ = shard_.statistics();
    snapshots_taken_ = snapshots_wanted_;
    progress_.notify_all();
  }

  const EngineOptions options_;
  const ActiveRules& rules_;
  model::ViolationSink& sink_;
  Shard shard_;
  BuilderPool builders_{1, {}};
  std::thread thread_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable work_;
  std::condition_variable progress_;
  Phase phase_ = Phase::Created;
  std::deque<Item> queue_;
  std::uint64_t queued_bytes_ = 0;
  std::uint64_t submitted_ = 0;
  std::uint64_t judged_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t snapshots_wanted_ = 0;
  std::uint64_t snapshots_taken_ = 0;
  ShardStatistics snapshot_;
  std::atomic<std::uint64_t> undecided_{0};
};

/// Builds the batch of one request. The rules are held until it is in the queue, so that batches
/// wait there in the order of the rules by which they were looked at.
class Engine::Core::Intake : public SpanIntake {
 public:
  Intake(Core& core, std::string_view protocol)
      : core_(core), hold_(core.rules_), builder_(core.builders_.take()) {
    builder_->begin(hold_.rules(), protocol);
  }
  ~Intake() override { core_.builders_.give_back(std::move(builder_)); }

  void add(const model::SpanView& span) override { builder_->add(span); }

  void submit() override {
    SpanBatch batch = std::move(builder_->finish().front());
    if (!batch.is_empty()) core_.submit(std::move(batch));
  }

 private:
  Core& core_;
  ActiveRules::Hold hold_;
  std::unique_ptr<BatchBuilder> builder_;
};

std::unique_ptr<SpanIntake> Engine::Core::open(std::string_view protocol) {
  return std::make_unique<Intake>(*this, protocol);
}

Engine::Engine(EngineOptions options, const ActiveRules& rules, model::ViolationSink& sink,
               ShardHooks hooks)
    : core_(std::make_unique<Core>(std::move(options), rules, sink, std::move(hooks))) {}

Engine::~Engine() = default;

void Engine::start() { core_->start(); }

std::optional<Refusal> Engine::admit(std::size_t bytes) { return core_->admit(bytes); }

std::unique_ptr<SpanIntake> Engine::open(std::string_view protocol) {
  return core_->open(protocol);
}

bool Engine::drain(std::chrono::milliseconds grace) { return core_->drain(grace); }

bool Engine::wait_until_idle(std::chrono::milliseconds wait) {
  return core_->wait_until_idle(wait);
}

ShardStatistics Engine::statistics() const { return core_->statistics(); }

std::uint64_t Engine::queued_bytes() const noexcept { return core_->queued_bytes(); }

std::uint64_t Engine::undecided() const noexcept { return core_->undecided(); }

}  // namespace betrace::engine
