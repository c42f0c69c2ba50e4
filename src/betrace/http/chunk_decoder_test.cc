// Goal: a chunked body is taken apart the same way however it is cut, and doubt is an error.
// Method: a table of bodies, each fed at once and byte by byte.
#include "betrace/http/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace betrace::http {
namespace {

struct Decoded {
  ChunkDecoder::Status status = ChunkDecoder::Status::NeedMore;
  std::string body;
  std::size_t used = 0;
};

/// Feeds `text` in pieces of `piece` bytes, as a connection does.
Decoded decode(const std::string& text, std::size_t piece) {
  ChunkDecoder decoder;
  Decoded outcome;
  std::string input;
  std::size_t fed = 0;
  while (outcome.status == ChunkDecoder::Status::NeedMore) {
    const ChunkDecoder::Step step = decoder.next(input);
    outcome.status = step.status;
    outcome.body += step.data;
    outcome.used += step.used;
    input.erase(0, step.used);
    if (step.used > 0) continue;
    if (fed == text.size()) break;
    input += text.substr(fed, piece);
    fed = std::min(text.size(), fed + piece);
  }
  return outcome;
}

TEST(ChunkDecoderTest, JoinsChunksHoweverTheyArrive) {
  const std::string text = "3\r\nabc\r\n0A;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nnext";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Decoded outcome = decode(text, piece);
    EXPECT_EQ(outcome.status, ChunkDecoder::Status::Complete);
    EXPECT_EQ(outcome.body, "abc0123456789");
    EXPECT_EQ(outcome.used, text.size() - 4);
  }
}

TEST(ChunkDecoderTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::vector<std::string> malformed = {
      "\r\n",
      "x\r\n",
      "-1\r\n",
      "+1\r\na\r\n0\r\n\r\n",
      "0x1\r\na\r\n0\r\n\r\n",
      " 1\r\na\r\n0\r\n\r\n",
      "1 \r\na\r\n0\r\n\r\n",
      "1 ;a=b\r\na\r\n0\r\n\r\n",
      "1\na\r\n0\r\n\r\n",
      "1\r\na\n0\r\n\r\n",
      "1\r\nab\r\n0\r\n\r\n",
      "1\r\na0\r\n\r\n",
      "100000000\r\n",
      "ffffffffffffffff\r\n",
      "0\r\n\n",
      "0\r\nno field\r\n\r\n",
      "0\r\n folded: x\r\n\r\n",
      "1;a\rb\r\na\r\n0\r\n\r\n",
      "1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n",
      std::string(300, '0'),
  };
  for (const std::string& text : malformed) {
    EXPECT_EQ(decode(text, text.size()).status, ChunkDecoder::Status::Malformed) << text;
    EXPECT_EQ(decode(text, 1).status, ChunkDecoder::Status::Malformed) << text;
  }
}

TEST(ChunkDecoderTest, NeedsMoreUntilTheLastLineIsThere) {
  const std::string whole = "1\r\na\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(decode(whole.substr(0, size), 1).status, ChunkDecoder::Status::NeedMore) << size;
  }
  EXPECT_EQ(decode(whole, 1).status, ChunkDecoder::Status::Complete);
}

TEST(ChunkDecoderTest, BoundsExtensionsAndTrailersOfAWholeBody) {
  const auto chunks = [](std::size_t count) {
    std::string text;
    for (std::size_t index = 0; index < count; ++index) {
      text += "1;" + std::string(127, 'x') + "\r\na\r\n";
    }
    return text + "0\r\n\r\n";
  };
  const std::size_t most = ChunkDecoder::kOverheadBytesMax / 128;
  EXPECT_EQ(decode(chunks(most), 64).status, ChunkDecoder::Status::Complete);
  EXPECT_EQ(decode(chunks(most + 1), 64).status, ChunkDecoder::Status::Malformed);
}

}  // namespace
}  // namespace betrace::http
