#include "betrace/exporter/own_traces.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;
using telemetry::MetricId;

constexpr std::uint64_t kRequestId = 1;  // one is under way at most
constexpr milliseconds kIdleWait{100};

}  // namespace

OwnTraces::OwnTraces(OwnTracesOptions options, std::unique_ptr<Sink> sink,
                     telemetry::Metrics& metrics, telemetry::Logger& log)
    : options_(std::move(options)), sink_(std::move(sink)), metrics_(metrics), log_(log) {}

OwnTraces::~OwnTraces() { stop(milliseconds(0)); }

void OwnTraces::start() {
  thread_ = std::thread([this] { run(); });
}

void OwnTraces::add(OwnSpan span) {
  bool is_batch_full = false;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queue_spans_max || end_by_) {
      count("dropped", 1);
      return;
    }
    if (queue_.empty()) oldest_ = options_.clock().monotonic;
    queue_.push_back(std::move(span));
    is_batch_full = queue_.size() == options_.batch_spans_max;
  }
  if (is_batch_full) sink_->wake();
}

void OwnTraces::stop(milliseconds grace) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    end_by_ = options_.clock().monotonic + grace;
  }
  sink_->wake();
  thread_.join();
  count("dropped", under_way_ + queue_.size());
}

void OwnTraces::run() {
  for (;;) {
    const MonotonicTime now = options_.clock().monotonic;
    if (is_over(now)) return;
    if (under_way_ == 0) {
      const std::vector<OwnSpan> batch = take(now);
      under_way_ = batch.size();
      if (!batch.empty()) sink_->send(kRequestId, write_own_spans(batch, options_.spans));
    }
    for (const SinkAnswer& answer : sink_->wait(pause(now))) finish(answer.outcome);
  }
}

std::vector<OwnSpan> OwnTraces::take(MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  const bool is_due = queue_.size() >= options_.batch_spans_max || end_by_ ||
                      now >= oldest_ + options_.schedule_delay;
  if (queue_.empty() || !is_due) return {};
  const std::size_t count = std::min(queue_.size(), options_.batch_spans_max);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<OwnSpan> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  oldest_ = now;
  return batch;
}

// An answer, and a batch that is full, end a wait.
milliseconds OwnTraces::pause(MonotonicTime now) const {
  const std::lock_guard lock(mutex_);
  MonotonicTime until = now + std::max(options_.schedule_delay, kIdleWait);
  if (!queue_.empty() && under_way_ == 0) until = oldest_ + options_.schedule_delay;
  if (end_by_) until = *end_by_;
  const auto left = std::chrono::ceil<milliseconds>(until - now);
  return std::max(left, milliseconds(0));
}

void OwnTraces::finish(const SinkOutcome& outcome) {
  const std::size_t spans = std::exchange(under_way_, 0);
  if (outcome.verdict == SinkVerdict::Delivered) return count("exported", spans);
  count("dropped", spans);
  if (!complaint_.allow("refused", options_.clock().monotonic)) return;
  log_.warn("own traces were not taken", {{"spans", spans}, {"reason", outcome.message}});
}

bool OwnTraces::is_over(MonotonicTime now) const {
  const std::lock_guard lock(mutex_);
  if (!end_by_) return false;
  return now >= *end_by_ || (queue_.empty() && under_way_ == 0);
}

void OwnTraces::count(std::string_view result, std::size_t spans) {
  if (spans != 0) metrics_.add(MetricId::OwnSpans, {result}, static_cast<double>(spans));
}

}  // namespace betrace::exporter
