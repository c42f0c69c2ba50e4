#include "betrace/otlp/export_reply.h"

#include <algorithm>

#include "betrace/otlp/message_pieces.h"
#include "betrace/otlp/wire.h"

namespace betrace::otlp {
namespace {

using std::chrono::milliseconds;

void read_partial_success(std::string_view message, WireWalk& walk, PartialSuccess* partial) {
  FieldCursor field(message, walk);
  while (field.next()) {
    if (field.tag() == varint_tag(1)) {
      const auto rejected = static_cast<std::int64_t>(field.number());
      partial->rejected_spans = static_cast<std::uint64_t>(std::max<std::int64_t>(rejected, 0));
    } else if (field.tag() == bytes_tag(2)) {
      partial->message = field.bytes();
    }
  }
}

// google.protobuf.Duration; negative ones count as none, long ones as a day.
milliseconds read_duration(std::string_view message, WireWalk& walk) {
  constexpr std::int64_t kSecondsMax = 86'400;
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  FieldCursor field(message, walk);
  while (field.next()) {
    if (field.tag() == varint_tag(1)) seconds = static_cast<std::int64_t>(field.number());
    if (field.tag() == varint_tag(2)) nanos = static_cast<std::int64_t>(field.number());
  }
  seconds = std::clamp<std::int64_t>(seconds, 0, kSecondsMax);
  nanos = std::clamp<std::int64_t>(nanos, 0, 999'999'999);
  return milliseconds(seconds * 1'000 + nanos / 1'000'000);
}

// google.protobuf.Any with a RetryInfo, whatever the prefix of its type.
void read_detail(std::string_view message, WireWalk& walk, RpcStatus* status) {
  std::string_view type;
  std::string_view value;
  FieldCursor field(message, walk);
  while (field.next()) {
    if (field.tag() == bytes_tag(1)) type = field.bytes();
    if (field.tag() == bytes_tag(2)) value = field.bytes();
  }
  if (!type.ends_with("/google.rpc.RetryInfo")) return;
  FieldCursor info(value, walk);
  while (info.next()) {
    if (info.tag() == bytes_tag(1)) status->retry_delay = read_duration(info.bytes(), walk);
  }
}

tl::unexpected<Error> not_read(std::string_view what, const WireWalk& walk) {
  return fail(ErrorCode::Corrupt, std::string(what) + ": " + walk.problem());
}

}  // namespace

Result<PartialSuccess> read_export_response(std::string_view body) {
  WireWalk walk(body);
  PartialSuccess partial;
  {
    FieldCursor field(body, walk);
    while (field.next()) {
      if (field.tag() == bytes_tag(1)) read_partial_success(field.bytes(), walk, &partial);
    }
  }
  if (!walk.is_ok()) return not_read("export response", walk);
  return partial;
}

Result<RpcStatus> read_status(std::string_view body) {
  WireWalk walk(body);
  RpcStatus status;
  status.code = RpcCode::Ok;
  {
    FieldCursor field(body, walk);
    while (field.next()) {
      if (field.tag() == varint_tag(1)) status.code = static_cast<RpcCode>(field.number());
      if (field.tag() == bytes_tag(2)) status.message = field.bytes();
      if (field.tag() == bytes_tag(3)) read_detail(field.bytes(), walk, &status);
    }
  }
  if (!walk.is_ok()) return not_read("status", walk);
  return status;
}

}  // namespace betrace::otlp
