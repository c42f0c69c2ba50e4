// Does a `coverage` record tell of each minute in which the service ran?
//
// Used by evidence/chain_verifier, which feeds it each record in the order of the chain. A process
// runs from its `start` to its `stop`; its coverage records join: each begins where the one before
// ended, whatever the clock shows. Pure: no clock. The rules stand in docs/guide/verification.md.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/time.h"

namespace betrace::evidence {

/// Why no coverage record tells of a time.
enum class UnseenCause : std::uint8_t {
  Missing,  ///< A record is missing though the service ran: the only one that is a finding.
  Stopped,  ///< From a `stop` to the next `start`.
  Crashed,  ///< From the last sign of a process without a `stop` to the next `start`.
  Leap,     ///< One record tells of minutes: the clock was set forward, or the process stood.
  Lost,     ///< The log could not be written, or lost records, and says so.
};

/// `missing` `stopped` `crashed` `leap` `lost`
[[nodiscard]] std::string_view name_of(UnseenCause cause) noexcept;

/// A time that is not covered. Where the clock was set back, `to` lies before `from`.
struct UnseenTime {
  UnseenCause cause = UnseenCause::Missing;
  UnixNanos from = 0;
  UnixNanos to = 0;
  std::uint64_t sequence = 0;  ///< Of the record that shows it.
};

/// One thread.
class CoverageCheck {
 public:
  /// Numbers are missing before the next record.
  void skip() noexcept { is_told_ = true; }
  /// False if it is a `start`, `stop` or `coverage` that lacks its times.
  bool record(std::uint64_t sequence, const Json& payload);
  /// There are no more records.
  void finish(std::uint64_t last_sequence);

  /// What was found since the last call, in the order of the chain.
  [[nodiscard]] std::vector<UnseenTime> take() { return std::exchange(found_, {}); }

 private:
  enum class Phase : std::uint8_t {
    Unknown,  ///< Before the first record that has a time.
    Begun,    ///< It runs; no coverage record yet.
    Covered,  ///< It runs, and the next coverage record begins at `covered_to_`.
    Stopped,
  };

  void begin(std::uint64_t sequence, UnixNanos time);
  void end(std::uint64_t sequence, UnixNanos time);
  void cover(std::uint64_t sequence, UnixNanos from, UnixNanos to);
  void see(UnixNanos time);
  void end_open(std::uint64_t sequence);
  void note_hole(UnixNanos to, std::uint64_t sequence);
  [[nodiscard]] bool is_running() const noexcept {
    return phase_ == Phase::Begun || phase_ == Phase::Covered;
  }

  Phase phase_ = Phase::Unknown;
  bool is_told_ = false;  // since covered_to_ the log has told of a fault of its own
  UnixNanos covered_to_ = 0;
  UnixNanos newest_ = 0;  // the last sign of life
  std::vector<UnseenTime> found_;
};

}  // namespace betrace::evidence
