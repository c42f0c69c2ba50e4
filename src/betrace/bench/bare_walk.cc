#include "betrace/bench/bare_walk.h"

#include <cstring>

namespace betrace::bench {
namespace {

// Written for speed and apart from otlp/wire.h, so that it stays a measure when that changes.
#define BETRACE_INLINE __attribute__((always_inline)) inline

using Bytes = const unsigned char*;

enum : std::uint64_t { kVarint = 0, kFixed64 = 1, kMessage = 2, kFixed32 = 5 };

constexpr std::uint64_t message_tag(std::uint64_t number) { return number << 3 | kMessage; }

// Reads a varint; null if it does not end.
BETRACE_INLINE Bytes varint(Bytes at, Bytes end, std::uint64_t* value) {
  if (at == end) return nullptr;
  if (*at < 0x80) {
    *value = *at;
    return at + 1;
  }
  *value = 0;
  for (int shift = 0; shift < 64 && at != end; shift += 7) {
    const std::uint64_t byte = *at++;
    *value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at;
  }
  return nullptr;
}

// Calls `use(tag, begin, end)` for every message or text and adds all other values to `*touched`.
template <typename Use>
BETRACE_INLINE void fields(Bytes at, Bytes end, std::uint64_t* touched, Use use) {
  while (at != end) {
    std::uint64_t tag = 0;
    std::uint64_t value = 0;
    at = varint(at, end, &tag);
    if (at == nullptr) return;
    switch (tag & 7) {
      case kMessage:
        at = varint(at, end, &value);
        if (at == nullptr || value > static_cast<std::uint64_t>(end - at)) return;
        if (value != 0) *touched += *at;
        use(tag, at, at + value);
        at += value;
        break;
      case kVarint:
        at = varint(at, end, &value);
        if (at == nullptr) return;
        *touched += value;
        break;
      case kFixed64:
        if (end - at < 8) return;
        std::memcpy(&value, at, 8);
        *touched += value;
        at += 8;
        break;
      case kFixed32:
        if (end - at < 4) return;
        at += 4;
        break;
      default:
        return;
    }
  }
}

// AnyValue: a list is field 5, a map field 6; their items are fields 1.
void nested(Bytes begin, Bytes end, bool is_map, std::uint64_t* touched);

BETRACE_INLINE void value(Bytes begin, Bytes end, std::uint64_t* touched) {
  fields(begin, end, touched, [touched](std::uint64_t tag, Bytes from, Bytes to) {
    if (tag == message_tag(5) || tag == message_tag(6)) {
      nested(from, to, tag == message_tag(6), touched);
    }
  });
}

void nested(Bytes begin, Bytes end, bool is_map, std::uint64_t* touched) {
  fields(begin, end, touched, [=](std::uint64_t, Bytes from, Bytes to) {
    if (!is_map) return value(from, to, touched);
    fields(from, to, touched, [=](std::uint64_t tag, Bytes inner, Bytes inner_end) {
      if (tag == message_tag(2)) value(inner, inner_end, touched);
    });
  });
}

BETRACE_INLINE void attribute(Bytes begin, Bytes end, WalkResult* result) {
  ++result->attributes;
  fields(begin, end, &result->touched, [result](std::uint64_t tag, Bytes from, Bytes to) {
    if (tag == message_tag(2)) value(from, to, &result->touched);
  });
}

// A message whose field `number` holds attributes.
void attributes(Bytes begin, Bytes end, std::uint64_t number, WalkResult* result) {
  fields(begin, end, &result->touched, [=](std::uint64_t tag, Bytes from, Bytes to) {
    if (tag == message_tag(number)) attribute(from, to, result);
  });
}

// Field numbers as in otlp/trace_reader.cc.
void span(Bytes begin, Bytes end, WalkResult* result) {
  ++result->spans;
  fields(begin, end, &result->touched, [result](std::uint64_t tag, Bytes from, Bytes to) {
    switch (tag) {
      case message_tag(9):
        return attribute(from, to, result);
      case message_tag(11):
        return attributes(from, to, 3, result);
      case message_tag(13):
        return attributes(from, to, 4, result);
      case message_tag(15):
        return fields(from, to, &result->touched, [](std::uint64_t, Bytes, Bytes) {});
      default:
        return;
    }
  });
}

}  // namespace

WalkResult bare_walk(std::string_view request) noexcept {
  WalkResult result;
  const auto* begin = reinterpret_cast<Bytes>(request.data());
  const auto resource_spans = [&result](std::uint64_t tag, Bytes from, Bytes to) {
    if (tag == message_tag(1)) attributes(from, to, 1, &result);
    if (tag != message_tag(2)) return;
    fields(from, to, &result.touched, [&result](std::uint64_t inner, Bytes at, Bytes end) {
      if (inner == message_tag(1)) attributes(at, end, 3, &result);
      if (inner == message_tag(2)) span(at, end, &result);
    });
  };
  fields(begin, begin + request.size(), &result.touched,
         [&](std::uint64_t tag, Bytes from, Bytes to) {
           if (tag == message_tag(1)) fields(from, to, &result.touched, resource_spans);
         });
  return result;
}

#undef BETRACE_INLINE

}  // namespace betrace::bench
