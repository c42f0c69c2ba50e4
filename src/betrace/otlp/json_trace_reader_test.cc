#include "betrace/otlp/json_trace_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "betrace/base/test_seed.h"
#include "betrace/model/kept_span.h"
#include "betrace/otlp/oracle/random_request.h"
#include "betrace/otlp/oracle/span_text.h"
#include "betrace/otlp/trace_reader.h"
#include "betrace/otlp/trace_writer.h"

// Goal: OTLP/JSON has the same result as the same message in protobuf, and each rule of its own
// (ids as hex, numbers as text, bad bytes) holds.

namespace betrace::otlp {
namespace {

struct JsonRead {
  Result<ReadSummary> summary = ReadSummary{};
  std::vector<model::KeptSpan> spans;
  std::vector<std::string> texts;
};

template <typename Reader>
JsonRead read_with(Reader& reader, std::string_view bytes) {
  JsonRead result;
  result.summary = reader.read(bytes, [&result](const model::SpanView& span) {
    result.spans.push_back(model::KeptSpan::copy(span));
    result.texts.push_back(oracle::text_of(span));
  });
  return result;
}

JsonRead read_json_request(std::string_view json, const ReaderLimits& limits = {}) {
  JsonTraceReader reader(limits);
  return read_with(reader, json);
}

// A request with one span that has valid ids and `members` besides.
std::string request_with(std::string_view members) {
  return fmt::format(R"({{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{)"
                     R"("traceId":"4bf92f3577b34da6a3ce929d0e0e4736",)"
                     R"("spanId":"00f067aa0ba902b7"{}{}}}]}}]}}]}})",
                     members.empty() ? "" : ",", members);
}

std::string error_of(std::string_view json) {
  const JsonRead result = read_json_request(json);
  return result.summary ? "taken" : result.summary.error().message;
}

// Returns the value of the only attribute of the only span, as text.
std::string value_of(const std::string& any_value) {
  const JsonRead result =
      read_json_request(request_with(R"("attributes":[{"key":"k","value":)" + any_value + "}]"));
  if (!result.summary) return result.summary.error().message;
  return oracle::text_of(result.spans.at(0).view().attributes[0].value);
}

TEST(JsonTraceReaderTest, ReadsAllMembersOfASpan) {
  const JsonRead result =
      read_json_request(R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",
    "value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"lib","version":"2"},
    "spans":[{"traceId":"4BF92F3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7",
    "parentSpanId":"00f067aa0ba902b8","name":"pay","kind":3,"startTimeUnixNano":"17",
    "endTimeUnixNano":18,"status":{"code":2,"message":"no"},"flags":257,"traceState":"a=b",
    "events":[{"timeUnixNano":"5","name":"e","attributes":[{"key":"n","value":{"intValue":"1"}}]}],
    "links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4737","spanId":"00f067aa0ba902b9"}],
    "unknown":{"a":[1,2]}}]}]}]})");
  ASSERT_TRUE(result.summary.has_value()) << result.summary.error().message;
  ASSERT_EQ(result.texts.size(), 1u);
  EXPECT_EQ(result.texts[0],
            "4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7<00f067aa0ba902b8 name=706179 kind=3 "
            "status=2:6e6f 17..18 attributes={} resource={736572766963652e6e616d65=s73686f70,} "
            "scope=6c6962:32 event 65@5{6e=i1,} "
            "link 4bf92f3577b34da6a3ce929d0e0e4737/00f067aa0ba902b9{}");
}

TEST(JsonTraceReaderTest, ReadsNumbersInEveryForm) {
  EXPECT_EQ(value_of(R"({"intValue":"-9223372036854775808"})"), "i-9223372036854775808");
  EXPECT_EQ(value_of(R"({"intValue":7})"), "i7");
  EXPECT_EQ(value_of(R"({"intValue":1e3})"), "i1000");
  EXPECT_EQ(value_of(R"({"intValue":1.5})"),
            "malformed JSON: intValue of span 0 is not a whole number of 64 bits");
  EXPECT_EQ(value_of(R"({"intValue":9223372036854775808})"),
            "malformed JSON: intValue of span 0 is not a whole number of 64 bits");
  EXPECT_EQ(value_of(R"({"intValue":"7 "})"),
            "malformed JSON: intValue of span 0 is not a whole number of 64 bits");
  EXPECT_EQ(value_of(R"({"doubleValue":1})"), "d3ff0000000000000");
  EXPECT_EQ(value_of(R"({"doubleValue":"1.0"})"), "d3ff0000000000000");
  EXPECT_EQ(value_of(R"({"doubleValue":"-Infinity"})"), "dfff0000000000000");
  EXPECT_EQ(value_of(R"({"doubleValue":"NaN"})"), "d7ff8000000000000");
  EXPECT_EQ(value_of(R"({"doubleValue":"inf"})"),
            "malformed JSON: doubleValue of span 0 is not a number");
}

