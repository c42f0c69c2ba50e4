#include "betrace/http/h2_abuse.h"

#include <algorithm>
#include <array>

namespace betrace::http {
namespace {

// Source: RFC 9113 section 6.
constexpr std::uint8_t kFrameData = 0;
constexpr std::uint8_t kFrameHeaders = 1;
constexpr std::uint8_t kFrameReset = 3;
constexpr std::uint8_t kFrameSettings = 4;
constexpr std::uint8_t kFramePing = 6;
constexpr std::uint8_t kFrameContinuation = 9;
constexpr std::uint8_t kFlagOne = 1;  // ACK of SETTINGS and PING, END_STREAM of DATA

/// A call pays for the window updates and priorities that belong to it.
constexpr double kControlPerCall = 10;

}  // namespace

std::string_view name_of(H2Abuse kind) noexcept {
  static constexpr std::array<std::string_view, 10> kNames = {
      "preface", "protocol", "reset",      "continuation", "head_bytes",
      "ping",    "settings", "empty_data", "control",      "acknowledgement"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool FrameAllowance::spend(MonotonicTime now) noexcept {
  if (last_) {
    const std::chrono::duration<double> passed = now - *last_;
    tokens_ = std::min(burst_, tokens_ + passed.count() * per_second_);
  }
  last_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void FrameAllowance::add(double tokens) noexcept { tokens_ = std::min(burst_, tokens_ + tokens); }

std::optional<H2Abuse> H2FrameBudget::charge(const H2FrameHead& frame, MonotonicTime now) noexcept {
  const auto unless = [](bool is_allowed, H2Abuse kind) {
    return is_allowed ? std::nullopt : std::optional(kind);
  };
  const bool is_flagged = (frame.flags & kFlagOne) != 0;
  switch (frame.type) {
    case kFrameHeaders:
      control_.add(kControlPerCall);
      return std::nullopt;
    case kFrameContinuation:
      return std::nullopt;  // counted for each head by the library
    case kFrameData:
      if (frame.length > 0 || is_flagged) return std::nullopt;
      return unless(empty_data_.spend(now), H2Abuse::EmptyData);
    case kFrameReset:
      return unless(resets_.spend(now), H2Abuse::Reset);
    case kFrameSettings:
      return unless(settings_.spend(now), H2Abuse::Settings);
    case kFramePing:
      if (is_flagged) return unless(control_.spend(now), H2Abuse::Control);
      return unless(allows_ping(now), H2Abuse::Ping);
    default:
      return unless(control_.spend(now), H2Abuse::Control);
  }
}

bool H2FrameBudget::allows_ping(MonotonicTime now) noexcept {
  const bool is_early = last_ping_ && now < *last_ping_ + kPingInterval;
  last_ping_ = now;
  ping_strikes_ = is_early ? ping_strikes_ + 1 : 0;
  return ping_strikes_ <= kPingStrikesMax && pings_.spend(now);
}

void H2FrameBudget::replied() noexcept {
  last_ping_.reset();
  ping_strikes_ = 0;
}

}  // namespace betrace::http
