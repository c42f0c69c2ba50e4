#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/base/test_seed.h"
#include "betrace/base/utf8.h"
#include "betrace/otlp/oracle/random_request.h"
#include "betrace/otlp/oracle/span_text.h"
#include "betrace/otlp/trace_reader.h"
#include "otlp.pb.h"

// Goal: our reader accepts exactly the requests that libprotobuf accepts, and reads the same spans.
// Method: random requests and random damage; the slow, obvious reading of the parsed message says
// what must come out. Limits are out of reach here; trace_reader_test.cc tests them.

namespace betrace::otlp::oracle {
namespace {

ReaderLimits no_limits() {
  ReaderLimits limits;
  limits.attributes_max = limits.events_max = limits.links_max = 1'000'000;
  limits.key_bytes_max = limits.value_bytes_max = 1u << 30;
  limits.value_depth_max = 1'000;
  limits.span_bytes_max = 1u << 30;
  return limits;
}

// Reads a parsed request as docs/internals/otlp.md says, into the texts of its spans and the
// reasons of others.
class Expected {
 public:
  explicit Expected(const ExportTraceServiceRequest& request) {
    for (const ResourceSpans& resource_spans : request.resource_spans()) {
      for (const ScopeSpans& scope_spans : resource_spans.scope_spans()) {
        for (const Span& one : scope_spans.spans()) span(resource_spans, scope_spans, one);
      }
    }
  }

  std::vector<std::string> texts;
  std::array<std::uint64_t, kRejectReasonCount> rejected{};

 private:
  void span(const ResourceSpans& resource_spans, const ScopeSpans& scope_spans, const Span& span) {
    if (!valid_ids(span)) return reject(RejectReason::InvalidId);
    valid_text_ = true;
    std::string text = fmt::format(
        "{}/{}<{} name={} kind={} status={}:{} {}..{} attributes={} resource={} scope={}:{}",
        hex_of(span.trace_id()), hex_of(span.span_id()),
        span.parent_span_id().empty() ? "0000000000000000" : hex_of(span.parent_span_id()),
        checked(span.name()),
        span.kind() >= 0 && span.kind() <= 5 ? static_cast<int>(span.kind()) : 0,
        span.status().code() >= 0 && span.status().code() <= 2
            ? static_cast<int>(span.status().code())
            : 0,
        checked(span.status().message()), span.start_time_unix_nano(), span.end_time_unix_nano(),
        attributes(span.attributes()), attributes(resource_spans.resource().attributes()),
        checked(scope_spans.scope().name()), checked(scope_spans.scope().version()));
    attributes(scope_spans.scope().attributes());
    for (const Span::Event& event : span.events()) {
      text += fmt::format(" event {}@{}{}", checked(event.name()), event.time_unix_nano(),
                          attributes(event.attributes()));
    }
    for (const Span::Link& link : span.links()) {
      text += fmt::format(" link {}/{}{}", padded(link.trace_id(), 16), padded(link.span_id(), 8),
                          attributes(link.attributes()));
    }
    if (!valid_text_) return reject(RejectReason::InvalidText);
    texts.push_back(text);
  }

  static bool valid_ids(const Span& span) {
    const auto is_none = [](const std::string& id) {
      return id.find_first_not_of('\0') == std::string::npos;
    };
    bool valid = span.trace_id().size() == 16 && span.span_id().size() == 8 &&
                 !is_none(span.trace_id()) && !is_none(span.span_id()) &&
                 (span.parent_span_id().empty() || span.parent_span_id().size() == 8);
    for (const Span::Link& link : span.links()) {
      valid = valid && (link.trace_id().empty() || link.trace_id().size() == 16) &&
              (link.span_id().empty() || link.span_id().size() == 8);
    }
    return valid;
  }

  static std::string padded(const std::string& id, std::size_t size) {
    return id.empty() ? std::string(2 * size, '0') : hex_of(id);
  }

  std::string checked(const std::string& text) {
    valid_text_ = valid_text_ && is_utf8(text);
    return hex_of(text);
  }

  template <typename KeyValues>
  std::string attributes(const KeyValues& attributes) {
    std::string text = "{";
    for (const KeyValue& one : attributes) {
      text += fmt::format("{}={},", checked(one.key()), value(one.value()));
    }
    return text + "}";
  }

