#include "betrace/http/gzip.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "betrace/base/check.h"

namespace betrace::http {
namespace {

constexpr std::size_t kFirstRoom = 16 * 1024;
constexpr std::size_t kTrailerBytes = 8;
/// Bodies rarely shrink more than that: a trailer is believed so far and no further.
constexpr std::size_t kUsualRatioMax = 16;

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const noexcept {
    libdeflate_free_decompressor(decompressor);
  }
};

/// One per thread: making one costs more than inflating a small body.
libdeflate_decompressor* decompressor() {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> kept(
      libdeflate_alloc_decompressor());
  BETRACE_CHECK(kept != nullptr);
  return kept.get();
}

/// The uncompressed size that the last member claims to have, modulo 2^32.
std::size_t claimed_size(std::string_view compressed) noexcept {
  if (compressed.size() < kTrailerBytes) return 0;
  std::size_t size = 0;
  for (std::size_t index = 0; index < 4; ++index) {
    const auto byte = static_cast<std::uint8_t>(compressed[compressed.size() - 1 - index]);
    size = (size << 8) | byte;
  }
  return size;
}

/// The cap was reached: by the limit of the body, or earlier by its ratio.
tl::unexpected<Error> over(const InflateLimits& limits, std::size_t cap) {
  if (cap < limits.bytes_max) {
    return fail(ErrorCode::LimitExceeded, "the body inflates to more than " +
                                              std::to_string(limits.ratio_max) + " times its size");
  }
  return fail(ErrorCode::LimitExceeded,
              "the body inflates to more than " + std::to_string(limits.bytes_max) + " bytes");
}

/// Inflates the first member of `compressed` and returns its length there. The room starts small
/// or at `hint` and doubles up to `cap`, so that a lie in the trailer costs nothing.
Result<std::size_t> inflate_member(std::string_view compressed, std::size_t hint, std::size_t cap,
                                   const InflateLimits& limits, BodyBuffer& out) {
  std::size_t wanted = std::max(hint, kFirstRoom);
  while (true) {
    const std::size_t left = cap - out.size();
    const std::span<char> room = out.room(std::min(wanted, left));
    if (room.empty()) return fail(ErrorCode::Unavailable, "no memory is free for bodies");
    const std::size_t usable = std::min(room.size(), left);
    std::size_t taken = 0;
    std::size_t made = 0;
    switch (libdeflate_gzip_decompress_ex(decompressor(), compressed.data(), compressed.size(),
                                          room.data(), usable, &taken, &made)) {
      case LIBDEFLATE_SUCCESS:
        out.commit(made);
        return taken;
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        if (usable == left) return over(limits, cap);
        wanted = 2 * usable;
        break;
      default:
        return fail(ErrorCode::InvalidArgument, "the body is not valid gzip");
    }
  }
}

}  // namespace

Result<void> inflate_gzip(std::string_view compressed, const InflateLimits& limits,
                          BodyBuffer& out) {
  const std::size_t cap = inflate_cap(compressed.size(), limits);
  const std::size_t hint = std::min(claimed_size(compressed), kUsualRatioMax * compressed.size());
  if (compressed.empty()) return fail(ErrorCode::InvalidArgument, "the body is not valid gzip");
  for (int member = 0; !compressed.empty(); ++member) {
    if (member == kGzipMembersMax) {
      return fail(ErrorCode::InvalidArgument, "the body has more than 16 gzip members");
    }
    const auto taken = inflate_member(compressed, hint, cap, limits, out);
    if (!taken) return fail(taken.error());
    compressed.remove_prefix(*taken);
  }
  return {};
}

struct GzipStream::State {
  z_stream stream{};
};

GzipStream::GzipStream(int level) : state_(std::make_unique<State>()) {
  constexpr int kGzipFormat = 15 + 16;
  BETRACE_CHECK(
      deflateInit2(&state_->stream, level, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY) == Z_OK);
}

GzipStream::~GzipStream() { deflateEnd(&state_->stream); }

std::string GzipStream::add(std::string_view bytes) { return deflate_all(bytes, false); }

std::string GzipStream::finish(std::string_view bytes) { return deflate_all(bytes, true); }

std::string GzipStream::deflate_all(std::string_view bytes, bool is_last) {
  z_stream& stream = state_->stream;
  std::string out;
  // zlib does not write to its input, its type says so only with ZLIB_CONST.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  do {
    const std::size_t made = out.size();
    out.resize(made + std::max(kFirstRoom, deflateBound(&stream, stream.avail_in)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + made);
    stream.avail_out = static_cast<uInt>(out.size() - made);
    const int result = deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (result == Z_STREAM_END) break;
    BETRACE_CHECK(result == Z_OK || result == Z_BUF_ERROR);
  } while (is_last || stream.avail_out == 0);
  return out;
}

std::string gzip(std::string_view bytes, int level) { return GzipStream(level).finish(bytes); }

}  // namespace betrace::http
