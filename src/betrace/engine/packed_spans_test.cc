// Goal: what was added comes back as it was, whatever its size, and memory is used again.

#include "betrace/engine/packed_spans.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace betrace::engine {
namespace {

// Its name is `size` times the last digit of `size`.
std::string name_of(std::size_t size) {
  return std::string(size, static_cast<char>('0' + size % 10));
}

void add_named(const std::vector<std::size_t>& sizes, PackedSpans* spans) {
  for (const std::size_t size : sizes) {
    const std::string name = name_of(size);
    model::SpanView view;
    view.name = name;
    spans->add(view);
  }
}

void expect_named(const std::vector<std::size_t>& sizes, const PackedSpans& spans) {
  ASSERT_EQ(spans.all().size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_TRUE(spans.all()[i].view->name == name_of(sizes[i])) << i << ": " << sizes[i];
  }
}

TEST(PackedSpansTest, HoldsSpansOfAnySize) {
  const std::vector<std::size_t> sizes = {1, 5'000, 3, 200'000, 0, 63'000, 64'000, 7};
  PackedSpans spans;
  add_named(sizes, &spans);
  expect_named(sizes, spans);
  const PackedSpans moved = std::move(spans);
  expect_named(sizes, moved);
}

TEST(PackedSpansTest, UsesItsMemoryAgain) {
  const std::vector<std::size_t> sizes(2'000, 100);
  PackedSpans spans;
  add_named(sizes, &spans);
  const std::uint64_t bytes = spans.byte_count();
  EXPECT_GE(bytes, 2'000 * (sizeof(model::SpanView) + 100));
  for (int round = 0; round < 3; ++round) {
    spans.clear();
    EXPECT_TRUE(spans.all().empty());
    add_named(sizes, &spans);
    expect_named(sizes, spans);
    EXPECT_EQ(spans.byte_count(), bytes);
  }
}

TEST(PackedSpansTest, TakesLittleForFewSpans) {
  PackedSpans spans;
  EXPECT_EQ(spans.byte_count(), 0U);
  add_named({10}, &spans);
  EXPECT_LE(spans.byte_count(), 5'000U);
}

}  // namespace
}  // namespace betrace::engine
