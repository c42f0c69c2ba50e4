#include "betrace/ingest/file_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "betrace/base/test_directory.h"
#include "betrace/ingest/message_stream.h"
#include "betrace/otlp/trace_writer.h"
#include "betrace/otlp/wire_writer.h"

// Goal: each form of a file is recognised and gives the same spans, whatever lies at the border of
// a buffer; what is damaged is named with its place, and what came before it was delivered.

namespace betrace::ingest {
namespace {

class FileReaderTest : public ::testing::Test {
 protected:
  std::string write(const std::string& bytes) { return directory_.write("traces", bytes); }

  // Reads a file with these bytes; names_ are the names of its spans, error_ what went wrong.
  void read(const std::string& bytes, const FileReaderOptions& options = {}) {
    names_.clear();
    requests_ = 0;
    const auto result = read_trace_file(write(bytes), options, [this](const FileRequest& request) {
      ++requests_;
      last_ = request.latest_end;
      EXPECT_LE(request.bytes_done, request.bytes_total);
      for (const model::KeptSpan& span : request.spans) {
        names_.emplace_back(span.view().name);
      }
    });
    error_ = result ? "" : result.error().message;
    const std::string path = directory_.file("traces");
    if (error_.starts_with(path)) error_ = error_.substr(path.size());
  }

