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

/// A body may grow to kInflateFreeBytes, and beyond that only kInflateRatioMax times.
inline constexpr std::size_t kInflateFreeBytes = 1024 * 1024;
inline constexpr std::size_t kInflateRatioMax = 200;
/// Members of one body; all share one cap.
inline constexpr int kGzipMembersMax = 16;

/// Returns how large a body of `compressed_bytes` may become.
[[nodiscard]] constexpr std::size_t inflate_cap(std::size_t compressed_bytes,
                                                std::size_t bytes_max) noexcept {
  const std::size_t by_ratio = kInflateFreeBytes + kInflateRatioMax * compressed_bytes;
  return bytes_max < by_ratio ? bytes_max : by_ratio;
}

/// Fills the empty `out` with what `compressed` inflates to, at most `bytes_max` bytes of it; the
/// size in the trailer is a hint and never trusted. Error InvalidArgument: not gzip, truncated,
/// wrong checksum, bytes after the last member, or more than kGzipMembersMax members.
/// LimitExceeded: over `bytes_max` or the ratio. Unavailable: the pool of `out` is spent. After an
/// error `out` is unspecified. Source: RFC 1952.
[[nodiscard]] Result<void> inflate_gzip(std::string_view compressed, std::size_t bytes_max,
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
