#include "betrace/bench/bare_walk.h"

#include "betrace/otlp/wire.h"

namespace betrace::bench {
namespace {

constexpr std::uint32_t message_tag(std::uint32_t number) {
  return otlp::wire_tag(number, otlp::WireType::Bytes);
}

// Field numbers as in otlp/trace_reader.cc.
class Walk {
 public:
  void request(std::string_view message) {
    each(message, [this](std::uint32_t tag, std::string_view inner) {
      if (tag == message_tag(1)) resource_spans(inner);
    });
  }

  WalkResult result;

 private:
  // Calls `use(tag, bytes)` for every message or text, and touches all other values.
  template <typename Use>
  void each(std::string_view message, Use use) {
    otlp::FieldCursor fields(message);
    while (fields.next()) {
      if (otlp::wire_type_of(fields.tag()) == otlp::WireType::Bytes) {
        touch(fields.bytes());
        use(fields.tag(), fields.bytes());
      } else {
        result.touched += fields.number();
      }
    }
  }

  void touch(std::string_view bytes) {
    if (!bytes.empty()) result.touched += static_cast<unsigned char>(bytes.front());
  }

  void resource_spans(std::string_view message) {
    each(message, [this](std::uint32_t tag, std::string_view inner) {
      if (tag == message_tag(1)) attributes(inner, 1);
      if (tag == message_tag(2)) scope_spans(inner);
    });
  }

  void scope_spans(std::string_view message) {
    each(message, [this](std::uint32_t tag, std::string_view inner) {
      if (tag == message_tag(1)) attributes(inner, 3);
      if (tag == message_tag(2)) span(inner);
    });
  }

  void span(std::string_view message) {
    ++result.spans;
    each(message, [this](std::uint32_t tag, std::string_view inner) {
      if (tag == message_tag(9)) attribute(inner);
      if (tag == message_tag(11)) attributes(inner, 3);
      if (tag == message_tag(13)) attributes(inner, 4);
      if (tag == message_tag(15)) each(inner, [](std::uint32_t, std::string_view) {});
    });
  }

  // A message whose field `number` holds attributes.
  void attributes(std::string_view message, std::uint32_t number) {
    each(message, [this, number](std::uint32_t tag, std::string_view inner) {
      if (tag == message_tag(number)) attribute(inner);
    });
  }

  void attribute(std::string_view message) {
    ++result.attributes;
    each(message, [this](std::uint32_t tag, std::string_view inner) {
      if (tag == message_tag(2)) value(inner);
    });
  }

  // AnyValue: a list is field 5, a map field 6; their items are fields 1.
  void value(std::string_view message) {
    each(message, [this](std::uint32_t tag, std::string_view inner) {
      if (tag == message_tag(5)) {
        each(inner, [this](std::uint32_t, std::string_view item) { value(item); });
      } else if (tag == message_tag(6)) {
        each(inner, [this](std::uint32_t, std::string_view item) {
          each(item, [this](std::uint32_t inner_tag, std::string_view deep) {
            if (inner_tag == message_tag(2)) value(deep);
          });
        });
      }
    });
  }
};

}  // namespace

WalkResult bare_walk(std::string_view request) noexcept {
  Walk walk;
  walk.request(request);
  return walk.result;
}

}  // namespace betrace::bench
