// Any bytes as a gzipped body: never over the cap, and what is taken is what zlib makes of it.
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/http/gzip.h"

namespace betrace::http {
namespace {

constexpr std::size_t kCap = 256 * 1024;

/// Inflates one member after the other with zlib; false if it does not like the bytes.
bool inflate_with_zlib(std::string_view bytes, std::string* out) {
  while (!bytes.empty()) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return false;
    const std::size_t before = out->size();
    out->resize(before + kCap + 1);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out->data() + before);
    stream.avail_out = static_cast<uInt>(kCap + 1);
    const int result = inflate(&stream, Z_FINISH);
    out->resize(before + stream.total_out);
    bytes.remove_prefix(stream.total_in);
    inflateEnd(&stream);
    if (result != Z_STREAM_END) return false;
  }
  return true;
}

void check(std::string_view bytes) {
  BodyBufferPool pool(16 * kCap);
  BodyBuffer out = pool.take();
  const auto result = inflate_gzip(bytes, {kCap}, out);
  if (!result) return;
  BETRACE_CHECK(out.size() <= kCap);
  std::string expected;
  BETRACE_CHECK(inflate_with_zlib(bytes, &expected));
  BETRACE_CHECK(out.text() == expected);
}

}  // namespace
}  // namespace betrace::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  betrace::http::check(bytes);
  // Random bytes are seldom gzip; their own archive always is.
  betrace::http::check(betrace::http::gzip(bytes, 1));
  return 0;
}
