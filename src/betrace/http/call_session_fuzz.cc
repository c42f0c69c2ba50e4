// Any bytes on a gRPC port: no call is answered twice, none is left open by an ended connection,
// and memory for messages stays within its bound.
//
// The first byte of the input decides: odd: the preface and settings of a client come first, so
// that the fuzzer need not find them; the second is the size of the pieces that arrive at once.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/http/call_session.h"

namespace betrace::http {
namespace {

constexpr std::size_t kMessageMax = 64 * 1024;
constexpr std::size_t kBodiesMax = 1024 * 1024;
constexpr std::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);

CallTable fuzzed_methods() {
  CallTable table;
  table.add(CallMethod{
      .path = "/t/E", .label = "Echo", .role = Role::Public, .handler = [](const Call& call) {
        BETRACE_CHECK(call.message.size() <= kMessageMax);
        return CallReply{{}, std::string(call.message)};
      }});
  table.add(CallMethod{.path = "/t/W",
                       .label = "Watch",
                       .role = Role::Public,
                       .handler =
                           [](const Call&) {
                             return CallReply{{}, "state"};
                           },
                       .is_watch = true});
  return table;
}

void run(std::string_view bytes, std::size_t piece) {
  CallListenerOptions options;
  options.limits.message_bytes_max = kMessageMax;
  ServerLimits limits;
  limits.bodies_bytes = kBodiesMax;
  BodyBufferPool bodies(limits.bodies_bytes);
  ServerObserver observer;
  CallService service(std::move(options), fuzzed_methods(), limits, &observer, &bodies);
  MonotonicTime now{std::chrono::hours(1)};
  {
    CallSession session(service, "127.0.0.1", now);
    std::string output;
    while (!bytes.empty() && !session.is_finished()) {
      session.receive(bytes.substr(0, piece), now);
      bytes.remove_prefix(std::min(piece, bytes.size()));
      while (session.take_output(&output, 64 * 1024)) output.clear();
      BETRACE_CHECK(bodies.bytes() <= kBodiesMax);
      BETRACE_CHECK(session.calls() <= 101);  // one more until the library has refused it
      now += std::chrono::milliseconds(100);
      if (now >= session.next_deadline()) session.on_time(now);
    }
    session.drain(now);
    while (session.take_output(&output, 64 * 1024)) output.clear();
  }
  BETRACE_CHECK(service.credit.lent() == 0);
}

}  // namespace
}  // namespace betrace::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = std::size_t{data[1]} * 16 + 1;
  const bool has_preface = (data[0] & 1) != 0;
  betrace::http::run(
      has_preface ? std::string(betrace::http::kPreface).append(bytes) : std::string(bytes), piece);
  return 0;
}