TEST(JsonTraceReaderTest, ReadsDecimalTextOfEveryLengthAndNothingElse) {
  const std::string digits = "1234567890987654321";
  for (std::size_t size = 1; size <= digits.size(); ++size) {
    const std::string text = digits.substr(0, size);
    ASSERT_EQ(value_of(R"({"intValue":")" + text + "\"}"), "i" + text);
    ASSERT_EQ(value_of(R"({"intValue":"-)" + text + "\"}"), "i-" + text);
    for (std::size_t place = 0; place < size; ++place) {
      for (const char c : {' ', '/', ':', 'a', '\x7F', '.', '-', '+'}) {
        if (c == '-' && place == 0 && size > 1) continue;
        std::string wrong = text;
        wrong[place] = c;
        ASSERT_EQ(value_of(R"({"intValue":")" + wrong + "\"}"),
                  "malformed JSON: intValue of span 0 is not a whole number of 64 bits")
            << wrong;
      }
    }
  }
  EXPECT_EQ(value_of(R"({"intValue":"0000000000000000000000000007"})"), "i7");
  EXPECT_EQ(value_of(R"({"intValue":"9223372036854775807"})"), "i9223372036854775807");
  EXPECT_EQ(value_of(R"({"intValue":"9223372036854775808"})"),
            "malformed JSON: intValue of span 0 is not a whole number of 64 bits");
  EXPECT_EQ(value_of(R"({"intValue":""})"),
            "malformed JSON: intValue of span 0 is not a whole number of 64 bits");
}

TEST(JsonTraceReaderTest, ReadsTheUsualAttributeAndItsNeighboursAlike) {
  const auto read = [](const std::string& attribute) {
    const JsonRead result = read_json_request(request_with("\"attributes\":[" + attribute + "]"));
    return result.summary ? result.texts.at(0) : result.summary.error().message;
  };
  const std::string usual = read(R"({"key":"k","value":{"stringValue":"v"}})");
  EXPECT_EQ(read(R"({"value":{"stringValue":"v"},"key":"k"})"), usual);
  EXPECT_EQ(read(R"({"key":"k","value":{"stringValue":"v"},"x":1})"), usual);
  EXPECT_EQ(read(R"({"key":"k","value":{"stringValue":"v","x":1}})"), usual);
  EXPECT_EQ(read(R"({"key":"k","value":{"intValue":1,"stringValue":"v"}})"), usual);
  EXPECT_EQ(read(R"({"key":"k","value":{"intValue":1},"value":{"stringValue":"v"}})"), usual);
  EXPECT_EQ(read(R"({"key":"\u006b","value":{"stringValue":"\u0076"}})"), usual);
  const std::string number = read(R"({"key":"k","value":{"intValue":1}})");
  EXPECT_EQ(read(R"({"key":"k","value":{"intValue":"1"}})"), number);
  EXPECT_EQ(read(R"({"key":"k","value":{"intValue":1.0}})"), number);
  const std::string none = read(R"({"key":"k"})");
  EXPECT_EQ(read(R"({"key":"k","value":{}})"), none);
  EXPECT_EQ(read(R"({"key":"k","value":{"stringValue":null}})"), none);
  EXPECT_EQ(read(R"({"key":"k","value":{"stringvalue":"v"}})"), none);
  EXPECT_EQ(read(R"({"key":"k","value":{"stringValue":true}})"),
            "malformed JSON: stringValue of span 0 is not a string");
  EXPECT_EQ(read(R"({"key":"k","value":{"boolValue":"true"}})"),
            "malformed JSON: boolValue of span 0 is not true or false");
  EXPECT_EQ(read(R"({"key":1,"value":{"stringValue":"v"}})"),
            "malformed JSON: key of span 0 is not a string");
  EXPECT_EQ(read(R"({"key":"k","value":["stringValue","v"]})"),
            "malformed JSON: value of span 0 is not an object");
}

