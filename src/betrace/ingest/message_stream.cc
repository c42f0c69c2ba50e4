#include "betrace/ingest/message_stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/utf8.h"

namespace betrace::ingest {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr char kRequestTag = '\x0A';  // field 1 of ExportTraceServiceRequest, length-delimited

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

// The tag of a protobuf request is a line feed, so white space before `{` is not proof enough.
bool begins_with_json(std::string_view beginning) {
  const std::string_view text = trimmed(without_byte_order_mark(beginning));
  if (text.empty() || text[0] != '{') return false;
  const std::string_view sample = beginning.substr(0, 512);
  return std::none_of(sample.begin(), sample.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && kWhiteSpace.find(c) == std::string_view::npos;
  });
}

// Whole lines end with the brace that closes the request.
FileForm json_form(std::string_view beginning) {
  const std::string_view text = without_byte_order_mark(beginning);
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  const std::size_t end = text.find('\n', begin);
  if (end == std::string_view::npos) return FileForm::JsonLines;
  const std::string_view first_line = trimmed(text.substr(begin, end - begin));
  return first_line.back() == '}' ? FileForm::JsonLines : FileForm::JsonDocument;
}

std::uint64_t big_endian(std::string_view four_bytes) {
  std::uint64_t value = 0;
  for (const char c : four_bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Returns the size of the varint that `bytes` begins with, and its value; 0 if there is none.
std::size_t parse_varint(std::string_view bytes, std::uint64_t* value) {
  *value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 9; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    *value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) return i + 1;
  }
  return 0;
}

// Ten is also the tag of a request. A message of ten bytes begins with that tag and a length of at
// most eight; in a request the same two bytes would begin ResourceSpans, where no field has a tag
// as small as that.
bool begins_with_length_ten(std::string_view beginning) {
  return beginning.size() > 2 && beginning[0] == 10 && beginning[1] == kRequestTag &&
         static_cast<unsigned char>(beginning[2]) <= 8;
}

}  // namespace

Result<FileForm> recognise_form(std::string_view beginning) {
  if (trimmed(without_byte_order_mark(beginning)).empty()) return FileForm::JsonLines;
  if (begins_with_json(beginning)) return json_form(beginning);
  if (begins_with_length_ten(beginning)) return FileForm::ProtobufDelimited;
  if (beginning[0] == kRequestTag) return FileForm::Protobuf;
  std::uint64_t length = 0;
  const std::size_t size = parse_varint(beginning, &length);
  if (size != 0 && length != 0 && size < beginning.size() && beginning[size] == kRequestTag) {
    return FileForm::ProtobufDelimited;
  }
  if (beginning.size() > 4 && beginning[0] == '\0' && beginning[4] == kRequestTag) {
    return FileForm::ProtobufFramed;
  }
  return fail(ErrorCode::InvalidArgument,
              fmt::format("neither OTLP/JSON lines nor an OTLP protobuf request: it begins with {}",
                          quote_excerpt(beginning, 16)));
}

Result<FileForm> MessageStream::begin() {
  while (unread().size() < kChunkBytes && !at_end_) {
    if (const auto more = fill(); !more) return fail(more.error());
  }
  const auto form = recognise_form(unread());
  if (!form) return fail(form.error());
  form_ = *form;
  const bool is_json = form_ == FileForm::JsonLines || form_ == FileForm::JsonDocument;
  if (is_json) at_ = buffer_.size() - without_byte_order_mark(buffer_).size();
  return form_;
}

MessageStream::Message MessageStream::next() {
  switch (form_) {
    case FileForm::JsonLines:
      return next_line();
    case FileForm::JsonDocument:
    case FileForm::Protobuf:
      return whole_file();
    case FileForm::ProtobufDelimited:
    case FileForm::ProtobufFramed:
      return next_of_length();
  }
  return std::nullopt;
}

std::string MessageStream::place() const {
  const bool has_lines = form_ == FileForm::JsonLines || form_ == FileForm::JsonDocument;
  return fmt::format("{} {}", has_lines ? "line" : "message", number_);
}

MessageStream::Message MessageStream::next_line() {
  for (;;) {
    ++number_;
    std::size_t searched = 0;
    std::size_t end = std::string_view::npos;
    while ((end = unread().find('\n', searched)) == std::string_view::npos && !at_end_) {
      searched = unread().size();
      if (searched > message_bytes_max_) return too_long();
      if (const auto more = fill(); !more) return fail(more.error());
    }
    if (unread().empty()) return std::nullopt;
    const std::string_view line = unread().substr(0, end);
    at_ = end == std::string_view::npos ? buffer_.size() : at_ + end + 1;
    if (line.size() > message_bytes_max_) return too_long();
    const std::string_view text = trimmed(line);
    if (!text.empty()) return text;
  }
}

MessageStream::Message MessageStream::whole_file() {
  if (number_ != 0) return std::nullopt;
  number_ = 1;
  while (!at_end_) {
    if (unread().size() > message_bytes_max_) return too_long();
    if (const auto more = fill(); !more) return fail(more.error());
  }
  if (unread().size() > message_bytes_max_) return too_long();
  return unread();
}

MessageStream::Message MessageStream::next_of_length() {
  ++number_;
  const auto length = take_length();
  if (!length) return fail(length.error());
  if (!*length) return std::nullopt;
  if (**length > message_bytes_max_) return too_long();
  const auto size = static_cast<std::size_t>(**length);
  const auto is_there = has_bytes(size);
  if (!is_there) return fail(is_there.error());
  if (!*is_there) return fail(ErrorCode::Corrupt, "the file ends inside the message");
  const std::string_view message = unread().substr(0, size);
  at_ += size;
  return message;
}

// Returns the length that stands before a message; nothing at the end of the file.
Result<std::optional<std::uint64_t>> MessageStream::take_length() {
  const auto is_there = has_bytes(10);  // as many as a varint may have, unless the file ends
  if (!is_there) return fail(is_there.error());
  if (unread().empty()) return std::nullopt;
  std::uint64_t length = 0;
  std::size_t size = 4;
  if (form_ == FileForm::ProtobufFramed) {
    if (unread().size() < size) return fail(ErrorCode::Corrupt, "the file ends inside a length");
    length = big_endian(unread().substr(0, size));
  } else {
    size = parse_varint(unread(), &length);
    if (size == 0) return fail(ErrorCode::Corrupt, "the length of the message is invalid");
  }
  at_ += size;
  return length;
}

// Reads until `count` bytes are unread; false if the file ends before.
Result<bool> MessageStream::has_bytes(std::size_t count) {
  while (unread().size() < count && !at_end_) {
    if (const auto more = fill(); !more) return fail(more.error());
  }
  return unread().size() >= count;
}

// Appends the next bytes of the file; false at its end.
Result<bool> MessageStream::fill() {
  // Moving the rest to the front costs little while messages are small against the buffer.
  if (at_ > 0 && at_ >= buffer_.size() / 2) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  const std::size_t old_size = buffer_.size();
  buffer_.resize(old_size + kChunkBytes);
  const auto count = source_->read(std::span<char>(buffer_).subspan(old_size));
  buffer_.resize(old_size + (count ? *count : 0));
  if (!count) return fail(count.error());
  at_end_ = *count == 0;
  return !at_end_;
}

tl::unexpected<Error> MessageStream::too_long() const {
  return fail(ErrorCode::LimitExceeded,
              fmt::format("longer than {} bytes, the limit of one request", message_bytes_max_));
}

}  // namespace betrace::ingest