  TestDirectory directory_;
  std::vector<std::string> names_;
  std::string error_;
  std::uint64_t requests_ = 0;
  UnixNanos last_ = 0;
};

model::SpanView named_span(std::string_view name) {
  model::SpanView span;
  span.trace_id.bytes[0] = 1;
  span.span_id.bytes[0] = 2;
  span.name = name;
  span.start_time_unix_nano = 10;
  span.end_time_unix_nano = 10 + name.size();
  return span;
}

std::string json_of(std::string_view name) {
  return otlp::write_json(std::vector{named_span(name)});
}

std::string protobuf_of(std::string_view name) {
  return otlp::write_protobuf(std::vector{named_span(name)});
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

using ::testing::ElementsAre;
using ::testing::StartsWith;

TEST_F(FileReaderTest, ReadsLinesOfJson) {
  read(json_of("a") + "\n" + json_of("bb") + "\n");
  EXPECT_THAT(names_, ElementsAre("a", "bb"));
  EXPECT_EQ(requests_, 2u);
  EXPECT_EQ(last_, 12u);
  read("\xEF\xBB\xBF" + json_of("a") + "\r\n\r\n \n" + json_of("b"));
  EXPECT_THAT(names_, ElementsAre("a", "b"));
  EXPECT_EQ(error_, "");
  read("\n\n" + json_of("a"));
  EXPECT_THAT(names_, ElementsAre("a"));
}

TEST_F(FileReaderTest, TakesAnEmptyFile) {
  for (const char* bytes : {"", "\n", " \n\n"}) {
    read(bytes);
    EXPECT_EQ(error_, "");
    EXPECT_EQ(requests_, 0u);
  }
}

TEST_F(FileReaderTest, ReadsLinesOfAnyLengthAcrossBuffers) {
  // Sizes around the 64 KiB of a buffer, where a line feed may be its first or last byte.
  std::string bytes;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 30; ++i) {
    expected.emplace_back(i % 3 == 0 ? 65'000 / (i + 1) + i : i % 3 == 1 ? 16'000 + i : 1, 'n');
    bytes += json_of(expected.back()) + "\n";
  }
  for (std::size_t pad = 0; pad < 40; ++pad) {
    read(std::string(pad, ' ') + bytes);
    ASSERT_EQ(names_.size(), expected.size());
    EXPECT_EQ(names_.back(), expected.back());
    ASSERT_EQ(error_, "");
  }
}

TEST_F(FileReaderTest, ReadsOneJsonRequestOverSeveralLines) {
  std::string json = json_of("a");
  json.insert(1, "\n  ");
  read(json + "\n");
  EXPECT_THAT(names_, ElementsAre("a"));
  read(json + "x");
  EXPECT_THAT(error_, StartsWith(": line 1: malformed JSON: "));
}

TEST_F(FileReaderTest, ReadsProtobufInThreeForms) {
  read(protobuf_of("a"));
  EXPECT_THAT(names_, ElementsAre("a"));
  std::string delimited;
  std::string framed;
  for (const std::string& name : {std::string("a"), std::string(300, 'b'), std::string("c")}) {
    const std::string message = protobuf_of(name);
    otlp::WireWriter writer;
    writer.bytes_field(1, message);
    delimited += writer.bytes().substr(1);  // without the tag: length and message
    framed += std::string("\0\0", 2) + static_cast<char>(message.size() >> 8) +
              static_cast<char>(message.size() & 0xFF) + message;
  }
  read(delimited);
  EXPECT_THAT(names_, ElementsAre("a", std::string(300, 'b'), "c"));
  read(framed);
  EXPECT_THAT(names_, ElementsAre("a", std::string(300, 'b'), "c"));
  read(gzip(framed));
  EXPECT_EQ(names_.size(), 3u);
  read(delimited.substr(0, delimited.size() - 1));
  EXPECT_EQ(error_, ": message 3: the file ends inside the message");
  EXPECT_EQ(names_.size(), 2u);
  read(framed + std::string("\0\0", 2));
  EXPECT_EQ(error_, ": message 4: the file ends inside a length");
}

// Ten is a length and the tag of a request alike.
TEST_F(FileReaderTest, ReadsDelimitedMessagesOfWhichTheFirstHasTenBytes) {
  const std::string first("\x0A\x08\x1A\x06schema", 10);  // resource_spans { schema_url: "schema" }
  const std::string second = protobuf_of("a");
  ASSERT_LT(second.size(), 128u);
  read(std::string(1, '\x0A') + first + static_cast<char>(second.size()) + second);
  EXPECT_EQ(error_, "");
  EXPECT_THAT(names_, ElementsAre("a"));
  read(first + second);
  EXPECT_EQ(error_, "") << "one request, its parts one after the other";
  EXPECT_THAT(names_, ElementsAre("a"));
}

TEST_F(FileReaderTest, InflatesGzipOfSeveralMembers) {
  read(gzip(json_of("a") + "\n" + json_of("b")) + gzip("\n" + json_of("c") + "\n"));
  EXPECT_EQ(error_, "");
  EXPECT_THAT(names_, ElementsAre("a", "b", "c"));
  read(gzip(""));
  EXPECT_EQ(error_, "");
}

TEST_F(FileReaderTest, NamesDamagedGzip) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += json_of("n" + std::to_string(i * 7919)) + "\n";
  const std::string whole = gzip(lines);
  read(whole.substr(0, whole.size() / 2));
  EXPECT_THAT(error_, ::testing::MatchesRegex(": line [0-9]+: gzip data is cut off"));
  EXPECT_GT(names_.size(), 5'000u);
  read(whole.substr(0, whole.size() - 1));
  EXPECT_THAT(error_, ::testing::EndsWith("gzip data is cut off"));
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  read(damaged);
  EXPECT_NE(error_, "");
  read(gzip(json_of("a")) + "tail");
  EXPECT_THAT(error_, ::testing::HasSubstr("gzip data is damaged"));
}

TEST_F(FileReaderTest, NamesFileAndLineOfAMalformedRequest) {
  read(json_of("a") + "\n\n{\"resourceSpans\":7}\n" + json_of("b") + "\n");
  EXPECT_THAT(error_, StartsWith(": line 3: malformed JSON: resourceSpans"));
  EXPECT_THAT(names_, ElementsAre("a"));
  read(protobuf_of("a") + "\x0A");
  EXPECT_THAT(error_, StartsWith(": message 1: malformed protobuf at byte"));
}

TEST_F(FileReaderTest, RefusesWhatIsNoTraceFile) {
  read("Hello, world");
  EXPECT_EQ(error_,
            ": neither OTLP/JSON lines nor an OTLP protobuf request: it begins with Hello, world");
  const auto nothing = [](const FileRequest&) {};
  const auto folder = read_trace_file(directory_.path(), {}, nothing);
  EXPECT_EQ(folder.error().message, directory_.path() + " is a folder");
  const auto missing = read_trace_file(directory_.file("none"), {}, nothing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
}

TEST_F(FileReaderTest, BoundsTheLengthOfARequest) {
  FileReaderOptions options;
  options.message_bytes_max = 1'000;
  const std::string line = json_of(std::string(1'000 - json_of("").size() - 50, 'n'));
  const std::size_t room = 1'000 - line.size();
  read(line + std::string(room, ' ') + "\n" + line, options);
  EXPECT_EQ(error_, "");
  EXPECT_EQ(names_.size(), 2u);
  read(line + std::string(room + 1, ' ') + "\n" + line, options);
  EXPECT_EQ(error_, ": line 1: longer than 1000 bytes, the limit of one request");
  read(protobuf_of(std::string(1'000, 'n')), options);
  EXPECT_EQ(error_, ": message 1: longer than 1000 bytes, the limit of one request");
}

TEST(RecogniseFormTest, TellsJsonAfterALineFeedFromTheTagOfARequest) {
  EXPECT_EQ(recognise_form("\n{\"resourceSpans\":[]}"), FileForm::JsonLines);
  // A request whose first message is 123 = '{' bytes long.
  EXPECT_EQ(recognise_form("\n{\n\x04\x0A\x02\x12\x00"), FileForm::Protobuf);
}

}  // namespace
}  // namespace betrace::ingest
