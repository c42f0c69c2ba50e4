#include "betrace/bench/id_spots.h"

#include <cstring>

#include "betrace/bench/trace_maker.h"
#include "betrace/otlp/wire.h"

namespace betrace::bench {
namespace {

constexpr std::uint32_t bytes_tag(std::uint32_t number) {
  return otlp::wire_tag(number, otlp::WireType::Bytes);
}

// Source: splitmix64, a bijection that spreads every bit.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

void write_big_endian(std::uint64_t value, std::uint8_t* bytes) {
  for (int i = 7; i >= 0; --i) {
    bytes[i] = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

// Writes raw bytes or hex digits.
template <std::size_t N>
void write_id(const model::Id<N>& id, Encoding encoding, char* at) {
  if (encoding == Encoding::Protobuf) {
    std::memcpy(at, id.bytes.data(), N);
    return;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : id.bytes) {
    *at++ = kDigits[byte >> 4];
    *at++ = kDigits[byte & 15];
  }
}

std::uint32_t offset_in(std::string_view request, std::string_view part) {
  return static_cast<std::uint32_t>(part.data() - request.data());
}

}  // namespace

model::TraceId IdKeys::trace_id(std::uint64_t number, std::uint64_t per_pass) const {
  const std::uint64_t index = pass * per_pass + number;
  model::TraceId id;
  write_big_endian(mixed(run + index), id.bytes.data());
  write_big_endian(mixed(~run ^ index), id.bytes.data() + 8);
  return id;
}

std::uint64_t IdKeys::span_mask() const { return mixed(run ^ mixed(pass)); }

IdSpots::IdSpots(std::string_view request, Encoding encoding) : encoding_(encoding) {
  if (encoding == Encoding::Protobuf) {
    find_in_protobuf(request);
  } else {
    find_in_json(request);
  }
}

// Source: field numbers of ExportTraceServiceRequest, ResourceSpans, ScopeSpans and Span.
void IdSpots::find_in_protobuf(std::string_view request) {
  otlp::WireWalk walk(request);
  otlp::FieldCursor resources(request, walk);
  while (resources.next()) {
    otlp::FieldCursor scopes(resources.bytes(), walk);
    while (scopes.next()) {
      if (scopes.tag() != bytes_tag(2)) continue;
      otlp::FieldCursor spans(scopes.bytes(), walk);
      while (spans.next()) {
        if (spans.tag() == bytes_tag(2)) find_in_span(request, spans.bytes());
      }
    }
  }
}

void IdSpots::find_in_span(std::string_view request, std::string_view span) {
  otlp::WireWalk walk(request);
  otlp::FieldCursor fields(span, walk);
  while (fields.next()) {
    const auto* id = reinterpret_cast<const std::uint8_t*>(fields.bytes().data());
    if (fields.tag() == bytes_tag(1)) {
      traces_.push_back({offset_in(request, fields.bytes()), big_endian(id + 8)});
    } else if (fields.tag() == bytes_tag(2) || fields.tag() == bytes_tag(4)) {
      spans_.push_back({offset_in(request, fields.bytes()), big_endian(id)});
    }
  }
}

void IdSpots::find_in_json(std::string_view request) {
  const auto find = [request](std::string_view key, auto found) {
    for (std::size_t at = request.find(key); at != std::string_view::npos;
         at = request.find(key, at)) {
      at += key.size();
      found(at);
    }
  };
  find("\"traceId\":\"", [&](std::size_t at) {
    model::TraceId id;
    const bool is_id = model::TraceId::parse(request.substr(at, 32), &id);
    if (!is_id || id.bytes[0] != kIdMark) return;
    traces_.push_back({static_cast<std::uint32_t>(at), big_endian(id.bytes.data() + 8)});
  });
  for (const std::string_view key : {"\"spanId\":\"", "\"parentSpanId\":\""}) {
    find(key, [&](std::size_t at) {
      model::SpanId id;
      const bool is_id = model::SpanId::parse(request.substr(at, 16), &id);
      if (!is_id || id.bytes[0] != kIdMark) return;
      spans_.push_back({static_cast<std::uint32_t>(at), big_endian(id.bytes.data())});
    });
  }
}

void IdSpots::overwrite(std::string& request, const IdKeys& keys, std::uint64_t per_pass) const {
  for (const Spot& spot : traces_) {
    write_id(keys.trace_id(spot.number, per_pass), encoding_, request.data() + spot.offset);
  }
  const std::uint64_t mask = keys.span_mask();
  for (const Spot& spot : spans_) {
    model::SpanId id;
    write_big_endian(spot.number ^ mask, id.bytes.data());
    write_id(id, encoding_, request.data() + spot.offset);
  }
}

}  // namespace betrace::bench
