// gzip in and out, with a cap on what a body may become.
//
// Pure functions. Used by the server for bodies and by readers of compressed files. Knows gzip and
// nothing else: no deflate, no zstd, one coding only.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/http/body_buffer.h"

namespace betrace::http {

/// A body may grow to that size however small it was sent.
inline constexpr std::size_t kInflateFreeBytes = 1024 * 1024;
/// Members of one body; all share one cap.
inline constexpr int kGzipMembersMax = 16;

/// What a body may become.
struct InflateLimits {
  std::size_t bytes_max = 0;
  std::size_t ratio_max = 200;  ///< `limits.inflate_ratio`: of what is over kInflateFreeBytes.
};

/// Returns how large a body of `compressed_bytes` may become.
[[nodiscard]] constexpr std::size_t inflate_cap(std::size_t compressed_bytes,
                                                const InflateLimits& limits) noexcept {
  const std::size_t by_ratio = kInflateFreeBytes + limits.ratio_max * compressed_bytes;
  return limits.bytes_max < by_ratio ? limits.bytes_max : by_ratio;
}

/// Fills the empty `out` with what `compressed` inflates to; the size in the trailer is a hint and
/// never trusted. Error InvalidArgument: not gzip, truncated, wrong checksum, bytes after the last
/// member, or more than kGzipMembersMax members. LimitExceeded: over `bytes_max` or the ratio.
/// Unavailable: the pool of `out` is spent. After an error `out` is unspecified. Source: RFC 1952.
[[nodiscard]] Result<void> inflate_gzip(std::string_view compressed, const InflateLimits& limits,
                                        BodyBuffer& out);

/// Returns one gzip member of `bytes`; `level` 1 (fast) to 9 (small).
[[nodiscard]] std::string gzip(std::string_view bytes, int level = 5);

/// One gzip member that is made piece by piece. One thread. Memory: 256 KiB.
class GzipStream {
 public:
  explicit GzipStream(int level = 5);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// Takes what follows; returns what is ready, which may be nothing.
  [[nodiscard]] std::string add(std::string_view bytes);
  /// Takes the last of it and returns the rest. Nothing may be added after that.
  [[nodiscard]] std::string finish(std::string_view bytes = {});

 private:
  struct State;
  [[nodiscard]] std::string deflate_all(std::string_view bytes, bool is_last);

  std::unique_ptr<State> state_;
};

}  // namespace betrace::http
