#include "betrace/otlp/health_messages.h"

#include "betrace/otlp/wire.h"
#include "betrace/otlp/wire_writer.h"

namespace betrace::otlp {
namespace {

constexpr std::uint32_t kServiceField = 1;
constexpr std::uint32_t kStatusField = 1;

bool skip_value(WireCursor& cursor, WireType type) noexcept {
  std::uint64_t number = 0;
  std::uint32_t word = 0;
  std::string_view bytes;
  switch (type) {
    case WireType::Varint:
      return cursor.read_varint(&number);
    case WireType::Fixed64:
      return cursor.read_fixed64(&number);
    case WireType::Fixed32:
      return cursor.read_fixed32(&word);
    case WireType::Bytes:
      return cursor.read_bytes(&bytes);
    default:
      return false;  // groups: nobody sends them here
  }
}

}  // namespace

Result<std::string_view> read_health_request(std::string_view bytes) {
  std::string_view service;
  WireCursor cursor(bytes);
  while (!cursor.at_end()) {
    std::uint32_t tag = 0;
    bool is_read = cursor.read_tag(&tag);
    if (is_read) {
      is_read = tag == wire_tag(kServiceField, WireType::Bytes)
                    ? cursor.read_bytes(&service)
                    : skip_value(cursor, wire_type_of(tag));
    }
    if (!is_read) return fail_invalid("the message is not a HealthCheckRequest");
  }
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
