// Random ExportTraceServiceRequests as bytes, far stranger than any sender's. For tests.
//
// Fields come in any order; singular fields repeat, messages are split, unknown fields and groups
// lie between, ids and texts are sometimes wrong.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "betrace/otlp/wire_writer.h"

namespace betrace::otlp::oracle {

class RandomRequest {
 public:
  explicit RandomRequest(std::uint64_t seed) : random_(seed) {}

  /// Returns the bytes of a request; most of its spans are valid.
  std::string next() {
    writer_ = WireWriter();
    for (std::size_t i = below(3) + 1; i > 0; --i) field(kRequest, 0);
    return writer_.take();
  }

  /// Returns `bytes` with a few random changes.
  std::string mutate(std::string bytes) {
    for (std::size_t i = below(3) + 1; i > 0 && !bytes.empty(); --i) {
      const std::size_t at = below(bytes.size());
      switch (below(5)) {
        case 0:
          bytes[at] = static_cast<char>(below(256));
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
          break;
        case 2:
          bytes.erase(at, below(4) + 1);
          break;
        case 3:
          bytes.insert(at, below(12) + 1, static_cast<char>(below(2) == 0 ? 0xFF : below(256)));
          break;
        default:
          bytes.resize(at);
      }
    }
    return bytes;
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  enum Message {
    kRequest,
    kResourceSpans,
    kResource,
    kScopeSpans,
    kScope,
    kSpan,
    kEvent,
    kLink,
    kStatus,
    kKeyValue,
    kAnyValue,
    kArrayValue,
    kKeyValueList
  };
  enum Kind { kText, kId16, kId8, kSmall, kLarge, kTime, kFlags, kBool, kDouble, kChild };
  struct Field {
    std::uint32_t number;
    Kind kind;
    Message child = kRequest;
  };

  static const std::vector<Field>& fields_of(Message message) {
    static const std::vector<std::vector<Field>> kFields = {
        {{1, kChild, kResourceSpans}},
        {{1, kChild, kResource}, {2, kChild, kScopeSpans}, {2, kChild, kScopeSpans}, {3, kText}},
        {{1, kChild, kKeyValue}, {2, kSmall}},
        {{1, kChild, kScope}, {2, kChild, kSpan}, {2, kChild, kSpan}, {3, kText}},
        {{1, kText}, {2, kText}, {3, kChild, kKeyValue}, {4, kSmall}},
        {{1, kId16},
         {2, kId8},
         {3, kText},
         {4, kId8},
         {5, kText},
         {6, kSmall},
         {7, kTime},
         {8, kTime},
         {9, kChild, kKeyValue},
         {10, kSmall},
         {11, kChild, kEvent},
         {12, kSmall},
         {13, kChild, kLink},
         {14, kSmall},
         {15, kChild, kStatus},
         {16, kFlags}},
        {{1, kTime}, {2, kText}, {3, kChild, kKeyValue}, {4, kSmall}},
        {{1, kId16}, {2, kId8}, {3, kText}, {4, kChild, kKeyValue}, {6, kFlags}},
        {{2, kText}, {3, kSmall}},
        {{1, kText}, {2, kChild, kAnyValue}},
        {{1, kText},
         {2, kBool},
         {3, kLarge},
         {4, kDouble},
         {5, kChild, kArrayValue},
         {6, kChild, kKeyValueList},
         {7, kText}},
        {{1, kChild, kAnyValue}},
        {{1, kChild, kKeyValue}}};
    return kFields[message];
  }

  void message(Message message, int depth) {
    if (message == kSpan && below(10) != 0) valid_ids();
    const std::size_t count = message == kAnyValue || message == kKeyValue ? below(3) : below(7);
    for (std::size_t i = 0; i < count; ++i) {
      if (below(25) == 0) {
        unknown_field(3);
      } else {
        field(message, depth);
      }
    }
  }

  void valid_ids() {
    writer_.bytes_field(1, "0123456789abcde" + std::string(1, static_cast<char>('a' + below(8))));
    writer_.bytes_field(2, "1234567" + std::string(1, static_cast<char>('a' + below(8))));
  }

  void field(Message parent, int depth) {
    const std::vector<Field>& fields = fields_of(parent);
    const Field& chosen = fields[below(fields.size())];
    switch (chosen.kind) {
      case kText:
        return writer_.bytes_field(chosen.number, text());
      case kId16:
      case kId8:
        // Rarely, or almost no span would be valid.
        if (parent == kSpan && chosen.number != 4 && below(20) != 0) return;
        return writer_.bytes_field(chosen.number, id(chosen.kind == kId16 ? 16 : 8));
      case kSmall:
        return writer_.varint_field(chosen.number, below(8) == 0 ? random_() : below(7));
      case kLarge:
        return writer_.varint_field(chosen.number, random_() >> below(64));
      case kBool:
        return writer_.varint_field(chosen.number, below(3));
      case kTime:
        return writer_.fixed64_field(chosen.number, random_());
      case kFlags:
        return writer_.fixed32_field(chosen.number, static_cast<std::uint32_t>(random_()));
      case kDouble:
        return writer_.fixed64_field(chosen.number, below(4) == 0 ? random_() : 0);
      case kChild:
        if (depth > 30) return;
        return writer_.message_field(chosen.number, [&] { message(chosen.child, depth + 1); });
    }
  }

  void unknown_field(int depth) {
    const auto number =
        static_cast<std::uint32_t>(below(2) == 0 ? 20 + below(1000) : 1 + below(20));
    switch (below(5)) {
      case 0:
        return writer_.varint_field(number, random_());
      case 1:
        return writer_.fixed64_field(number + 20, random_());
      case 2:
        return writer_.fixed32_field(number, 7);
      case 3:
        return writer_.bytes_field(number + 20, text());
      default:
        writer_.group_tag(number, true);
        while (depth > 0 && below(2) == 0) unknown_field(--depth);
        writer_.group_tag(number, false);
    }
  }

  std::string text() {
    static const std::vector<std::string> kTexts = {
        "",      "service.name", "a", "\xC3\xA4\xE2\x82\xAC", "\xF0\x9F\x90\x9D bee",
        "GET /", "\x01\"\\/\n",  "k", std::string(200, 'x'),  std::string("\0z", 2)};
    if (below(60) == 0) return "bad\xFF";
    if (below(60) == 0) return "\xED\xA0\x80";
    return kTexts[below(kTexts.size())];
  }

  std::string id(std::size_t size) {
    switch (below(6)) {
      case 0:
        return std::string(below(20), 'i');
      case 1:
        return std::string(size, '\0');
      case 2:
        return "";
      default:
        return std::string(size, static_cast<char>('A' + below(20)));
    }
  }

  std::mt19937_64 random_;
  WireWriter writer_;
};

}  // namespace betrace::otlp::oracle
