// Decides what is sent to a sink, when, and what follows from its answers.
//
// Holds what was read ahead from the log, requests under way, and what is parked. No thread, clock,
// socket or disk: exporter/exporter passes time and chance in and does what it says. Source:
// docs/internals/export.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/exporter/sink_form.h"
#include "betrace/exporter/sink_outcome.h"
#include "betrace/storage/export_position.h"

namespace betrace::exporter {

/// Reasons of parking, as in the log and in metrics.
inline constexpr std::string_view kParkedBacklog = "export_parked";  ///< Too much waited.
inline constexpr std::string_view kParkedRefused = "export_refused";
inline constexpr std::string_view kParkedSinkError = "sink_error";
inline constexpr std::string_view kParkedResend = "resend";  ///< Somebody asked for it.

struct DeliveryLimits {
  std::size_t batch_records_max = 100;
  std::size_t batch_bytes_max = 1024 * 1024;  ///< Of log payloads, which are larger than spans.
  std::size_t queue_records_max = 1'000;
  std::size_t queue_bytes_max = 8 * 1024 * 1024;
  std::chrono::milliseconds schedule_delay{1'000};  ///< Longest wait for a batch to fill.
  std::uint64_t backlog_bytes_max = 4ULL << 30;     ///< Beyond it the oldest are parked.
  std::size_t parked_ranges_max = 1'000;  ///< More are joined, whatever lies between them.
  std::size_t requests_max = 2;           ///< Under way at once while the sink is fine; else 1.
};

/// Records that were parked just now, to be told in the log.
struct ParkedNow {
  storage::ParkedRange range;
  std::uint64_t records = 0;
  std::string message;  ///< Of the sink.
};

/// What is known of the sink.
enum class SinkState : std::uint8_t {
  Fine,          ///< The last answer was good, or there was none yet.
  Away,          ///< Tried again with growing pauses.
  Broken,        ///< It fails at everything: nothing more is parked until it recovers.
  Misconfigured  ///< It will not take anything from us until somebody acts.
};

/// How many records there are from one sequence to another, both included.
using CountRecords = std::function<std::uint64_t(std::uint64_t first, std::uint64_t last)>;

/// One thread.
class Delivery {
 public:
  /// Begins after `position`; `parked_records` says how many records are in its ranges.
  Delivery(const DeliveryLimits& limits, storage::ExportPosition position,
           std::uint64_t parked_records);

  // What goes in.

  /// Records that may be added before the queue is full; 0 also while its bytes are spent.
  [[nodiscard]] std::size_t room() const noexcept;
  /// Requires: sequences ascend.
  void add(OutboxItem item, MonotonicTime now);
  /// A record that cannot be sent because its stored bytes are wrong.
  void park_unreadable(std::uint64_t sequence, std::size_t byte_count);
  /// A record that the sink is not told of.
  void pass_over(std::size_t byte_count) noexcept;
  /// The log was read up to here; `is_all`: there is nothing behind it now.
  void examined(std::uint64_t sequence, bool is_all) noexcept;
  /// No batch waits to fill any more: the process ends.
  void hurry() noexcept { is_hurried_ = true; }

  // What goes out.

  struct Batch {
    std::uint64_t id = 0;
    std::vector<OutboxItem> items;  ///< Not empty.
    /// Parked records: the range that they begin, and the last sequence they cover of it.
    std::optional<std::uint64_t> parked_first;
    std::uint64_t covered = 0;
  };
  /// The next request that is due, which counts as under way from now on; null if there is none.
  [[nodiscard]] const Batch* next(MonotonicTime now);
  /// Parked records that are to be read again: answered by add_parked() or drop_parked().
  [[nodiscard]] std::optional<storage::ParkedRange> parked_due(Now now) const;
  /// Some of that range, and the last sequence up to which none of it is missing.
  void add_parked(std::uint64_t first_sequence, std::vector<OutboxItem> items,
                  std::uint64_t covered);
  /// There is nothing left to send in it up to `covered`.
  void drop_parked(std::uint64_t first_sequence, std::uint64_t covered);
  /// When next() or parked_due() may have something, if nothing else happens.
  [[nodiscard]] std::optional<MonotonicTime> next_turn(Now now) const;

