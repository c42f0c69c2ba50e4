#include "betrace/bench/load.h"

#include <algorithm>
#include <utility>

#include "betrace/http/gzip.h"

namespace betrace::bench {
namespace {

using std::chrono::milliseconds;

// A refused request of a closed loop waits so long before it is sent again.
constexpr milliseconds kPause{20};
constexpr int kGzipLevel = 6;  // what SDKs and the Collector use

MonotonicTime now() { return read_clocks().monotonic; }

}  // namespace

Load::Load(const LoadOptions& options, Traffic& traffic, std::uint64_t run_key,
           std::uint64_t first_pass)
    : options_(options),
      traffic_(traffic),
      run_key_(run_key),
      first_pass_(first_pass),
      started_(now()) {
  if (options_.passes > 0) limit_ = options_.passes * traffic_.request_count();
  const std::uint32_t senders = std::min(options_.in_flight_max, options_.connections);
  for (std::uint32_t i = 0; i < senders; ++i) {
    senders_.emplace_back([this, i] { run_sender(i); });
  }
}

Load::~Load() {
  is_stopped_ = true;
  for (std::thread& sender : senders_) {
    if (sender.joinable()) sender.join();
  }
}

Result<void> Load::finish() {
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t per_pass = traffic_.request_count();
    limit_ = std::max<std::uint64_t>(1, (next_ + per_pass - 1) / per_pass) * per_pass;
  }
  for (std::thread& sender : senders_) sender.join();
  senders_.clear();
  std::ranges::sort(given_up_);
  if (error_) return fail(*error_);
  return {};
}

bool Load::has_failed() const {
  const std::lock_guard lock(mutex_);
  return error_.has_value();
}

bool Load::has_ended() const {
  const std::lock_guard lock(mutex_);
  return next_ == limit_;
}

std::uint64_t Load::passes() const noexcept { return next_ / traffic_.request_count(); }

LoadTotals Load::totals() const {
  LoadTotals totals;
  for (const Sample& sample : samples_) {
    ++totals.requests;
    totals.requests_accepted += sample.is_accepted ? 1 : 0;
    totals.sent += sample.span_count;
    (sample.is_accepted ? totals.accepted : totals.refused) += sample.span_count;
  }
  return totals;
}

bool Load::was_given_up(std::uint64_t pass, std::uint32_t index) const {
  return std::ranges::binary_search(given_up_, pass * traffic_.request_count() + index);
}

std::vector<std::uint64_t> Load::partial_passes() const {
  std::vector<std::uint64_t> passes;
  for (const std::uint64_t number : given_up_) passes.push_back(number / traffic_.request_count());
  passes.erase(std::unique(passes.begin(), passes.end()), passes.end());
  return passes;
}

std::optional<Load::Turn> Load::take_turn() {
  std::unique_lock lock(mutex_);
  none_waits_.wait(lock, [this] { return waiting_ == 0; });
  if (next_ == limit_ || error_ || is_stopped_) return std::nullopt;
  Turn turn{next_++, now()};
  if (options_.spans_per_second > 0) {
    const std::chrono::duration<double> at(due_spans_ / options_.spans_per_second);
    turn.due = started_ + std::chrono::duration_cast<std::chrono::nanoseconds>(at);
    due_spans_ += traffic_.request(turn.number % traffic_.request_count()).span_count;
  }
  return turn;
}

void Load::run_sender(std::size_t sender) {
  // Its share of the connections, used in turn.
  std::vector<std::unique_ptr<Transport>> transports;
  const std::size_t senders = std::min(options_.in_flight_max, options_.connections);
  for (std::size_t i = sender; i < options_.connections; i += senders) {
    auto opened = open_transport(options_.transport);
    if (!opened) return stop_with(opened.error());
    transports.push_back(std::move(*opened));
  }
  std::vector<Sample> samples;
  for (std::size_t i = 0;; ++i) {
    const auto turn = take_turn();
    if (!turn || !send_turn(*turn, *transports[i % transports.size()], &samples)) break;
  }
  const std::lock_guard lock(mutex_);
  samples_.insert(samples_.end(), samples.begin(), samples.end());
}

bool Load::send_turn(const Turn& turn, Transport& transport, std::vector<Sample>* samples) {
  std::this_thread::sleep_until(turn.due);
  PreparedRequest& request = traffic_.request(turn.number % traffic_.request_count());
  // Nobody else may overwrite the ids while this pass of the request is under way.
  const std::lock_guard lock(request.mutex);
  traffic_.overwrite_ids(request, {run_key_, first_pass_ + turn.number / traffic_.request_count()});
  if (!options_.transport.is_gzipped) {
    return try_until_taken(turn, request.body, transport, samples);
  }
  return try_until_taken(turn, http::gzip(request.body, kGzipLevel), transport, samples);
}

bool Load::try_until_taken(const Turn& turn, std::string_view body, Transport& transport,
                           std::vector<Sample>* samples) {
  const std::uint32_t spans = traffic_.request(turn.number % traffic_.request_count()).span_count;
  const bool is_open_loop = options_.spans_per_second > 0;
  const MonotonicTime begin = is_open_loop ? turn.due : now();
  bool was_refused = false;
  Result<Answer> answer = Answer::Refused;
  while (!is_stopped_) {
    answer = transport.exchange(body);
    if (!answer) break;
    samples->push_back({turn.number, begin, now(), spans, *answer == Answer::Accepted});
    sent_now_ += spans;
    if (*answer == Answer::Accepted || is_open_loop) break;
    if (!was_refused) set_waiting(true);
    was_refused = true;
    std::this_thread::sleep_for(kPause);
  }
  if (was_refused) set_waiting(false);
  if (!answer) {
    stop_with(answer.error());
    return false;
  }
  if (*answer == Answer::Refused && is_open_loop) give_up(turn.number);
  return *answer == Answer::Accepted || is_open_loop;
}

void Load::set_waiting(bool is_waiting) {
  const std::lock_guard lock(mutex_);
  is_waiting ? ++waiting_ : --waiting_;
  if (waiting_ == 0) none_waits_.notify_all();
}

void Load::give_up(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  given_up_.push_back(number);
}

void Load::stop_with(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
}

}  // namespace betrace::bench
