#include "betrace/otlp/health_messages.h"

#include "betrace/otlp/wire.h"
#include "betrace/otlp/wire_writer.h"

namespace betrace::otlp {
namespace {

constexpr std::uint32_t kServiceField = 1;
constexpr std::uint32_t kStatusField = 1;

}  // namespace

Result<std::string_view> read_health_request(std::string_view bytes) {
  std::string_view service;
  WireWalk walk(bytes);
  FieldCursor field(bytes, walk);
  while (field.next()) {
    if (field.tag() == wire_tag(kServiceField, WireType::Bytes)) service = field.bytes();
  }
  if (!walk.is_ok()) return fail_invalid("the message is not a HealthCheckRequest");
  return service;
}

std::string health_request(std::string_view service) {
  WireWriter writer;
  if (!service.empty()) writer.bytes_field(kServiceField, service);
  return writer.take();
}

std::string health_response(ServingStatus status) {
  WireWriter writer;
  if (status != ServingStatus::Unknown) {
    writer.varint_field(kStatusField, static_cast<std::uint64_t>(status));
  }
  return writer.take();
}

}  // namespace betrace::otlp
