// How often a peer may send the frames of HTTP/2 that cost us more than him.
//
// Pure, time is a parameter. Charged by the session for each frame before it is read. Source: RFC
// 9113 section 10.5, and the attacks of 2019 (floods) and 2023 (rapid reset).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "betrace/base/time.h"

namespace betrace::http {

/// Why a connection was ended. Label `kind` of betrace_h2_abuse_total.
enum class H2Abuse : std::uint8_t {
  Preface,          ///< It is not HTTP/2.
  Protocol,         ///< A frame that breaks the protocol.
  Reset,            ///< Calls begun and given up.
  Continuation,     ///< A head in too many frames.
  HeadBytes,        ///< A head that is many times too large.
  Ping,             ///< PING more often than every 10 s without a reply in between.
  Settings,         ///< SETTINGS again and again.
  EmptyData,        ///< DATA frames without data.
  Control,          ///< Any other frames that carry nothing.
  Acknowledgement,  ///< Frames that want an answer, which is not fetched.
};
[[nodiscard]] std::string_view name_of(H2Abuse kind) noexcept;

/// What is told of a frame before its payload.
struct H2FrameHead {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::size_t length = 0;
};

/// Tokens that come back with time.
class FrameAllowance {
 public:
  FrameAllowance(double burst, double per_second) noexcept
      : burst_(burst), per_second_(per_second), tokens_(burst) {}
  /// Takes one; false if there is none.
  [[nodiscard]] bool spend(MonotonicTime now) noexcept;
  void add(double tokens) noexcept;

 private:
  double burst_;
  double per_second_;
  double tokens_;
  std::optional<MonotonicTime> last_;
};

/// The allowances of one connection.
class H2FrameBudget {
 public:
  /// Pings may come that often; a few strays are forgiven.
  static constexpr std::chrono::seconds kPingInterval{10};
  static constexpr int kPingStrikesMax = 2;

  /// Returns what the frame is one too many of, or nothing.
  [[nodiscard]] std::optional<H2Abuse> charge(const H2FrameHead& frame, MonotonicTime now) noexcept;

  /// We have sent a head or data: whoever pings then measures, and does not flood.
  void replied() noexcept;

 private:
  [[nodiscard]] bool allows_ping(MonotonicTime now) noexcept;

  FrameAllowance resets_{200, 20};
  FrameAllowance settings_{20, 1};
  FrameAllowance empty_data_{100, 10};
  FrameAllowance control_{2'000, 200};
  FrameAllowance pings_{1'000, 100};
  std::optional<MonotonicTime> last_ping_;
  int ping_strikes_ = 0;
};

}  // namespace betrace::http
