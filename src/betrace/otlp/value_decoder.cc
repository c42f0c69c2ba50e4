#include "betrace/otlp/value_decoder.h"

#include <bit>

namespace betrace::otlp {
namespace {

// What is dropped is read all the same, so that the walk sees what is wrong with it.
void read_dropped_items(std::string_view list_or_map, bool is_map, WireWalk& walk);

void read_dropped_value(std::string_view any_value, WireWalk& walk) {
  FieldCursor field(any_value, walk);
  while (field.next()) {
    const bool is_map = field.tag() == bytes_tag(6);
    if (is_map || field.tag() == bytes_tag(5)) read_dropped_items(field.bytes(), is_map, walk);
  }
}

void read_dropped_items(std::string_view list_or_map, bool is_map, WireWalk& walk) {
  FieldCursor item(list_or_map, walk);
  while (item.next()) {
    if (item.tag() != bytes_tag(1)) continue;
    if (!is_map) {
      read_dropped_value(item.bytes(), walk);
      continue;
    }
    FieldCursor field(item.bytes(), walk);
    while (field.next()) {
      if (field.tag() == bytes_tag(2)) read_dropped_value(field.bytes(), walk);
    }
  }
}

}  // namespace

void ValueDecoder::any_attribute(SpanBuilder::Row& row, std::string_view key_value) {
  builder_.count_attribute(row);
  field(row, key_value);
}

void ValueDecoder::field(SpanBuilder::Row& row, std::string_view key_value) {
  std::string_view key;
  MessagePieces value;
  FieldCursor cursor(key_value, walk_);
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
  const auto begin_member = [&](std::uint32_t tag) {
    if (tag == member) return;
    drop(member, nested);
    nested.clear();
    member = tag;
  };
  any_value.for_each_field(walk_, [&](const FieldCursor& field) {
    const std::uint32_t tag = field.tag();
    if (tag == bytes_tag(1) || tag == bytes_tag(7)) {
      begin_member(tag);
      text = field.bytes();
    } else if (tag == varint_tag(2) || tag == varint_tag(3) || tag == fixed64_tag(4)) {
      begin_member(tag);
      number = field.number();
    } else if (tag == bytes_tag(5) || tag == bytes_tag(6)) {
      begin_member(tag);
      nested.append(field.bytes());
    }
  });
  const WireWalk::Level level(walk_);
  return make_value(member, number, text, nested);
}

// Requires: the cursor over the AnyValue is there.
void ValueDecoder::drop(std::uint32_t member, const MessagePieces& nested) {
  nested.for_each_piece([this, member](std::string_view piece) {
    read_dropped_items(piece, member == bytes_tag(6), walk_);
  });
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
  array_value.for_each_field(walk_, [&](const FieldCursor& field) {
    if (field.tag() != bytes_tag(1)) return;
    builder_.count_item(row);
    builder_.add_item(row, value(MessagePieces(field.bytes())));
  });
  return builder_.end_list(row);
}

model::ValueView ValueDecoder::map(const MessagePieces& key_value_list) {
  SpanBuilder::Row row = builder_.begin_map();
  key_value_list.for_each_field(walk_, [&](const FieldCursor& field) {
    if (field.tag() != bytes_tag(1)) return;
    builder_.count_item(row);
    this->field(row, field.bytes());
  });
  return builder_.end_map(row);
}

}  // namespace betrace::otlp
