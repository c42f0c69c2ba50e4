// Goal: gzip inflates exactly up to the cap and not a byte further, and damage is an error.
// Method: bodies made by zlib and damaged by hand; memory is watched through the pool.
#include "betrace/http/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>

namespace betrace::http {
namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;

struct Inflated {
  Result<void> result;
  std::string body;
};

Inflated inflate(std::string_view compressed, std::size_t bytes_max,
                 std::size_t pool_bytes = 256 * kMebibyte) {
  BodyBufferPool pool(pool_bytes);
  BodyBuffer out = pool.take();
  Inflated inflated{inflate_gzip(compressed, {bytes_max}, out), {}};
  if (inflated.result) inflated.body = std::string(out.text());
  return inflated;
}

std::string random_text(std::size_t size) {
  std::mt19937 generator(7);
  std::string text(size, ' ');
  for (char& character : text) character = static_cast<char>('a' + generator() % 16);
  return text;
}

TEST(GzipTest, GivesBackWhatWentIn) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100'000}, 3 * kMebibyte}) {
    const std::string text = random_text(size);
    for (const int level : {1, 5, 9}) {
      const Inflated inflated = inflate(gzip(text, level), 4 * kMebibyte);
      ASSERT_TRUE(inflated.result.has_value()) << inflated.result.error().message;
      EXPECT_EQ(inflated.body, text);
    }
  }
}

TEST(GzipTest, WhatIsMadePieceByPieceIsTheSame) {
  const std::string text = random_text(3 * kMebibyte);
  for (const std::size_t piece : {std::size_t{1'000}, std::size_t{700'000}, 4 * kMebibyte}) {
    GzipStream stream(1);
    std::string compressed;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      compressed += stream.add(std::string_view(text).substr(at, piece));
    }
    compressed += stream.finish();
    EXPECT_EQ(inflate(compressed, 4 * kMebibyte).body, text) << piece;
  }
}

TEST(GzipTest, StopsExactlyAtTheCap) {
  const std::string compressed = gzip(random_text(100'000));
  EXPECT_TRUE(inflate(compressed, 100'001).result);
  EXPECT_TRUE(inflate(compressed, 100'000).result);
  const Inflated over = inflate(compressed, 99'999);
  ASSERT_FALSE(over.result);
  EXPECT_EQ(over.result.error().code, ErrorCode::LimitExceeded);
  EXPECT_EQ(over.result.error().message, "the body inflates to more than 99999 bytes");
}

TEST(GzipTest, RefusesABombByItsRatio) {
  const std::string bomb = gzip(std::string(20 * kMebibyte, '\0'), 9);
  ASSERT_LT(bomb.size() * 1000, 20 * kMebibyte);
  BodyBufferPool pool(256 * kMebibyte);
  BodyBuffer out = pool.take();
  const auto result = inflate_gzip(bomb, {20 * kMebibyte}, out);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::LimitExceeded);
  EXPECT_EQ(result.error().message, "the body inflates to more than 200 times its size");
  EXPECT_LE(pool.bytes(), 16 * kMebibyte);
}

TEST(GzipTest, TakesABodyThatIsJustAsDenseAsTheRatioAllows) {
  constexpr std::size_t kRatio = 600;
  const auto zeros = [](std::size_t size) { return gzip(std::string(size, '\0'), 9); };
  std::size_t limit = 3 * kMebibyte;  // becomes what its own compressed size allows
  for (int i = 0; i < 50; ++i) limit = kInflateFreeBytes + kRatio * zeros(limit).size();
  for (const std::size_t size : {limit - 1, limit, limit + 1}) {
    const std::string body = zeros(size);
    BodyBufferPool pool(64 * kMebibyte);
    BodyBuffer out = pool.take();
    const bool is_good = size <= kInflateFreeBytes + kRatio * body.size();
    EXPECT_EQ(inflate_gzip(body, {20 * kMebibyte, kRatio}, out).has_value(), is_good) << size;
  }
}

TEST(GzipTest, LetsTheFirstMebibyteBeAsDenseAsItLikes) {
  EXPECT_TRUE(inflate(gzip(std::string(kMebibyte, '\0'), 9), 20 * kMebibyte).result);
}

std::string members(int count, const std::string& text) {
  std::string all;
  for (int index = 0; index < count; ++index) all += gzip(text);
  return all;
}

TEST(GzipTest, JoinsMembersUnderOneCap) {
  const std::string text = random_text(1'000);
  const Inflated two = inflate(members(2, text), 2'000);
  ASSERT_TRUE(two.result);
  EXPECT_EQ(two.body, text + text);
  EXPECT_EQ(inflate(members(2, text), 1'999).result.error().code, ErrorCode::LimitExceeded);
  EXPECT_TRUE(inflate(members(kGzipMembersMax, text), kMebibyte).result);
  EXPECT_EQ(inflate(members(kGzipMembersMax + 1, text), kMebibyte).result.error().code,
            ErrorCode::InvalidArgument);
  EXPECT_TRUE(inflate(gzip(text) + gzip(""), 1'000).result) << "an empty member needs no room";
}

TEST(GzipTest, RefusesEveryTruncationAndEveryWrongBit) {
  const std::string compressed = gzip("a small body, a small body, a small body");
  for (std::size_t size = 0; size < compressed.size(); ++size) {
    const Inflated cut = inflate(compressed.substr(0, size), kMebibyte);
    ASSERT_FALSE(cut.result) << size;
    EXPECT_EQ(cut.result.error().code, ErrorCode::InvalidArgument) << size;
  }
  for (std::size_t byte = compressed.size() - 8; byte < compressed.size(); ++byte) {
    std::string wrong = compressed;
    wrong[byte] = static_cast<char>(wrong[byte] ^ 1);
    EXPECT_FALSE(inflate(wrong, kMebibyte).result) << byte;
  }
}

TEST(GzipTest, RefusesOtherFormatsAndTrailingBytes) {
  EXPECT_FALSE(inflate("plain text that is no gzip at all", kMebibyte).result);
  EXPECT_FALSE(inflate(std::string("\x78\x9c\x03\x00\x00\x00\x00\x01", 8), kMebibyte).result);
  EXPECT_FALSE(inflate(gzip("a") + "x", kMebibyte).result);
  EXPECT_FALSE(inflate(gzip("a") + std::string(512, '\0'), kMebibyte).result);
}

TEST(GzipTest, DoesNotBelieveTheSizeInTheTrailer) {
  std::string garbage = random_text(200 * 1024);
  garbage.replace(garbage.size() - 4, 4, "\xff\xff\xff\x7f");
  garbage.replace(0, 10, std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10));
  BodyBufferPool pool(256 * kMebibyte);
  BodyBuffer out = pool.take();
  EXPECT_FALSE(inflate_gzip(garbage, {20 * kMebibyte}, out));
  EXPECT_LE(pool.bytes(), 4 * kMebibyte);
}

TEST(GzipTest, IsUnavailableWhenThePoolIsSpent) {
  const Inflated inflated = inflate(gzip(random_text(kMebibyte)), 2 * kMebibyte, 100 * 1024);
  ASSERT_FALSE(inflated.result);
  EXPECT_EQ(inflated.result.error().code, ErrorCode::Unavailable);
}

TEST(GzipTest, AgreesWithZlibOnWhatIsLegal) {
  const std::string compressed = gzip(random_text(50'000), 6);
  std::string out(50'000, '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  EXPECT_EQ(out, inflate(compressed, kMebibyte).body);
}

}  // namespace
}  // namespace betrace::http
