#include "betrace/evidence/coverage_check.h"

#include <algorithm>
#include <array>

#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {
namespace {

constexpr std::uint64_t kMinute = 60 * kNanosPerSecond;
// A record comes at the end of its minute, so a process that ends without one leaves out as much as
// a minute, and some time until the record would have been made.
constexpr std::uint64_t kOpenMax = 2 * kMinute;

// Causes of gaps that tell of the log itself.
constexpr std::array<std::string_view, 7> kLogFaults = {
    "commit_failed", "corrupt", "disk_full", "io_error", "salvaged", "wal_damaged", "wal_missing"};

// Longer than `length`; a time that lies before is not.
bool is_longer(UnixNanos from, UnixNanos to, std::uint64_t length) {
  return to > from && to - from > length;
}

}  // namespace

std::string_view name_of(UnseenCause cause) noexcept {
  constexpr std::array<std::string_view, 5> kNames = {"missing", "stopped", "crashed", "leap",
                                                      "lost"};
  return kNames[static_cast<std::size_t>(cause)];
}

bool CoverageCheck::record(std::uint64_t sequence, const Json& payload) {
  PayloadMembers members(payload);
  const std::string type = members.text("type");
  if (type == "start" || type == "stop") {
    const UnixNanos time = members.time("timestamp");
    if (!members.is_good()) return false;
    type == "start" ? begin(sequence, time) : end(sequence, time);
    return true;
  }
  if (type == "coverage") {
    const UnixNanos from = members.time("from");
    const UnixNanos to = members.time("to");
    if (!members.is_good()) return false;
    cover(sequence, from, to);
    return true;
  }
  if (type == "gap" && std::ranges::find(kLogFaults, members.text("cause")) != kLogFaults.end()) {
    is_told_ = true;
  }
  if (!members.has("timestamp")) return true;
  const UnixNanos time = members.time("timestamp");
  if (members.is_good()) see(time);
  return true;
}

void CoverageCheck::begin(std::uint64_t sequence, UnixNanos time) {
  if (is_running()) {
    end_open(sequence);
    found_.push_back({UnseenCause::Crashed, std::max(newest_, covered_to_), time, sequence});
  }
  if (phase_ == Phase::Stopped) {
    found_.push_back({UnseenCause::Stopped, covered_to_, time, sequence});
  }
  phase_ = Phase::Begun;
  covered_to_ = newest_ = time;
  is_told_ = false;
}

void CoverageCheck::end(std::uint64_t sequence, UnixNanos time) {
  if (is_running() && is_longer(covered_to_, time, kMinute)) note_hole(time, sequence);
  phase_ = Phase::Stopped;
  covered_to_ = newest_ = time;
  is_told_ = false;
}

void CoverageCheck::cover(std::uint64_t sequence, UnixNanos from, UnixNanos to) {
  // Where the clock was set back within it, its beginning cannot be compared with what came first.
  const bool is_first = phase_ == Phase::Begun && to >= from;
  if (is_first && is_longer(covered_to_, from, kMinute)) note_hole(from, sequence);
  const bool is_next = phase_ == Phase::Covered || phase_ == Phase::Stopped;
  if (is_next && from != covered_to_) note_hole(from, sequence);
  if (is_longer(from, to, kOpenMax)) found_.push_back({UnseenCause::Leap, from, to, sequence});
  phase_ = Phase::Covered;
  covered_to_ = newest_ = to;
  is_told_ = false;
}

// A part of a chain may begin while the service runs.
void CoverageCheck::see(UnixNanos time) {
  if (phase_ == Phase::Unknown) {
    phase_ = Phase::Begun;
    covered_to_ = time;
  }
  newest_ = std::max(newest_, time);
}

void CoverageCheck::end_open(std::uint64_t sequence) {
  if (is_longer(covered_to_, newest_, kOpenMax)) note_hole(newest_, sequence);
}

void CoverageCheck::finish(std::uint64_t last_sequence) {
  if (is_running()) end_open(last_sequence);
}

void CoverageCheck::note_hole(UnixNanos to, std::uint64_t sequence) {
  found_.push_back(
      {is_told_ ? UnseenCause::Lost : UnseenCause::Missing, covered_to_, to, sequence});
}

}  // namespace betrace::evidence
