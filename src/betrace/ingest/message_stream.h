// Divides the bytes of a trace file into its requests: lines of JSON, or protobuf messages.
//
// Used by file_reader. What is in a message is the business of otlp/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/ingest/byte_source.h"

namespace betrace::ingest {

/// How the requests of a file follow each other.
enum class FileForm : std::uint8_t {
  JsonLines,          ///< One request a line; empty lines are skipped.
  JsonDocument,       ///< One request over several lines.
  Protobuf,           ///< One message, to the end of the file.
  ProtobufDelimited,  ///< Each message after its length as a varint.
  ProtobufFramed,     ///< Each message after its length as 4 bytes, big-endian.
};

/// Recognises the form by the first bytes of a file. JSON begins with `{`; a protobuf request with
/// the tag 0A; a file with lengths is one whose messages begin with 0A behind a length. Error
/// InvalidArgument: none of them.
[[nodiscard]] Result<FileForm> recognise_form(std::string_view beginning);

/// The requests of one file, one after the other. Memory: twice the largest of them. Not
/// thread-safe.
class MessageStream {
 public:
  /// No message may be longer than `message_bytes_max`; a form with one message a file is read up
  /// to that size.
  MessageStream(std::unique_ptr<ByteSource> source, std::uint64_t message_bytes_max)
      : source_(std::move(source)), message_bytes_max_(message_bytes_max) {}

  /// Reads the beginning and recognises the form. Call it once, first.
  [[nodiscard]] Result<FileForm> begin();

  /// Returns the next message, valid until the next call; nothing at the end. Error LimitExceeded:
  /// it is too long. Error Corrupt: the file ends inside a message. Else as ByteSource::read.
  [[nodiscard]] Result<std::optional<std::string_view>> next();

  /// Where the message of the last next() is: `line 7` or `message 7`, from 1.
  [[nodiscard]] std::string place() const;

  [[nodiscard]] const ByteSource& source() const noexcept { return *source_; }

 private:
  using Message = Result<std::optional<std::string_view>>;

  Message next_line();
  Message next_of_length();
  Message whole_file();
  Result<bool> fill();
  Result<bool> has_bytes(std::size_t count);
  Result<std::optional<std::uint64_t>> take_length();
  [[nodiscard]] std::string_view unread() const { return std::string_view(buffer_).substr(at_); }
  [[nodiscard]] tl::unexpected<Error> too_long() const;

  std::unique_ptr<ByteSource> source_;
  std::uint64_t message_bytes_max_;
  FileForm form_ = FileForm::JsonLines;
  std::string buffer_;
  std::size_t at_ = 0;  // of the first byte that no message took
  bool at_end_ = false;
  std::uint64_t number_ = 0;  // of the line or message
};

}  // namespace betrace::ingest
