#include "betrace/engine/shard_thread.h"

#include <utility>

#include "betrace/base/check.h"

namespace betrace::engine {
namespace {

// How long statistics() waits for the thread, which may itself wait for the sink.
constexpr std::chrono::milliseconds kSnapshotWait{200};

// So much in the queue wakes the thread; less waits for its next tick. It then judges several
// requests at a time, which costs requests of 25 spans 4 to 12 % less of the processor than 16 KiB.
constexpr std::uint64_t kWakeBytes = 128 * 1024;

// How long a drain that is out of time waits for the record at hand.
constexpr std::chrono::milliseconds kLastRecordWait{200};

}  // namespace

ShardThread::ShardThread(ShardThreadOptions options, std::unique_ptr<Shard> shard,
                         std::shared_ptr<BatchStock> stock)
    : options_(std::move(options)), shard_(std::move(shard)), stock_(std::move(stock)) {}

ShardThread::~ShardThread() {
  enter(Phase::Stopping);
  if (thread_.joinable()) thread_.join();
}

void ShardThread::start() {
  const std::lock_guard<std::mutex> lock(mutex_);
  BETRACE_CHECK(phase_ == Phase::Created);
  phase_ = Phase::Running;
  thread_ = std::thread([this] { run(); });
}

void ShardThread::push(SpanBatch batch) {
  const std::uint64_t bytes = batch.byte_count();
  bool is_worth_waking = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (phase_ == Phase::Stopping || phase_ == Phase::Stopped) return drop(batch);
    // Stamped here: waiting in our queue must not make a trace look idle.
    Item item{std::move(batch), bytes, options_.clock().monotonic};
    if (phase_ == Phase::Drained) return judge_late(item);
    queue_.push_back(std::move(item));
    queued_bytes_ += bytes;
    ++pushed_;
    is_worth_waking = queued_bytes_ >= kWakeBytes;
  }
  if (is_worth_waking) work_.notify_one();
}

void ShardThread::begin_drain() { enter(Phase::Draining); }

bool ShardThread::end_drain(std::chrono::steady_clock::time_point deadline) {
  const auto has_ended = [this] { return !is_running(); };
  Lock lock(mutex_);
  if (progress_.wait_until(lock, deadline, has_ended)) return phase_ != Phase::Stopped;
  phase_ = Phase::Stopping;
  work_.notify_one();
  progress_.wait_for(lock, kLastRecordWait, has_ended);
  return false;
}

bool ShardThread::wait_until_idle(std::chrono::milliseconds wait) {
  Lock lock(mutex_);
  const std::uint64_t wanted = pushed_;
  work_.notify_one();
  return progress_.wait_for(lock, wait, [this, wanted] { return judged_ >= wanted; });
}

ShardStatistics ShardThread::statistics() {
  Lock lock(mutex_);
  if (phase_ == Phase::Running || phase_ == Phase::Draining) {
    const std::uint64_t wanted = ++snapshots_wanted_;
    work_.notify_one();
    progress_.wait_for(lock, kSnapshotWait, [this, wanted] { return snapshots_taken_ >= wanted; });
  }
  ShardStatistics numbers = snapshot_;
  numbers.spans_shutdown = spans_dropped_;
  return numbers;
}

std::chrono::nanoseconds ShardThread::queue_age() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (queue_.empty()) return std::chrono::nanoseconds(0);
  return options_.clock().monotonic - queue_.front().arrival;
}

// A thread that never started, or has ended, has nothing to end.
void ShardThread::enter(Phase phase) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!is_running()) return;
  phase_ = phase;
  work_.notify_one();
}

// Requires: mutex_ is held.
bool ShardThread::is_running() const {
  return phase_ == Phase::Running || phase_ == Phase::Draining || phase_ == Phase::Stopping;
}

void ShardThread::run() {
  Lock lock(mutex_);
  while (phase_ == Phase::Running || (phase_ == Phase::Draining && !queue_.empty())) {
    if (queue_.empty()) {
      work_.wait_for(lock, options_.tick, [this] { return has_work(); });
    }
    if (phase_ == Phase::Stopping) break;
    step(&lock);
  }
  if (phase_ == Phase::Draining) {
    close_traces(&lock);
  } else {
    undecided_ = shard_->statistics().traces_open;
  }
  for (const Item& item : queue_) drop(item.batch);
  queue_.clear();
  queued_bytes_ = 0;
  take_snapshot();
  phase_ = phase_ == Phase::Draining ? Phase::Drained : Phase::Stopped;
  progress_.notify_all();
}

// Requires: mutex_ is held.
bool ShardThread::has_work() const {
  return !queue_.empty() || phase_ != Phase::Running || snapshots_wanted_ != snapshots_taken_;
}

// Judges one batch, or looks at the deadlines if there is none.
void ShardThread::step(Lock* lock) {
  if (queue_.empty()) {
    lock->unlock();
    shard_->advance(options_.clock());
    lock->lock();
  } else {
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock->unlock();
    shard_->add(item.batch, {item.arrival, options_.clock().wall});
    stock_->give_back(std::move(item.batch));
    lock->lock();
    queued_bytes_ -= item.bytes;
    ++judged_;
    progress_.notify_all();
  }
  if (snapshots_wanted_ != snapshots_taken_) take_snapshot();
}

// A drain that runs out of time ends between two traces.
void ShardThread::close_traces(Lock* lock) {
  undecided_ = shard_->statistics().traces_open;
  bool has_more = true;
  while (has_more && phase_ == Phase::Draining) {
    lock->unlock();
    has_more = shard_->close_oldest(model::CloseReason::Shutdown, options_.clock());
    if (has_more) --undecided_;
    lock->lock();
  }
  lock->unlock();
  shard_->end();
  lock->lock();
}

// Requires: mutex_ is held, and the thread has ended.
void ShardThread::judge_late(const Item& item) {
  shard_->add(item.batch, {item.arrival, options_.clock().wall});
  shard_->close_all(model::CloseReason::Shutdown, options_.clock());
  take_snapshot();
}

// Requires: mutex_ is held.
void ShardThread::drop(const SpanBatch& batch) {
  spans_dropped_ += batch.items.size() + batch.own_spans;
}

// Requires: mutex_ is held, by the shard's thread or after its end.
void ShardThread::take_snapshot() {
  snapshot_ = shard_->statistics();
  snapshots_taken_ = snapshots_wanted_;
  progress_.notify_all();
}

}  // namespace betrace::engine
