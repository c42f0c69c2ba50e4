// The live feed of violations: one thread reads the tail of the violation log for all followers.
//
// Made by api/violations_handler; a follower is the body of a response. Everybody reads the newest
// events from one bounded buffer, and what is older from the log; who falls behind the buffer is
// told how much was missed. So a slow reader costs no memory and holds up nobody. Source:
// docs/guide/api.md, "Stream".
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "betrace/http/body_stream.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::api {

struct FeedLimits {
  std::size_t clients_max = 64;           ///< `limits.sse_clients`
  std::size_t buffer_events_max = 1'000;  ///< `limits.sse_buffer`
  std::chrono::milliseconds heartbeat{15'000};
};

/// Thread-safe. Outlives its followers.
class ViolationFeed {
 public:
  ViolationFeed(const storage::ViolationLog& log, telemetry::Metrics& metrics, FeedLimits limits);
  ~ViolationFeed();
  ViolationFeed(const ViolationFeed&) = delete;
  ViolationFeed& operator=(const ViolationFeed&) = delete;

  /// Returns the events that fit rules, severities, services, completeness and status of `filter`,
  /// as text/event-stream: those behind the sequence `after`, else those that are yet to come.
  /// Null: `clients_max` follow already.
  [[nodiscard]] std::unique_ptr<http::BodyStream> follow(storage::ViolationQuery filter,
                                                         std::optional<std::uint64_t> after);

 private:
  class Follower;

  using Lock = std::unique_lock<std::mutex>;

  /// One record as it is sent, and what filters ask of it.
  struct Event {
    explicit Event(const storage::TailRecord& record);
    [[nodiscard]] bool fits(const storage::ViolationQuery& filter) const;

    struct Facts {
      std::string rule_id;
      std::string service;
      model::Severity severity;
      std::optional<model::Completeness> completeness;
      model::ViolationStatus status;
    };
    std::uint64_t sequence;
    std::optional<Facts> facts;  ///< Nothing: the stored record cannot be read.
    std::string text;
  };

  /// What is in the log behind some sequence.
  struct Slice {
    std::vector<Event> events;
    std::uint64_t examined = 0;
  };

  void run();
  [[nodiscard]] bool read_history(Lock& lock);
  [[nodiscard]] bool read_news(Lock& lock);
  [[nodiscard]] bool may_read_on() const;
  [[nodiscard]] std::optional<Slice> read_slice(std::uint64_t after) const;
  void add(Event event);
  [[nodiscard]] std::string take(Follower& follower);
  void leave(Follower& follower);

  const storage::ViolationLog& log_;
  telemetry::Metrics& metrics_;
  const FeedLimits limits_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_ending_ = false;
  std::set<Follower*> followers_;
  std::deque<Event> events_;       // the newest: all from behind `events_from_` to `read_to_`
  std::uint64_t events_from_ = 0;  // a sequence, like the next
  std::uint64_t read_to_ = 0;
  MonotonicTime forgot_at_;  // when an event had to leave the buffer
  std::thread thread_;       // runs once somebody has followed
};

}  // namespace betrace::api
