// Any bytes as the answer of a sink: they mean something, and what is logged of them is fit for a
// log line.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/base/utf8.h"
#include "betrace/exporter/sink_outcome.h"

namespace betrace::exporter {
namespace {

constexpr UnixNanos kNow = 1'769'841'600'000'000'000;
constexpr std::size_t kMessageBytesMax = 1'024;
constexpr std::array<std::string_view, 6> kReasons = {"connect", "timeout",     "tls",
                                                      "auth",    "unavailable", "rejected"};

// A line with the status, lines `name: value`, an empty line, the body.
http::Response reply_of(std::string_view bytes) {
  http::Response reply;
  reply.status = 0;
  const auto line = [&bytes] {
    const std::string_view taken = bytes.substr(0, bytes.find('\n'));
    bytes.remove_prefix(std::min(bytes.size(), taken.size() + 1));
    return taken;
  };
  for (const char digit : line().substr(0, 3)) {
    if (digit >= '0' && digit <= '9') reply.status = reply.status * 10 + (digit - '0');
  }
  for (std::string_view field = line(); !field.empty(); field = line()) {
    const std::size_t colon = std::min(field.find(": "), field.size());
    reply.headers.add(field.substr(0, colon), field.substr(std::min(field.size(), colon + 2)));
  }
  reply.body = bytes;
  return reply;
}

void check(const SinkOutcome& outcome) {
  const bool is_delivered = outcome.verdict == SinkVerdict::Delivered;
  BETRACE_CHECK(is_delivered == outcome.reason.empty());
  BETRACE_CHECK(is_delivered || std::ranges::find(kReasons, outcome.reason) != kReasons.end());
  BETRACE_CHECK(is_delivered || !outcome.message.empty());
  BETRACE_CHECK(outcome.message.size() <= kMessageBytesMax && is_utf8(outcome.message));
  BETRACE_CHECK(std::ranges::none_of(outcome.message,
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  BETRACE_CHECK(!outcome.retry_after || outcome.retry_after->count() >= 0);
}

}  // namespace
}  // namespace betrace::exporter

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace betrace::exporter;
  const auto reply = reply_of({reinterpret_cast<const char*>(data), size});
  check(http_outcome(reply, kNow));
  check(grpc_outcome(reply, kNow));
  check(notice_outcome(reply, kNow));
  return 0;
}
