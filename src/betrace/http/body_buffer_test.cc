// Goal: bodies grow, stay readable past their end, are bounded in total, and are reused.
#include "betrace/http/body_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace betrace::http {
namespace {

TEST(BodyBufferTest, KeepsItsBytesWhileItGrows) {
  BodyBufferPool pool(64 * 1024 * 1024);
  BodyBuffer body = pool.take();
  std::string expected;
  for (int index = 0; index < 1'000; ++index) {
    const std::string piece(static_cast<std::size_t>(index), static_cast<char>('a' + index % 26));
    ASSERT_TRUE(body.append(piece));
    expected += piece;
  }
  EXPECT_EQ(body.text(), expected);
}

TEST(BodyBufferTest, IsFollowedByReadableZeros) {
  BodyBufferPool pool(1024 * 1024);
  for (const std::string& text : {std::string(), std::string("abc"), std::string(16 * 1024, 'x')}) {
    BodyBuffer body = pool.take();
    ASSERT_TRUE(body.append(text));
    const std::string_view view = body.text();
    EXPECT_TRUE(std::all_of(view.data() + view.size(),
                            view.data() + view.size() + kBodyPaddingBytes,
                            [](char byte) { return byte == 0; }));
  }
}

TEST(BodyBufferTest, RefusesToGrowOverTheLimitOfThePool) {
  BodyBufferPool pool(100'000);
  BodyBuffer first = pool.take();
  ASSERT_TRUE(first.append(std::string(60'000, 'x')));
  BodyBuffer second = pool.take();
  EXPECT_FALSE(second.append(std::string(60'000, 'x')));
  EXPECT_EQ(second.size(), 0u);
  EXPECT_TRUE(second.append("small"));
  EXPECT_LE(pool.bytes(), 100'000u);
}

TEST(BodyBufferPoolTest, GivesTheMemoryOfTheLastBodyToTheNext) {
  BodyBufferPool pool(1024 * 1024);
  const char* place = nullptr;
  {
    BodyBuffer body = pool.take();
    ASSERT_TRUE(body.append("abc"));
    place = body.text().data();
  }
  const std::size_t bytes = pool.bytes();
  EXPECT_GT(bytes, 0u);
  BodyBuffer next = pool.take();
  ASSERT_TRUE(next.append("x"));
  EXPECT_EQ(next.text().data(), place);
  EXPECT_EQ(next.text(), "x");
  EXPECT_EQ(pool.bytes(), bytes);
}

TEST(BodyBufferPoolTest, ReturnsLargeBodiesToTheSystem) {
  BodyBufferPool pool(64 * 1024 * 1024);
  {
    BodyBuffer body = pool.take();
    ASSERT_FALSE(body.room(kPooledBytesMax + 1).empty());
    EXPECT_GT(pool.bytes(), kPooledBytesMax);
  }
  EXPECT_EQ(pool.bytes(), 0u);
}

TEST(BodyBufferPoolTest, KeepsOnlySoMany) {
  BodyBufferPool pool(64 * 1024 * 1024, 1);
  {
    BodyBuffer first = pool.take();
    BodyBuffer second = pool.take();
    ASSERT_TRUE(first.append("a"));
    ASSERT_TRUE(second.append("b"));
  }
  EXPECT_EQ(pool.bytes(), 16 * 1024 + kBodyPaddingBytes);
}

TEST(BodyBufferTest, MovesWithItsBytes) {
  BodyBufferPool pool(1024 * 1024);
  BodyBuffer first = pool.take();
  ASSERT_TRUE(first.append("abc"));
  BodyBuffer second = std::move(first);
  EXPECT_EQ(second.text(), "abc");
  BodyBuffer third = pool.take();
  ASSERT_TRUE(third.append("old"));
  third = std::move(second);
  EXPECT_EQ(third.text(), "abc");
}

}  // namespace
}  // namespace betrace::http
