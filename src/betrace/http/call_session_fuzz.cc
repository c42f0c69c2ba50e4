// Any bytes on a gRPC port: no call is answered twice, all credit comes back, and memory for
// messages stays within its bound.
//
// The first byte decides what the rest is: bytes on the wire; the same behind the preface of a
// client; or, behind it too, a list of frames. The second is the size of the pieces that arrive at
// once. Seeds are text: `hex:` and the bytes as hex digits.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/http/call_session.h"
#include "betrace/http/message_frame.h"

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

/// A head of HPACK literals: `POST` to the given method.
std::string fuzzed_head(std::string_view path) {
  const auto literal = [](std::string_view name, std::string_view value) {
    std::string field("\0", 1);
    field += static_cast<char>(name.size());
    field.append(name) += static_cast<char>(value.size());
    return field.append(value);
  };
  return "\x83\x86" + literal(":path", path) + literal(":authority", "t") +
         literal("content-type", "application/grpc") + literal("grpc-encoding", "gzip");
}

/// Four bytes are type, flags, stream and length of a frame, and so many more its payload. The
/// types beyond those of HTTP/2 are whole heads and messages.
std::string frames_of(std::string_view bytes) {
  std::string wire;
  while (bytes.size() >= 4) {
    auto type = static_cast<std::uint8_t>(static_cast<std::uint8_t>(bytes[0]) % 13);
    const std::size_t length = static_cast<std::uint8_t>(bytes[3]);
    std::string payload(bytes.substr(4, length));
    if (type == 10 || type == 11) payload = fuzzed_head(type == 10 ? "/t/E" : "/t/W");
    if (type == 12) payload = message_frame(payload, !payload.empty() && payload[0] == '\x1f');
    if (type >= 10) type = type == 12 ? 0 : 1;
    wire += std::string("\0\0", 2) + static_cast<char>(payload.size());
    wire += static_cast<char>(type);
    wire += bytes[1];
    wire += std::string("\0\0\0", 3) + bytes[2] + payload;
    bytes.remove_prefix(std::min(bytes.size(), 4 + length));
  }
  return wire;
}

}  // namespace
}  // namespace betrace::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string input(reinterpret_cast<const char*>(data), size);
  if (input.starts_with("hex:")) {
    std::string_view digits = std::string_view(input).substr(4);
    while (!digits.empty() && digits.back() == '\n') digits.remove_suffix(1);
    std::vector<std::uint8_t> bytes(digits.size() / 2);
    if (!betrace::from_hex(digits, bytes)) return 0;
    input.assign(bytes.begin(), bytes.end());
  }
  if (input.size() < 2) return 0;
  const auto mode = static_cast<std::uint8_t>(input[0]) % 3;
  const std::size_t piece = std::size_t{static_cast<std::uint8_t>(input[1])} * 16 + 1;
  std::string wire = mode == 0 ? "" : std::string(betrace::http::kPreface);
  const std::string_view rest = std::string_view(input).substr(2);
  wire += mode == 2 ? betrace::http::frames_of(rest) : std::string(rest);
  betrace::http::run(wire, piece);
  return 0;
}
