#include "betrace/otlp/trace_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/model/kept_span.h"
#include "betrace/otlp/oracle/span_text.h"
#include "betrace/otlp/wire_writer.h"

// Goal: what is over a limit is cut, counted and marked, at the limit and not before; a bad span is
// rejected alone; a malformed request is refused. Agreement on plain values is the business
// of trace_reader_oracle_test.cc.

namespace betrace::otlp {
namespace {

const std::string kTraceId = "0123456789abcdef";
const std::string kSpanId = "12345678";

// Returns a request with one span whose other fields `write` writes.
template <typename Write>
std::string request_with(Write write) {
  WireWriter writer;
  writer.message_field(1, [&] {
    writer.message_field(2, [&] {
      writer.message_field(2, [&] {
        writer.bytes_field(1, kTraceId);
        writer.bytes_field(2, kSpanId);
        write(writer);
      });
    });
  });
  return writer.take();
}

void write_attribute(WireWriter& writer, std::uint32_t field, const std::string& key,
                     const std::string& text) {
  writer.message_field(field, [&] {
    writer.bytes_field(1, key);
    writer.message_field(2, [&] { writer.bytes_field(1, text); });
  });
}

struct Read {
  Result<ReadSummary> summary = ReadSummary{};
  std::vector<model::KeptSpan> spans;
};

Read read_request(const std::string& bytes, const ReaderLimits& limits = {}) {
  Read result;
  TraceReader reader(limits);
  result.summary = reader.read(bytes, [&result](const model::SpanView& span) {
    result.spans.push_back(model::KeptSpan::copy(span));
  });
  return result;
}

std::uint64_t truncated(const Read& read, TruncatedPart part) {
  return read.summary->truncated_of(part);
}

TEST(TraceReaderTest, TakesAnEmptyRequest) {
  const Read result = read_request("");
  ASSERT_TRUE(result.summary.has_value());
  EXPECT_EQ(result.summary->spans_decoded, 0u);
}

TEST(TraceReaderTest, AppliesAResourceThatFollowsItsSpansAndMergesItsPieces) {
  WireWriter writer;
  writer.message_field(1, [&] {
    writer.message_field(1, [&] { write_attribute(writer, 1, "a", "1"); });
    writer.message_field(2, [&] {
      writer.message_field(2, [&] {
        writer.bytes_field(1, kTraceId);
        writer.bytes_field(2, kSpanId);
      });
      writer.message_field(1, [&] { writer.bytes_field(1, "lib"); });
    });
    writer.message_field(1, [&] { write_attribute(writer, 1, "b", "2"); });
  });
  const Read result = read_request(writer.take());
  ASSERT_EQ(result.spans.size(), 1u);
  EXPECT_EQ(oracle::text_of(result.spans[0].view().resource), "{61=s31,62=s32,}");
  EXPECT_EQ(result.spans[0].view().scope_name, "lib");
}

TEST(TraceReaderTest, CutsAttributesEventsAndLinksAtTheirLimits) {
  ReaderLimits limits;
  limits.attributes_max = 3;
  limits.events_max = 2;
  limits.links_max = 1;
  const auto request = [](int attributes, int events, int links) {
    return request_with([=](WireWriter& writer) {
      // Interleaved, as no sender does: a full row must not shorten its neighbours.
      for (int i = 0; i < attributes; ++i) write_attribute(writer, 9, "k", "v");
      for (int i = 0; i < events; ++i) {
        writer.message_field(11, [&] { write_attribute(writer, 3, "k", "v"); });
      }
      for (int i = 0; i < links; ++i) writer.message_field(13, [&] { writer.bytes_field(1, ""); });
      for (int i = 0; i < attributes; ++i) write_attribute(writer, 9, "k", "v");
    });
  };
  const Read within = read_request(request(1, 2, 1), limits);
  ASSERT_EQ(within.spans.size(), 1u);
  EXPECT_FALSE(within.spans[0].view().cut);
  EXPECT_EQ(within.summary->truncated_count(), 0u);

  const Read beyond = read_request(request(2, 4, 4), limits);
  ASSERT_EQ(beyond.spans.size(), 1u);
  const model::SpanView& span = beyond.spans[0].view();
  EXPECT_TRUE(span.cut);
  EXPECT_EQ(span.attributes.size(), 3u);
  ASSERT_EQ(span.events.size(), 2u);
  EXPECT_EQ(span.events[1].attributes.size(), 1u);
  EXPECT_EQ(span.links.size(), 1u);
  EXPECT_EQ(truncated(beyond, TruncatedPart::Attributes), 1u);
  EXPECT_EQ(truncated(beyond, TruncatedPart::Events), 2u);
  EXPECT_EQ(truncated(beyond, TruncatedPart::Links), 3u);
}

TEST(TraceReaderTest, CutsKeysAndValuesBetweenCharacters) {
  const auto request = [](std::size_t key_size, std::size_t value_size) {
    return request_with([=](WireWriter& writer) {
      write_attribute(writer, 9, std::string(key_size - 2, 'k') + "\xC3\xA4",
                      std::string(value_size - 3, 'v') + "\xE2\x82\xAC");
    });
  };
  const Read within = read_request(request(256, 16'384));
  ASSERT_EQ(within.spans.size(), 1u);
  EXPECT_FALSE(within.spans[0].view().cut);
  EXPECT_EQ(within.spans[0].view().attributes[0].key.size(), 256u);
  EXPECT_EQ(within.spans[0].view().attributes[0].value.as_text().size(), 16'384u);

  const Read beyond = read_request(request(257, 16'385));
  ASSERT_EQ(beyond.spans.size(), 1u);
  EXPECT_TRUE(beyond.spans[0].view().cut);
  EXPECT_EQ(beyond.spans[0].view().attributes[0].key, std::string(255, 'k'));
  EXPECT_EQ(beyond.spans[0].view().attributes[0].value.as_text(), std::string(16'382, 'v'));
  EXPECT_EQ(truncated(beyond, TruncatedPart::Key), 1u);
  EXPECT_EQ(truncated(beyond, TruncatedPart::Value), 1u);
}

// A value that is a list in a list in ..., `depth` values deep, the last one a text.
void write_nested_value(WireWriter& writer, int depth) {
  if (depth == 1) return writer.bytes_field(1, "deep");
  writer.message_field(
      5, [&] { writer.message_field(1, [&] { write_nested_value(writer, depth - 1); }); });
}

TEST(TraceReaderTest, DropsValuesThatAreNestedTooDeep) {
  const auto request = [](int depth) {
    return request_with([=](WireWriter& writer) {
      writer.message_field(9, [&] {
        writer.bytes_field(1, "k");
        writer.message_field(2, [&] { write_nested_value(writer, depth); });
      });
    });
  };
  const Read within = read_request(request(16));
  ASSERT_EQ(within.spans.size(), 1u);
  EXPECT_FALSE(within.spans[0].view().cut);
  const Read beyond = read_request(request(17));
  ASSERT_EQ(beyond.spans.size(), 1u);
  EXPECT_TRUE(beyond.spans[0].view().cut);
  EXPECT_EQ(truncated(beyond, TruncatedPart::Value), 1u);
  const Read refused = read_request(request(60));
  ASSERT_FALSE(refused.summary.has_value());
  EXPECT_EQ(refused.summary.error().code, ErrorCode::InvalidArgument);
}

TEST(TraceReaderTest, ShortensLongListsAndGoesOnAfterThem) {
  const Read result = read_request(request_with([](WireWriter& writer) {
    writer.message_field(9, [&] {
      writer.bytes_field(1, "list");
      writer.message_field(2, [&] {
        writer.message_field(5, [&] {
          for (int i = 0; i < 5'000; ++i) writer.message_field(1, [] {});
        });
      });
    });
    write_attribute(writer, 9, "after", "it");
  }));
  ASSERT_EQ(result.spans.size(), 1u);
  const model::SpanView& span = result.spans[0].view();
  EXPECT_TRUE(span.cut);
  EXPECT_EQ(span.attributes[0].value.as_list().size(), 1'024u);
  EXPECT_EQ(span.attributes[1].value.as_text(), "it");
  EXPECT_EQ(truncated(result, TruncatedPart::Value), 1u);
}

TEST(TraceReaderTest, RejectsASpanThatNoTraceCouldHold) {
  ReaderLimits limits;
  limits.span_bytes_max = 1'000;
  const auto request = [](std::size_t size) {
    return request_with(
        [=](WireWriter& writer) { write_attribute(writer, 9, "k", std::string(size, 'v')); });
  };
  EXPECT_EQ(read_request(request(900), limits).spans.size(), 1u);
  const Read beyond = read_request(request(1'000), limits);
  EXPECT_TRUE(beyond.spans.empty());
  EXPECT_EQ(beyond.summary->rejected_for(RejectReason::Limit), 1u);
  EXPECT_EQ(beyond.summary->truncated_count(), 0u);
}

TEST(TraceReaderTest, RejectsInvalidSpansAloneAndSaysWhy) {
  WireWriter writer;
  const auto span = [&writer](const std::string& trace_id, const std::string& span_id,
                              const std::string& name) {
    writer.message_field(2, [&] {
      writer.bytes_field(1, trace_id);
      writer.bytes_field(2, span_id);
      writer.bytes_field(5, name);
    });
  };
  writer.message_field(1, [&] {
    writer.message_field(2, [&] {
      span(kTraceId, kSpanId, "");
      span("short", kSpanId, "a");
      span(kTraceId, std::string(8, '\0'), "a");
      span("", kSpanId, "a");
      span(kTraceId, kSpanId, "bad\xC0\x80");
      span(kTraceId, kSpanId, "good");
    });
  });
  const Read result = read_request(writer.take());
  EXPECT_EQ(result.spans.size(), 2u);
  EXPECT_EQ(result.summary->spans_decoded, 6u);
  EXPECT_EQ(result.summary->rejected_for(RejectReason::InvalidId), 3u);
  EXPECT_EQ(result.summary->rejected_for(RejectReason::InvalidText), 1u);
  const std::vector<std::string> messages = {"span 1: trace_id has a wrong length",
                                             "span 2: span_id is zero", "span 3: trace_id is zero",
                                             "span 4: name is not valid UTF-8"};
  EXPECT_EQ(result.summary->messages, messages);
}

TEST(TraceReaderTest, RejectsAllSpansOfAResourceWithInvalidText) {
  for (const bool is_scope : {false, true}) {
    WireWriter writer;
    const auto group = [&](const std::string& text) {
      writer.message_field(1, [&] {
        if (!is_scope) {
          writer.message_field(1, [&] { write_attribute(writer, 1, "service.name", text); });
        }
        writer.message_field(2, [&] {
          if (is_scope) writer.message_field(1, [&] { write_attribute(writer, 3, "k", text); });
          for (int i = 0; i < 2; ++i) {
            writer.message_field(2, [&] {
              writer.bytes_field(1, kTraceId);
              writer.bytes_field(2, kSpanId);
            });
          }
        });
      });
    };
    group("\xFF");
    group("fine");
    const Read result = read_request(writer.take());
    EXPECT_EQ(result.spans.size(), 2u);
    EXPECT_EQ(result.summary->rejected_for(RejectReason::InvalidText), 2u);
  }
}

TEST(TraceReaderTest, CountsWhatAResourceLostOnceAndMarksAllItsSpans) {
  ReaderLimits limits;
  limits.attributes_max = 1;
  WireWriter writer;
  writer.message_field(1, [&] {
    writer.message_field(1, [&] {
      write_attribute(writer, 1, "a", "1");
      write_attribute(writer, 1, "b", "2");
    });
    writer.message_field(2, [&] {
      for (int i = 0; i < 3; ++i) {
        writer.message_field(2, [&] {
          writer.bytes_field(1, i == 0 ? "bad" : kTraceId);
          writer.bytes_field(2, kSpanId);
        });
      }
    });
  });
  const Read result = read_request(writer.take(), limits);
  ASSERT_EQ(result.spans.size(), 2u);
  EXPECT_TRUE(result.spans[0].view().cut);
  EXPECT_TRUE(result.spans[1].view().cut);
  EXPECT_EQ(truncated(result, TruncatedPart::Attributes), 1u);
}

// A change of rules changes what is of interest; it must not change what is accepted or cut.
TEST(TraceReaderTest, ChecksAndCountsAttributesThatNobodyWantsAndDoesNotKeepThem) {
  model::SpanInterest interest = model::SpanInterest::of_nothing();
  interest.add_key("wanted");
  interest.add_key("app.*");
  ReaderLimits limits;
  limits.attributes_max = 4;
  limits.value_bytes_max = 8;
  const std::string request = request_with([](WireWriter& writer) {
    write_attribute(writer, 9, "wanted", "1");
    write_attribute(writer, 9, "unwanted", "longer than eight");
    write_attribute(writer, 9, "app.a", "2");
    write_attribute(writer, 9, "other", "3");
    write_attribute(writer, 9, "wanted.too.late", "4");
  });
  std::vector<std::string> keys;
  TraceReader reader(limits);
  const auto read = reader.read(
      request,
      [&keys](const model::SpanView& span) {
        EXPECT_TRUE(span.cut);
        for (const auto& attribute : span.attributes) keys.emplace_back(attribute.key);
      },
      &interest);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(keys, (std::vector<std::string>{"wanted", "app.a"}));
  EXPECT_EQ(read->truncated_of(TruncatedPart::Value), 1u);
  EXPECT_EQ(read->truncated_of(TruncatedPart::Attributes), 1u);

  const auto invalid = reader.read(
      request_with([](WireWriter& writer) { write_attribute(writer, 9, "unwanted", "\xff"); }),
      [](const model::SpanView&) { ADD_FAILURE() << "its text is invalid"; }, &interest);
  ASSERT_TRUE(invalid.has_value());
  EXPECT_EQ(invalid->rejected_for(RejectReason::InvalidText), 1u);
}

TEST(TraceReaderTest, RefusesARequestWithTooManySpansWhole) {
  ReaderLimits limits;
  limits.spans_max = 3;
  const auto request = [](int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += request_with([](WireWriter&) {});
    return bytes;
  };
  EXPECT_EQ(read_request(request(3), limits).spans.size(), 3u);
  const Read beyond = read_request(request(4), limits);
  ASSERT_FALSE(beyond.summary.has_value());
  EXPECT_EQ(beyond.summary.error().code, ErrorCode::LimitExceeded);
  EXPECT_EQ(beyond.summary.error().message, "request has 4 spans, the limit is 3");
}

TEST(TraceReaderTest, RefusesAMalformedRequest) {
  const std::string good = request_with([](WireWriter& writer) { writer.bytes_field(5, "n"); });
  for (const std::string& tail :
       {std::string("\x0A"), std::string("\x0A\x05"), std::string("\x0F"), std::string("\x03"),
        std::string(11, '\xFF'), std::string("\x00", 1), std::string("\x14"),
        std::string("\x0A\x02\x0A\x7F", 4)}) {
    const Read result = read_request(good + tail);
    EXPECT_FALSE(result.summary.has_value()) << oracle::hex_of(tail);
  }
  EXPECT_EQ(read_request(good + "\x0A\x05").summary.error().message,
            "malformed protobuf at byte 38: length is invalid");
}

// Of every length, padded or not, in the middle of a request and as its last bytes.
TEST(TraceReaderTest, ReadsIntegersOfEveryLength) {
  for (std::size_t size = 1; size <= 10; ++size) {
    for (const std::uint64_t first : {0x01U, 0x55U, 0x7FU}) {
      std::string varint;
      std::uint64_t expected = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const std::uint64_t bits = size == 10 && i == 9 ? 1 : (first + 37 * i) % 0x80;
        expected |= bits << (7 * i);
        varint += static_cast<char>(bits | (i + 1 < size ? 0x80U : 0U));
      }
      for (const char* tail : {"", "and then more"}) {
        const Read result = read_request(request_with([&](WireWriter& writer) {
          writer.message_field(9, [&] {
            writer.bytes_field(1, "n");
            writer.bytes_field(2, "\x18" + varint);
          });
          if (*tail != '\0') writer.bytes_field(5, tail);
        }));
        ASSERT_EQ(result.spans.size(), 1u) << size;
        const model::AttributesView attributes = result.spans[0].view().attributes;
        ASSERT_EQ(attributes.size(), 1u) << size;
        EXPECT_EQ(static_cast<std::uint64_t>(attributes[0].value.as_int()), expected) << size;
      }
    }
  }
}

TEST(TraceReaderTest, ReadsUnknownEnumeratorsAsUnset) {
  for (const std::uint64_t number : {std::uint64_t{6}, ~std::uint64_t{0}, std::uint64_t{1} << 31}) {
    const Read result = read_request(request_with([=](WireWriter& writer) {
      writer.varint_field(6, number);
      writer.message_field(15, [&] { writer.varint_field(3, number); });
    }));
    ASSERT_EQ(result.spans.size(), 1u);
    EXPECT_EQ(result.spans[0].view().kind, model::SpanKind::Unspecified);
    EXPECT_EQ(result.spans[0].view().status_code, model::StatusCode::Unset);
  }
}

}  // namespace
}  // namespace betrace::otlp