TEST(JsonTraceReaderTest, RefusesNumbersThatJsonOrTheProtocolCannotHold) {
  EXPECT_THAT(value_of(R"({"doubleValue":1e999})"), ::testing::StartsWith("malformed JSON: "));
  EXPECT_THAT(value_of(R"({"doubleValue":NaN})"), ::testing::StartsWith("malformed JSON: "));
  EXPECT_THAT(value_of(R"({"intValue":99999999999999999999})"),
              ::testing::StartsWith("malformed JSON: "));
  EXPECT_EQ(value_of(R"({"doubleValue":"1e999"})"),
            "malformed JSON: doubleValue of span 0 is not a number");
  EXPECT_EQ(error_of(request_with(R"("startTimeUnixNano":"18446744073709551616")")),
            "malformed JSON: startTimeUnixNano of span 0 is not a whole number from 0 to 2^64-1");
  EXPECT_EQ(error_of(request_with(R"("endTimeUnixNano":-1)")),
            "malformed JSON: endTimeUnixNano of span 0 is not a whole number from 0 to 2^64-1");
  const JsonRead year_2554 =
      read_json_request(request_with(R"("endTimeUnixNano":18446744073709551615)"));
  ASSERT_EQ(year_2554.spans.size(), 1u);
  EXPECT_EQ(year_2554.spans[0].view().end_time_unix_nano, ~0ull);
}

TEST(JsonTraceReaderTest, ReadsTheLastOfRepeatedMembersAndNoneOfNulls) {
  EXPECT_EQ(value_of(R"({"intValue":"1","stringValue":"a"})"), "s61");
  EXPECT_EQ(value_of(R"({"stringValue":"a","intValue":"1","stringValue":null})"), "i1");
  EXPECT_EQ(value_of("null"), "nil");
  EXPECT_EQ(value_of("{}"), "nil");
  EXPECT_EQ(value_of(R"({"arrayValue":{"values":[{"boolValue":true},{}]}})"), "[true,nil,]");
  EXPECT_EQ(value_of(R"({"kvlistValue":{"values":[{"key":"a"},{"value":{"intValue":1}}]}})"),
            "{61=nil,=i1,}");
  EXPECT_EQ(value_of(R"({"bytesValue":"_-8"})"), "bffef");
  const JsonRead result = read_json_request(request_with(
      R"("name":"a","name":"b","kind":null,"attributes":[{"key":"x"}],"attributes":null)"));
  ASSERT_EQ(result.spans.size(), 1u);
  EXPECT_EQ(result.spans[0].view().name, "b");
  EXPECT_TRUE(result.spans[0].view().attributes.empty());
}

TEST(JsonTraceReaderTest, RefusesMembersOfAWrongType) {
  EXPECT_EQ(error_of(""), "malformed JSON: Empty: no JSON found");
  EXPECT_EQ(error_of("[]"), "malformed JSON: the request is not an object");
  EXPECT_EQ(error_of(request_with(R"("name":5)")),
            "malformed JSON: name of span 0 is not a string");
  EXPECT_EQ(error_of(request_with(R"("kind":"SPAN_KIND_SERVER")")),
            "malformed JSON: kind of span 0 is not an integer");
  EXPECT_EQ(error_of(request_with(R"("status":{"code":"2"})")),
            "malformed JSON: status.code of span 0 is not an integer");
  EXPECT_EQ(error_of(request_with(R"("attributes":{})")),
            "malformed JSON: attributes of span 0 is not a list");
  EXPECT_EQ(error_of(request_with(R"("events":[null])")),
            "malformed JSON: events of span 0 has an item that is not an object");
  EXPECT_EQ(value_of(R"({"bytesValue":"*"})"),
            "malformed JSON: bytesValue of span 0 is not base64");
  EXPECT_EQ(value_of(R"({"boolValue":1})"),
            "malformed JSON: boolValue of span 0 is not true or false");
}

TEST(JsonTraceReaderTest, RefusesTheWholeForALateMistake) {
  std::string json = request_with("");
  json.insert(json.size() - 2, R"(,{"scopeSpans":[{"spans":[{"name":7}]}]})");
  EXPECT_EQ(error_of(json), "malformed JSON: name of span 1 is not a string");
}

TEST(JsonTraceReaderTest, RejectsBadIdsAlone) {
  const JsonRead result = read_json_request(R"({"resourceSpans":[{"scopeSpans":[{"spans":[
      {"traceId":"4bf92f3577b34da6a3ce929d0e0e473","spanId":"00f067aa0ba902b7"},
      {"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"},
      {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"0000000000000000"},
      {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"S/Bnqgupc"},
      {"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7"}]}]}]})");
  ASSERT_TRUE(result.summary.has_value());
  EXPECT_EQ(result.spans.size(), 1u);
  EXPECT_EQ(result.summary->rejected_for(RejectReason::InvalidId), 4u);
  EXPECT_EQ(result.summary->messages[1], "span 1: trace_id is zero") << "lowerCamelCase only";
}

