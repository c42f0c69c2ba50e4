#include "betrace/http/call_head.h"

#include <algorithm>
#include <cstdint>

#include "betrace/http/message.h"

namespace betrace::http {
namespace {

CallRefusal refused_call(RpcCode code, std::string message, int http_status = 200) {
  CallRefusal refusal;
  refusal.status.code = code;
  refusal.status.message = std::move(message);
  refusal.http_status = http_status;
  return refusal;
}

std::optional<std::chrono::nanoseconds> timeout_unit(char unit) {
  switch (unit) {
    case 'H':
      return std::chrono::hours(1);
    case 'M':
      return std::chrono::minutes(1);
    case 'S':
      return std::chrono::seconds(1);
    case 'm':
      return std::chrono::milliseconds(1);
    case 'u':
      return std::chrono::microseconds(1);
    case 'n':
      return std::chrono::nanoseconds(1);
    default:
      return std::nullopt;
  }
}

}  // namespace

void CallHead::add(std::string_view name, std::string_view value) {
  if (name == ":method") {
    method = value;
  } else if (name == ":path") {
    path = value;
  } else if (!name.starts_with(':')) {
    metadata.add(name, value);
  }
}

std::optional<CallRefusal> read_call_head(CallHead& head) {
  const std::string_view type = media_type(head.metadata);
  if (!equal_ignoring_case(type, "application/grpc") &&
      !equal_ignoring_case(type, "application/grpc+proto")) {
    return refused_call(RpcCode::InvalidArgument, "content-type is not application/grpc", 415);
  }
  if (head.method != "POST") {
    return refused_call(RpcCode::InvalidArgument, "the method of a call is POST", 405);
  }
  if (const auto text = head.metadata.find("grpc-timeout")) {
    head.timeout = parse_call_timeout(*text);
    if (!head.timeout) {
      return refused_call(RpcCode::InvalidArgument, "grpc-timeout is malformed");
    }
  }
  const std::string_view encoding = head.metadata.find("grpc-encoding").value_or("identity");
  head.is_gzip = encoding == "gzip";
  if (!head.is_gzip && encoding != "identity") {
    CallRefusal refusal = refused_call(RpcCode::Unimplemented, "grpc-encoding is not gzip");
    refusal.names_encodings = true;
    return refusal;
  }
  return std::nullopt;
}

std::optional<std::chrono::nanoseconds> parse_call_timeout(std::string_view text) {
  constexpr std::size_t kDigitsMax = 8;
  if (text.size() < 2 || text.size() > kDigitsMax + 1) return std::nullopt;
  const auto unit = timeout_unit(text.back());
  if (!unit) return std::nullopt;
  std::int64_t count = 0;
  for (const char digit : text.substr(0, text.size() - 1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    count = 10 * count + (digit - '0');
  }
  const std::chrono::nanoseconds longest = kCallTimeoutMax;
  return count > longest / *unit ? longest : count * *unit;
}

}  // namespace betrace::http
