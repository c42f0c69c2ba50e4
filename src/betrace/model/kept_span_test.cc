// Goal: a kept span equals its original in every field and owns all that it refers to.

#include "betrace/model/kept_span.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "betrace/model/full_span.h"

namespace betrace::model {
namespace {

void expect_equal(AttributesView left, AttributesView right);

void expect_equal(const ValueView& left, const ValueView& right) {
  ASSERT_EQ(left.type(), right.type());
  switch (left.type()) {
    case ValueType::Nil:
      return;
    case ValueType::Bool:
      EXPECT_EQ(left.as_bool(), right.as_bool());
      return;
    case ValueType::Int:
      EXPECT_EQ(left.as_int(), right.as_int());
      return;
    case ValueType::Double:
      EXPECT_EQ(left.as_double(), right.as_double());
      return;
    case ValueType::String:
    case ValueType::Bytes:
      EXPECT_EQ(left.as_text(), right.as_text());
      return;
    case ValueType::List:
      ASSERT_EQ(left.as_list().size(), right.as_list().size());
      for (std::size_t i = 0; i < left.as_list().size(); ++i) {
        expect_equal(left.as_list()[i], right.as_list()[i]);
      }
      return;
    case ValueType::Map:
      expect_equal(left.as_map(), right.as_map());
  }
}

void expect_equal(AttributesView left, AttributesView right) {
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].key, right[i].key);
    expect_equal(left[i].value, right[i].value);
  }
}

void expect_equal(const SpanView& left, const SpanView& right) {
  EXPECT_EQ(left.trace_id, right.trace_id);
  EXPECT_EQ(left.span_id, right.span_id);
  EXPECT_EQ(left.parent_span_id, right.parent_span_id);
  EXPECT_EQ(left.name, right.name);
  EXPECT_EQ(left.kind, right.kind);
  EXPECT_EQ(left.status_code, right.status_code);
  EXPECT_EQ(left.status_message, right.status_message);
  EXPECT_EQ(left.start_time_unix_nano, right.start_time_unix_nano);
  EXPECT_EQ(left.end_time_unix_nano, right.end_time_unix_nano);
  expect_equal(left.attributes, right.attributes);
  expect_equal(left.resource, right.resource);
  EXPECT_EQ(left.scope_name, right.scope_name);
  EXPECT_EQ(left.scope_version, right.scope_version);
  EXPECT_EQ(left.cut, right.cut);
  ASSERT_EQ(left.events.size(), right.events.size());
  for (std::size_t i = 0; i < left.events.size(); ++i) {
    EXPECT_EQ(left.events[i].time_unix_nano, right.events[i].time_unix_nano);
    EXPECT_EQ(left.events[i].name, right.events[i].name);
    expect_equal(left.events[i].attributes, right.events[i].attributes);
  }
  ASSERT_EQ(left.links.size(), right.links.size());
  for (std::size_t i = 0; i < left.links.size(); ++i) {
    EXPECT_EQ(left.links[i].trace_id, right.links[i].trace_id);
    EXPECT_EQ(left.links[i].span_id, right.links[i].span_id);
    expect_equal(left.links[i].attributes, right.links[i].attributes);
  }
}

TEST(KeptSpanTest, EqualsItsOriginalInEveryField) {
  const FullSpan original;
  expect_equal(KeptSpan::copy(original.span).view(), original.span);
}

TEST(KeptSpanTest, OutlivesItsOriginal) {
  auto original = std::make_unique<FullSpan>();
  auto name = std::make_unique<std::string>("a name that is too long to be held in place");
  original->span.name = *name;
  const KeptSpan kept = KeptSpan::copy(original->span);
  std::fill(name->begin(), name->end(), '#');
  name.reset();
  original.reset();
  EXPECT_EQ(kept.view().name, "a name that is too long to be held in place");
  EXPECT_EQ(find_attribute(kept.view().attributes, "list").as_list()[2].as_map()[0].key, "deep");
}

TEST(KeptSpanTest, ItsViewStaysWhenItMoves) {
  const FullSpan original;
  KeptSpan first = KeptSpan::copy(original.span);
  const SpanView* view = &first.view();
  std::vector<KeptSpan> spans;
  spans.push_back(std::move(first));
  EXPECT_EQ(&spans[0].view(), view);
  expect_equal(spans[0].view(), original.span);
}

TEST(KeptSpanTest, ACopyOfACopyIsEqualAndOfTheSameSize) {
  const FullSpan original;
  const KeptSpan first = KeptSpan::copy(original.span);
  const KeptSpan second = KeptSpan::copy(first.view());
  expect_equal(second.view(), original.span);
  EXPECT_EQ(first.packed().byte_count, second.packed().byte_count);
}

TEST(KeptSpanTest, CountsTheBytesOfItsTexts) {
  SpanView span;
  const std::size_t empty = pack(span, {}).byte_count;
  const std::string name(1'000, 'x');
  span.name = name;
  const std::size_t with_name = pack(span, {}).byte_count;
  EXPECT_GE(empty, sizeof(SpanView));
  EXPECT_GE(with_name, empty + 1'000);
  EXPECT_LT(with_name, empty + 1'100);
}

TEST(PackedSpanTest, FitsExactlyWhatItSaysItTakesAndNothingLess) {
  const FullSpan original;
  const std::size_t wanted = pack(original.span, {}).byte_count;
  std::vector<std::max_align_t> memory(wanted / sizeof(std::max_align_t) + 1);
  const std::span<std::byte> room = std::as_writable_bytes(std::span(memory));
  const PackedSpan packed = pack(original.span, room.first(wanted));
  ASSERT_NE(packed.view, nullptr);
  EXPECT_EQ(static_cast<const void*>(packed.view), room.data());
  EXPECT_EQ(packed.byte_count, wanted);
  expect_equal(*packed.view, original.span);
  for (const std::size_t less : {wanted - 1, wanted / 2, std::size_t{0}}) {
    const PackedSpan cut = pack(original.span, room.first(less));
    EXPECT_EQ(cut.view, nullptr) << less;
    EXPECT_EQ(cut.byte_count, wanted);
  }
}

}  // namespace
}  // namespace betrace::model
