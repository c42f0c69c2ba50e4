#include "betrace/otlp/wire_check.h"

#include <fmt/format.h>

#include <array>

#include "betrace/otlp/simple_attribute.h"
#include "betrace/otlp/wire.h"

namespace betrace::otlp {
namespace {

// The messages of OTLP that hold messages, and what a wire walk must know besides.
enum class Message : std::uint8_t {
  None,  // bytes, text, or a message of which nothing is used
  Request,
  ResourceSpans,
  Resource,
  ScopeSpans,
  Scope,
  Span,
  Event,
  Link,
  Status,
  KeyValue,
  AnyValue,
  ArrayValue,
  KeyValueList,
  Group,
};
constexpr std::size_t kMessageCount = 15;
constexpr std::uint32_t kFieldCount = 16;  // numbers of message fields are below

using ChildTable = std::array<std::array<Message, kFieldCount>, kMessageCount>;

constexpr ChildTable make_child_table() {
  ChildTable table{};
  const auto set = [&table](Message parent, std::size_t field, Message child) {
    table[static_cast<std::size_t>(parent)][field] = child;
  };
  set(Message::Request, 1, Message::ResourceSpans);
  set(Message::ResourceSpans, 1, Message::Resource);
  set(Message::ResourceSpans, 2, Message::ScopeSpans);
  set(Message::Resource, 1, Message::KeyValue);
  set(Message::ScopeSpans, 1, Message::Scope);
  set(Message::ScopeSpans, 2, Message::Span);
  set(Message::Scope, 3, Message::KeyValue);
  set(Message::Span, 9, Message::KeyValue);
  set(Message::Span, 11, Message::Event);
  set(Message::Span, 13, Message::Link);
  set(Message::Span, 15, Message::Status);
  set(Message::Event, 3, Message::KeyValue);
  set(Message::Link, 4, Message::KeyValue);
  set(Message::KeyValue, 2, Message::AnyValue);
  set(Message::AnyValue, 5, Message::ArrayValue);
  set(Message::AnyValue, 6, Message::KeyValueList);
  set(Message::ArrayValue, 1, Message::AnyValue);
  set(Message::KeyValueList, 1, Message::KeyValue);
  return table;
}

constexpr ChildTable kChildren = make_child_table();

// The deepest nesting that any limit may ask for; the stack is of this size.
constexpr std::uint32_t kDepthMax = 256;

// Walks with a stack of its own: the depth of the input is never the depth of our calls.
class Checker {
 public:
  Checker(std::string_view bytes, std::uint32_t depth_max)
      : begin_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        depth_max_(depth_max < kDepthMax ? depth_max : kDepthMax) {
    stack_[0] = Frame{end_, Message::Request, 0};
  }

  Result<std::uint64_t> check() {
    WireCursor cursor(std::string_view(begin_, static_cast<std::size_t>(end_ - begin_)));
    for (;;) {
      while (cursor.position() == top().end) {
        if (top().message == Message::Group) return malformed(cursor, "group is not closed");
        if (depth_ == 0) return span_count_;
        pop();
        cursor = WireCursor(rest_of_top(cursor.position()));
      }
      if (const char* problem = check_field(cursor)) return malformed(cursor, problem);
    }
  }

 private:
  struct Frame {
    const char* end = nullptr;
    Message message = Message::None;
    std::uint32_t group_number = 0;
  };

  // Returns what is wrong with the next field, or null.
  const char* check_field(WireCursor& cursor) {
    std::uint32_t tag = 0;
    std::uint64_t number = 0;
    std::uint32_t number32 = 0;
    if (!cursor.read_tag(&tag)) return "tag is invalid";
    switch (wire_type_of(tag)) {
      case WireType::Varint:
        return cursor.read_varint(&number) ? nullptr : "varint is invalid";
      case WireType::Fixed64:
        return cursor.read_fixed64(&number) ? nullptr : "number is cut off";
      case WireType::Fixed32:
        return cursor.read_fixed32(&number32) ? nullptr : "number is cut off";
      case WireType::Bytes:
        return check_bytes(cursor, tag >> 3);
      case WireType::StartGroup:
        return push(top().end, Message::Group, tag >> 3);
      case WireType::EndGroup:
        break;
    }
    if (top().message != Message::Group || top().group_number != tag >> 3) {
      return "end of a group that is not open";
    }
    pop();
    return nullptr;
  }

  const char* check_bytes(WireCursor& cursor, std::uint32_t field) {
    std::string_view bytes;
    if (!cursor.read_bytes(&bytes)) return "length is invalid";
    const auto message = static_cast<std::size_t>(top().message);
    const Message child = field < kFieldCount ? kChildren[message][field] : Message::None;
    if (child == Message::None) return nullptr;
    SimpleAttribute simple;
    const bool has_room = depth_ + 2 <= depth_max_;  // for the attribute and its value
    if (child == Message::KeyValue && has_room && read_simple_attribute(bytes, &simple)) {
      return nullptr;
    }
    if (child == Message::Span) ++span_count_;
    cursor = WireCursor(bytes);
    return push(bytes.data() + bytes.size(), child, 0);
  }

  const char* push(const char* end, Message message, std::uint32_t group_number) {
    if (depth_ == depth_max_) return "nested too deep";
    stack_[++depth_] = Frame{end, message, group_number};
    return nullptr;
  }

  void pop() { --depth_; }
  [[nodiscard]] const Frame& top() const { return stack_[depth_]; }
  [[nodiscard]] std::string_view rest_of_top(const char* from) const {
    return {from, static_cast<std::size_t>(top().end - from)};
  }

  tl::unexpected<Error> malformed(const WireCursor& cursor, const char* problem) const {
    return fail(ErrorCode::InvalidArgument, fmt::format("malformed protobuf at byte {}: {}",
                                                        cursor.position() - begin_, problem));
  }

  const char* begin_;
  const char* end_;
  std::uint32_t depth_max_;
  std::uint32_t depth_ = 0;
  std::uint64_t span_count_ = 0;
  std::array<Frame, kDepthMax + 1> stack_{};
};

}  // namespace

Result<std::uint64_t> check_request(std::string_view bytes, std::uint32_t depth_max) {
  return Checker(bytes, depth_max).check();
}

}  // namespace betrace::otlp