  /// The answer to a request under way. `chance` is from 0 to below 1.
  void finish(std::uint64_t id, const SinkOutcome& outcome, Now now, double chance);

  /// A request under way.
  [[nodiscard]] const Batch& under_way(std::uint64_t id) const { return under_way_.at(id); }

  // What stands.

  [[nodiscard]] storage::ExportPosition position() const;
  [[nodiscard]] SinkState sink() const noexcept { return sink_; }
  /// Why the sink is not fine.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  /// Records that were read and are neither delivered nor parked.
  [[nodiscard]] std::size_t waiting() const noexcept;
  /// When the oldest of them was decided.
  [[nodiscard]] std::optional<UnixNanos> oldest() const;
  /// Records and their bytes that were delivered, parked or passed over since the beginning.
  [[nodiscard]] std::uint64_t settled_records() const noexcept { return settled_records_; }
  [[nodiscard]] std::uint64_t settled_bytes() const noexcept { return settled_bytes_; }
  [[nodiscard]] std::uint64_t parked_records() const noexcept { return parked_records_; }
  /// The first record that may be parked because too much waits: not one under way.
  [[nodiscard]] std::uint64_t first_parkable() const noexcept;
  /// What was parked since the last call.
  [[nodiscard]] std::vector<ParkedNow> take_parked() { return std::exchange(parked_now_, {}); }

  /// Parks these, read already or not, because too much waits. Requires: they begin with
  /// first_parkable().
  void park_backlog(std::uint64_t last_sequence, std::uint64_t records, std::uint64_t bytes);

  /// Sends these records once more, the parked ones among them too: they are parked no longer once
  /// they are taken. `records_between` counts those in a range. Requires: first <= last.
  void resend(std::uint64_t first_sequence, std::uint64_t last_sequence,
              const CountRecords& records_between);

 private:
  struct Waiting {
    OutboxItem item;
    MonotonicTime added;
  };
  [[nodiscard]] bool is_batch_due(MonotonicTime now) const noexcept;
  [[nodiscard]] std::vector<OutboxItem> take_batch();
  [[nodiscard]] bool may_send_more() const noexcept;
  [[nodiscard]] bool is_live_empty() const noexcept;
  [[nodiscard]] std::uint64_t position_cursor() const noexcept;
  [[nodiscard]] const storage::ParkedRange* probe() const;
  void delivered(Batch batch);
  void come_back(Batch batch);
  void refused(Batch batch, const std::string& message);
  void refused_parked(const Batch& batch);
  void failed(Batch batch, const std::string& message, Now now);
  void pause(const SinkOutcome& outcome, Now now, double chance);
  void park(storage::ParkedRange range, std::uint64_t records, std::uint64_t bytes,
            const std::string& message);
  void add_range(storage::ParkedRange range);
  void shrink_parked(std::uint64_t first_sequence, std::uint64_t covered, std::uint64_t records);

  const DeliveryLimits limits_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::uint64_t, std::vector<OutboxItem>> returned_;  // by first sequence
  std::optional<Batch> parked_batch_;                          // read again, not sent yet
  std::map<std::uint64_t, Batch> under_way_;                   // by id
  std::map<std::uint64_t, storage::ParkedRange> parked_;       // by first sequence
  std::vector<ParkedNow> parked_now_;

  std::uint64_t examined_ = 0;
  bool is_all_examined_ = false;
  bool is_hurried_ = false;
  std::uint64_t last_id_ = 0;

  SinkState sink_ = SinkState::Fine;
  std::string problem_;
  MonotonicTime not_before_;
  std::uint32_t failures_ = 0;     // in a row, of the kind that is tried again
  std::uint32_t sink_errors_ = 0;  // in a row
  std::uint64_t settled_records_ = 0;
  std::uint64_t settled_bytes_ = 0;
  std::uint64_t parked_records_ = 0;
};

}  // namespace betrace::exporter
