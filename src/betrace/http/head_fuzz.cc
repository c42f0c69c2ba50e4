// Any bytes as the beginning of a connection: head, then a chunked body. They must be read the same
// way at once and in pieces, within the limits, and never as two different messages.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/http/chunk_decoder.h"
#include "betrace/http/head_reader.h"
#include "betrace/http/negotiation.h"

namespace betrace::http {
namespace {

constexpr HeadLimits kLimits{8, 512, 128};

struct ReadHead {
  HeadReader::Progress progress = HeadReader::Progress::NeedMore;
  bool legal = false;
  std::size_t bytes = 0;
  RequestHead head;
  MessageForm form;
};

ReadHead read(std::string_view text, std::size_t piece) {
  HeadReader reader(kLimits);
  ReadHead result;
  std::size_t size = 0;
  while (result.progress == HeadReader::Progress::NeedMore && size < text.size()) {
    size = std::min(text.size(), size + piece);
    result.progress = reader.advance(text.substr(0, size));
  }
  if (result.progress != HeadReader::Progress::Complete) return result;
  result.bytes = reader.head_bytes();
  result.legal = reader.read(text, &result.head, &result.form);
  BETRACE_CHECK(result.bytes <= kLimits.header_bytes);
  BETRACE_CHECK(result.head.headers.size() <= kLimits.headers);
  return result;
}

void check_head(const ReadHead& read) {
  if (!read.legal) return;
  const RequestHead& head = read.head;
  const Headers& headers = head.headers;
  BETRACE_CHECK(!headers.contains("Transfer-Encoding") || !headers.contains("Content-Length"));
  BETRACE_CHECK(headers.count("Host") == 1 || head.version_minor == 0);
  for (std::size_t index = 0; index < headers.size(); ++index) {
    BETRACE_CHECK(headers.at(index).value.find_first_of(std::string_view("\r\n\0", 3)) ==
                  std::string_view::npos);
  }
  if (read.form.path_is_legal) {
    BETRACE_CHECK(head.path.starts_with('/') && head.path.find("//") == std::string::npos);
    BETRACE_CHECK(head.path.find("/../") == std::string::npos && !head.path.ends_with("/.."));
  }
  (void)accepts_gzip(headers);
  (void)accepts_type(headers, "application/json");
  (void)media_type(headers);
  (void)host_name(headers.find("Host").value_or(""));
}

struct Decoded {
  ChunkDecoder::Status status = ChunkDecoder::Status::NeedMore;
  std::string body;
  std::size_t used = 0;
};

Decoded decode(std::string_view text, std::size_t piece) {
  ChunkDecoder decoder;
  Decoded result;
  std::size_t size = 0;
  while (result.status == ChunkDecoder::Status::NeedMore) {
    const auto step = decoder.next(text.substr(result.used, size - result.used));
    result.status = step.status;
    result.used += step.used;
    result.body += step.data;
    if (step.used > 0) continue;
    if (size == text.size()) break;
    size = std::min(text.size(), size + piece);
  }
  return result;
}

void check_both_ways(std::string_view text) {
  const ReadHead whole = read(text, text.size());
  const ReadHead pieces = read(text, 1);
  check_head(whole);
  BETRACE_CHECK(whole.progress == pieces.progress && whole.legal == pieces.legal);
  BETRACE_CHECK(whole.bytes == pieces.bytes && whole.head.path == pieces.head.path);
  const std::string_view body = text.substr(whole.bytes);
  const Decoded at_once = decode(body, body.size());
  const Decoded in_pieces = decode(body, 1);
  BETRACE_CHECK(at_once.status == in_pieces.status);
  if (at_once.status != ChunkDecoder::Status::Complete) return;
  BETRACE_CHECK(at_once.body == in_pieces.body && at_once.used == in_pieces.used);
}

}  // namespace
}  // namespace betrace::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) betrace::http::check_both_ways({reinterpret_cast<const char*>(data), size});
  return 0;
}
