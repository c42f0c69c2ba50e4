// inflate/libdeflate: a body as the doors inflate it. inflate/zlib: the same bodies through zlib,
// the baseline. Bodies are requests of 10a spans in gzip-6; items are their spans.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "betrace/bench/payloads.h"
#include "betrace/http/gzip.h"

namespace betrace::http {
namespace {

constexpr std::size_t kBodyMax = 20 << 20;
constexpr int kLevel = 6;

std::vector<std::string> compressed(bench::Traffic& traffic) {
  std::vector<std::string> bodies;
  for (std::size_t i = 0; i < traffic.request_count(); ++i) {
    bodies.push_back(gzip(traffic.request(i).body, kLevel));
  }
  return bodies;
}

// Runs `inflated(body)`, which returns the size of the result, over all bodies in turn.
template <typename Inflated>
void over_bodies(benchmark::State& state, Inflated inflated) {
  bench::Traffic& traffic = bench::shared_payload(bench::Shape::TenAttributes);
  const std::vector<std::string> bodies = compressed(traffic);
  std::uint64_t spans = 0;
  std::size_t i = 0;
  for ([[maybe_unused]] auto one : state) {
    if (inflated(bodies[i]) != traffic.request(i).body.size()) {
      return state.SkipWithError("wrong size");
    }
    spans += traffic.request(i).span_count;
    i = i + 1 == bodies.size() ? 0 : i + 1;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(spans));
}

void with_libdeflate(benchmark::State& state) {
  BodyBufferPool pool(64 << 20);
  over_bodies(state, [&pool](const std::string& body) -> std::size_t {
    BodyBuffer out = pool.take();
    return inflate_gzip(body, {kBodyMax}, out) ? out.size() : 0;
  });
}

void with_zlib(benchmark::State& state) {
  z_stream stream{};
  constexpr int kGzipFormat = 15 + 16;
  if (inflateInit2(&stream, kGzipFormat) != Z_OK) return state.SkipWithError("no zlib");
  std::string out(kBodyMax, '\0');
  over_bodies(state, [&](const std::string& body) -> std::size_t {
    inflateReset(&stream);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    return inflate(&stream, Z_FINISH) == Z_STREAM_END ? stream.total_out : 0;
  });
  inflateEnd(&stream);
}

BENCHMARK(with_libdeflate)->Name("inflate/libdeflate");
BENCHMARK(with_zlib)->Name("inflate/zlib");

}  // namespace
}  // namespace betrace::http