  std::string value(const AnyValue& value) {
    switch (value.value_case()) {
      case AnyValue::kStringValue:
        return "s" + checked(value.string_value());
      case AnyValue::kBoolValue:
        return value.bool_value() ? "true" : "false";
      case AnyValue::kIntValue:
        return fmt::format("i{}", value.int_value());
      case AnyValue::kDoubleValue:
        return fmt::format("d{:x}", std::bit_cast<std::uint64_t>(value.double_value()));
      case AnyValue::kArrayValue: {
        std::string text = "[";
        for (const AnyValue& item : value.array_value().values()) text += this->value(item) + ",";
        return text + "]";
      }
      case AnyValue::kKvlistValue:
        return attributes(value.kvlist_value().values());
      case AnyValue::kBytesValue:
        return "b" + hex_of(value.bytes_value());
      case AnyValue::VALUE_NOT_SET:
        break;
    }
    return "nil";
  }

  void reject(RejectReason reason) { ++rejected[static_cast<std::size_t>(reason)]; }

  bool valid_text_ = true;
};

struct Counts {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  std::uint64_t spans = 0;
  std::uint64_t rejected = 0;
};

void compare(TraceReader& reader, const std::string& bytes, Counts& counts) {
  ExportTraceServiceRequest request;
  const bool is_parsed = request.ParseFromString(bytes);
  std::vector<std::string> texts;
  const auto summary =
      reader.read(bytes, [&texts](const model::SpanView& span) { texts.push_back(text_of(span)); });
  ASSERT_EQ(summary.has_value(), is_parsed)
      << hex_of(bytes) << (summary ? "" : " " + summary.error().message);
  ++(is_parsed ? counts.accepted : counts.refused);
  if (!is_parsed) return;
  const Expected expected(request);
  ASSERT_EQ(texts, expected.texts) << hex_of(bytes);
  ASSERT_EQ(summary->rejected, expected.rejected) << hex_of(bytes);
  ASSERT_EQ(summary->spans_decoded, texts.size() + summary->rejected_count());
  counts.spans += texts.size();
  counts.rejected += summary->rejected_count();
}

class TraceReaderOracleTest : public ::testing::Test {
 protected:
  RandomRequest random_{test_seed()};
  TraceReader reader_{no_limits()};
  Counts counts_;
};

TEST_F(TraceReaderOracleTest, ReadsRandomRequestsAsLibprotobufDoes) {
  for (int i = 0; i < 20'000 && !HasFatalFailure(); ++i) {
    compare(reader_, random_.next(), counts_);
  }
  EXPECT_EQ(counts_.refused, 0u) << "the generator makes well-formed requests";
  EXPECT_GT(counts_.spans, 5'000u);
  EXPECT_GT(counts_.rejected, 500u);
}

TEST_F(TraceReaderOracleTest, AcceptsAndRefusesDamagedRequestsAsLibprotobufDoes) {
  for (int i = 0; i < 40'000 && !HasFatalFailure(); ++i) {
    compare(reader_, random_.mutate(random_.next()), counts_);
  }
  EXPECT_GT(counts_.refused, 5'000u);
  EXPECT_GT(counts_.accepted, 5'000u);
}

TEST_F(TraceReaderOracleTest, RefusesRandomBytesAsLibprotobufDoes) {
  for (int i = 0; i < 20'000 && !HasFatalFailure(); ++i) {
    std::string bytes;
    for (std::size_t size = random_.below(24); size > 0; --size) {
      // Mostly small bytes, as tags and lengths are.
      bytes.push_back(static_cast<char>(random_.below(random_.below(3) == 0 ? 256 : 20)));
    }
    compare(reader_, bytes, counts_);
  }
  EXPECT_GT(counts_.accepted, 100u);
}

// Nests `depth` messages below the request: AnyValue, ArrayValue, AnyValue, ...
std::string nested_request(int depth) {
  std::string inner;
  for (int level = depth; level > 5; --level) {
    WireWriter writer;
    writer.bytes_field(level % 2 == 0 ? 5 : 1, inner);
    inner = writer.take();
  }
  for (const std::uint32_t field : {2u, 9u, 2u, 2u, 1u}) {
    WireWriter writer;
    writer.bytes_field(field, inner);
    inner = writer.take();
  }
  return inner;
}

std::string nested_groups(int depth) {
  WireWriter writer;
  for (int i = 0; i < depth; ++i) writer.group_tag(50, true);
  for (int i = 0; i < depth; ++i) writer.group_tag(50, false);
  return writer.take();
}

TEST_F(TraceReaderOracleTest, LimitsNestingWhereLibprotobufDoes) {
  for (const int depth : {5, 6, 50, 99, 100, 101, 150}) {
    Counts counts;
    compare(reader_, nested_request(depth), counts);
    EXPECT_EQ(counts.accepted, depth <= 100 ? 1u : 0u) << depth;
    Counts group_counts;
    compare(reader_, nested_groups(depth), group_counts);
    EXPECT_EQ(group_counts.accepted, depth <= 100 ? 1u : 0u) << depth;
  }
}

}  // namespace
}  // namespace betrace::otlp::oracle
