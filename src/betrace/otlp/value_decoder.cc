#include "betrace/otlp/value_decoder.h"

#include <bit>

#include "betrace/otlp/simple_attribute.h"

namespace betrace::otlp {

void ValueDecoder::attribute(SpanBuilder::Row& row, std::string_view key_value) {
  SimpleAttribute simple;
  if (read_simple_attribute(key_value, &simple) && add_plain(row, simple)) return;
  builder_.count_attribute(row);
  field(row, key_value);
}

bool ValueDecoder::add_plain(SpanBuilder::Row& row, const SimpleAttribute& simple) {
  switch (simple.member) {
    case bytes_tag(1):
      return builder_.add_plain_attribute(row, simple.key, model::ValueView::string(simple.text),
                                          simple.text);
    case varint_tag(2):
      return builder_.add_plain_attribute(row, simple.key,
                                          model::ValueView::boolean(simple.number != 0), {});
    case varint_tag(3):
      return builder_.add_plain_attribute(
          row, simple.key, model::ValueView::integer(static_cast<std::int64_t>(simple.number)), {});
    case fixed64_tag(4):
      return builder_.add_plain_attribute(
          row, simple.key, model::ValueView::real(std::bit_cast<double>(simple.number)), {});
    default:
      return false;
  }
}

void ValueDecoder::field(SpanBuilder::Row& row, std::string_view key_value) {
  std::string_view key;
  MessagePieces value;
  FieldCursor cursor(key_value);
  while (cursor.next()) {
    if (cursor.tag() == bytes_tag(1)) key = cursor.bytes();
    if (cursor.tag() == bytes_tag(2)) value.append(cursor.bytes());
  }
  const std::string_view kept_key = builder_.key(key);
  builder_.add_field(row, kept_key, this->value(value));
}

// Of the members of a oneof the last one counts; a message repeated in a row is merged.
model::ValueView ValueDecoder::value(const MessagePieces& any_value) {
  std::uint32_t member = 0;
  std::uint64_t number = 0;
  std::string_view text;
  MessagePieces nested;
  any_value.for_each_field([&](const FieldCursor& field) {
    const std::uint32_t tag = field.tag();
    if (tag == bytes_tag(1) || tag == bytes_tag(7)) {
      text = field.bytes();
    } else if (tag == varint_tag(2) || tag == varint_tag(3) || tag == fixed64_tag(4)) {
      number = field.number();
    } else if (tag == bytes_tag(5) || tag == bytes_tag(6)) {
      if (member != tag) nested.clear();
      nested.append(field.bytes());
    } else {
      return;
    }
    member = tag;
  });
  return make_value(member, number, text, nested);
}

model::ValueView ValueDecoder::make_value(std::uint32_t member, std::uint64_t number,
                                          std::string_view text, const MessagePieces& nested) {
  switch (member) {
    case bytes_tag(1):
      return builder_.string_value(text);
    case varint_tag(2):
      return model::ValueView::boolean(number != 0);
    case varint_tag(3):
      return model::ValueView::integer(static_cast<std::int64_t>(number));
    case fixed64_tag(4):
      return model::ValueView::real(std::bit_cast<double>(number));
    case bytes_tag(5):
      return list(nested);
    case bytes_tag(6):
      return map(nested);
    case bytes_tag(7):
      return builder_.bytes_value(text);
    default:
      return {};
  }
}

model::ValueView ValueDecoder::list(const MessagePieces& array_value) {
  SpanBuilder::Row row = builder_.begin_list();
  array_value.for_each_field([&](const FieldCursor& field) {
    if (field.tag() != bytes_tag(1)) return;
    builder_.count_item(row);
    builder_.add_item(row, value(MessagePieces(field.bytes())));
  });
  return builder_.end_list(row);
}

model::ValueView ValueDecoder::map(const MessagePieces& key_value_list) {
  SpanBuilder::Row row = builder_.begin_map();
  key_value_list.for_each_field([&](const FieldCursor& field) {
    if (field.tag() != bytes_tag(1)) return;
    builder_.count_item(row);
    this->field(row, field.bytes());
  });
  return builder_.end_map(row);
}

}  // namespace betrace::otlp
