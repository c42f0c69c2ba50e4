// Sends the passes of a traffic over several connections at once, and times each request.
//
// Closed loop: so many requests are under way at any time; a refused one is sent again until it is
// taken, and no later one begins before that, so that the parts of a trace stay close. Open loop:
// requests have fixed times to be sent, a late one is timed from when it should have been sent (no
// coordinated omission), and a refused one is given up. Used by repeat.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/bench/traffic.h"
#include "betrace/bench/transport.h"

namespace betrace::bench {

struct LoadOptions {
  TransportOptions transport;
  std::uint32_t connections = 8;
  std::uint32_t in_flight_max = 8;  ///< Requests under way, at most one for each connection.
  double spans_per_second = 0;      ///< Open loop; 0 = closed loop.
  std::uint64_t passes = 0;         ///< The load ends by itself after so many; 0 = by finish().
};

/// One request that was answered.
struct Sample {
  std::uint64_t number = 0;  ///< Of the request, over all passes.
  MonotonicTime begin;  ///< When it was sent first, or in an open loop when it should have been.
  MonotonicTime end;
  std::uint32_t span_count = 0;
  bool is_accepted = false;
};

/// What was sent; spans that were sent again count again: sent = accepted + refused.
struct LoadTotals {
  std::uint64_t sent = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t requests = 0;
  std::uint64_t requests_accepted = 0;
};

/// One run of whole passes. Thread-safe.
class Load {
 public:
  /// Starts sending at once, at the pass `first_pass`. `traffic` must outlive the load.
  Load(const LoadOptions& options, Traffic& traffic, std::uint64_t run_key,
       std::uint64_t first_pass);
  ~Load();  ///< Gives up what has not been sent.
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// True if every request of the passes that were asked for was taken up.
  [[nodiscard]] bool has_ended() const;

  /// Lets the pass that has begun come to its end and waits for it. Error: what made a sender stop
  /// early; then it is unknown what the server got.
  [[nodiscard]] Result<void> finish();

  /// True if a sender has failed.
  [[nodiscard]] bool has_failed() const;
  [[nodiscard]] std::uint64_t sent_now() const noexcept { return sent_now_; }

  // After finish():
  [[nodiscard]] std::uint64_t passes() const noexcept;
  [[nodiscard]] LoadTotals totals() const;
  [[nodiscard]] const std::vector<Sample>& samples() const noexcept { return samples_; }
  /// True if the request `index` of the pass `pass` (counted from the first one) was given up.
  [[nodiscard]] bool was_given_up(std::uint64_t pass, std::uint32_t index) const;
  /// The passes in which a request was given up, ascending.
  [[nodiscard]] std::vector<std::uint64_t> partial_passes() const;

 private:
  struct Turn {
    std::uint64_t number = 0;  // of the request, over all passes
    MonotonicTime due;
  };

  void run_sender(std::size_t sender);
  std::optional<Turn> take_turn();
  bool send_turn(const Turn& turn, Transport& transport, std::vector<Sample>* samples);
  bool try_until_taken(const Turn& turn, std::string_view body, Transport& transport,
                       std::vector<Sample>* samples);
  void set_waiting(bool is_waiting);
  void give_up(std::uint64_t number);
  void stop_with(Error error);

  LoadOptions options_;
  Traffic& traffic_;
  std::uint64_t run_key_;
  std::uint64_t first_pass_;
  MonotonicTime started_;
  std::atomic<std::uint64_t> sent_now_{0};
  std::atomic<bool> is_stopped_{false};
  mutable std::mutex mutex_;  // guards what follows until finish()
  std::uint64_t next_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
  double due_spans_ = 0;       // sent before `next_`
  std::uint32_t waiting_ = 0;  // senders whose request was refused and is to be sent again
  std::condition_variable none_waits_;
  std::optional<Error> error_;
  std::vector<Sample> samples_;
  std::vector<std::uint64_t> given_up_;
  std::vector<std::thread> senders_;
};

}  // namespace betrace::bench