TEST(JsonTraceReaderTest, RejectsJustTheSpansThatHoldInvalidBytes) {
  const std::string ids =
      R"("traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b)";
  std::string json = R"({"resourceSpans":[{"scopeSpans":[{"spans":[)";
  json += "{" + ids + "1\",\"name\":\"a\xFF\xFE z\"},";
  json += "{" + ids + "2\",\"name\":\"\xEF\xB7\x90 \\ufdd1\"},";
  json += "{" + ids + "3\",\"unknown\":\"\x80\"},";
  json += "{" + ids + "4\",\"attributes\":[{\"key\":\"\xC3\"}]},";
  json += "{" + ids + "5\",\"name\":\"\xC3\xA4\"}]}]}]}";
  const JsonRead result = read_json_request(json);
  ASSERT_TRUE(result.summary.has_value()) << result.summary.error().message;
  ASSERT_EQ(result.spans.size(), 3u);
  EXPECT_EQ(result.spans[0].view().name, "\xEF\xB7\x90 \xEF\xB7\x91");
  EXPECT_EQ(result.spans[1].view().span_id.hex(), "00f067aa0ba902b3");
  EXPECT_EQ(result.summary->rejected_for(RejectReason::InvalidText), 2u);
  EXPECT_EQ(error_of("\xFF" + json),
            "malformed JSON: The JSON document has an improper structure: "
            "missing or superfluous commas, braces, missing keys, etc.");
}

TEST(JsonTraceReaderTest, LimitsNesting) {
  const auto nested = [](int depth) {
    // The request, its list, the resource: three levels stand before. An empty list at the very
    // bottom would not count.
    return R"({"resourceSpans":[{"x":)" + std::string(static_cast<std::size_t>(depth - 3), '[') +
           "0" + std::string(static_cast<std::size_t>(depth - 3), ']') + "}]}";
  };
  EXPECT_EQ(error_of(nested(128)), "taken");
  EXPECT_EQ(error_of(nested(129)),
            "malformed JSON: The JSON document was too deep (too many nested objects and arrays)");
  EXPECT_FALSE(read_json_request(std::string(1'000'000, '[')).summary.has_value());
}

TEST(JsonTraceReaderTest, RefusesARequestWithTooManySpansWhole) {
  ReaderLimits limits;
  limits.spans_max = 0;
  const JsonRead result = read_json_request(request_with(""), limits);
  ASSERT_FALSE(result.summary.has_value());
  EXPECT_EQ(result.summary.error().code, ErrorCode::LimitExceeded);
}

TEST(JsonTraceReaderTest, HasTheSameResultAsTheProtobufReader) {
  ReaderLimits limits;
  limits.attributes_max = 2;
  limits.events_max = limits.links_max = 1;
  limits.key_bytes_max = 3;
  limits.value_bytes_max = 70;
  limits.value_depth_max = 3;
  limits.span_bytes_max = 700;
  TraceReader plain;
  TraceReader protobuf_reader(limits);
  JsonTraceReader json_reader(limits);
  oracle::RandomRequest random(test_seed());
  std::uint64_t taken = 0;
  std::uint64_t lost = 0;
  for (int i = 0; i < 5'000; ++i) {
    const JsonRead original = read_with(plain, random.next());
    std::vector<model::SpanView> views;
    for (const model::KeptSpan& span : original.spans) views.push_back(span.view());
    const JsonRead protobuf = read_with(protobuf_reader, write_protobuf(views));
    const std::string json = write_json(views);
    if (json.find("\"NaN\"") != std::string::npos) continue;  // one NaN stands for all
    const JsonRead text = read_with(json_reader, json);
    ASSERT_TRUE(protobuf.summary.has_value());
    ASSERT_TRUE(text.summary.has_value()) << text.summary.error().message << json;
    ASSERT_EQ(text.texts, protobuf.texts) << json;
    ASSERT_EQ(text.summary->truncated, protobuf.summary->truncated) << json;
    ASSERT_EQ(text.summary->rejected, protobuf.summary->rejected) << json;
    ASSERT_EQ(text.summary->messages, protobuf.summary->messages) << json;
    taken += text.spans.size();
    lost += text.summary->truncated_count();
  }
  EXPECT_GT(taken, 1'000u);
  EXPECT_GT(lost, 1'000u);
}

TEST(JsonTraceReaderTest, WhatTheWritersWriteReadsBackEqual) {
  TraceReader plain;
  TraceReader protobuf_reader;
  JsonTraceReader json_reader;
  oracle::RandomRequest random(test_seed());
  for (int i = 0; i < 5'000; ++i) {
    const JsonRead original = read_with(plain, random.next());
    std::vector<model::SpanView> views;
    for (const model::KeptSpan& span : original.spans) views.push_back(span.view());
    ASSERT_EQ(read_with(protobuf_reader, write_protobuf(views)).texts, original.texts);
    if (write_json(views).find("\"NaN\"") != std::string::npos) continue;
    ASSERT_EQ(read_with(json_reader, write_json(views)).texts, original.texts);
  }
}

}  // namespace
}  // namespace betrace::otlp
