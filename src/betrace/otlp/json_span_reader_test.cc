#include "betrace/otlp/json_span_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "betrace/base/sha256.h"
#include "betrace/otlp/text_ids.h"

// Goal: each leniency that docs/guide/api.md promises is read as promised, and each wrong span says
// why.

namespace betrace::otlp {
namespace {

constexpr std::uint64_t kReceived = 5'000;

Json parse(std::string_view text) {
  auto json = parse_json(text);
  EXPECT_TRUE(json.has_value()) << (json ? "" : json.error().message);
  return json ? *json : Json();
}

tl::expected<model::KeptSpan, SpanRejection> read(std::string_view text,
                                                  JsonSpanOptions options = {}) {
  options.default_time = kReceived;
  return JsonSpanReader(options).read(parse(text));
}

// A span with ids and name, and `members` besides.
tl::expected<model::KeptSpan, SpanRejection> read_with(const std::string& members) {
  return read(R"({"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7",)"
              R"("name":"a")" +
              (members.empty() ? "" : "," + members) + "}");
}

std::string message_of(const tl::expected<model::KeptSpan, SpanRejection>& result) {
  return result ? "taken"
                : std::string(name_of(result.error().reason)) + ": " + result.error().message;
}

TEST(JsonSpanReaderTest, ReadsTheSpanOfThePage) {
  const auto read_span = read(R"({"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id":"00f067aa0ba902b7","parent_span_id":"","name":"api.request","service":"checkout",
    "kind":"SERVER","start_time":1699000000000000000,"end_time":1699000002000000000,"status":"OK",
    "attributes":{"http.request.method":"POST","retries":2,"cached":false},
    "resource":{"deployment.environment.name":"prod"},"events":[],"links":[]})");
  ASSERT_TRUE(read_span.has_value()) << message_of(read_span);
  const model::SpanView& span = read_span->view();
  EXPECT_EQ(span.trace_id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(span.span_id.hex(), "00f067aa0ba902b7");
  EXPECT_TRUE(span.is_root());
  EXPECT_EQ(span.name, "api.request");
  EXPECT_EQ(service_of(span), "checkout");
  EXPECT_EQ(span.kind, model::SpanKind::Server);
  EXPECT_EQ(span.status_code, model::StatusCode::Ok);
  EXPECT_EQ(span.end_time_unix_nano - span.start_time_unix_nano, 2'000'000'000u);
  EXPECT_EQ(find_attribute(span.attributes, "http.request.method").as_text(), "POST");
  EXPECT_EQ(find_attribute(span.attributes, "retries").as_int(), 2);
  EXPECT_EQ(find_attribute(span.attributes, "cached").type(), model::ValueType::Bool);
  EXPECT_EQ(find_attribute(span.resource, "deployment.environment.name").as_text(), "prod");
  EXPECT_FALSE(span.cut);
}

TEST(JsonSpanReaderTest, KeepsTheJsonTypeOfAttributeValues) {
  const auto span = read_with(R"("attributes":{"d":1.0,"e":1e3,"i":-5,"n":null,"s":"7",
      "big":9223372036854775807,"bigger":9223372036854775808,"l":[1,"a",[2]],
      "m":{"a":{"b":true}}})");
  ASSERT_TRUE(span.has_value()) << message_of(span);
  const auto value = [&span](std::string_view key) {
    return find_attribute(span->view().attributes, key);
  };
  EXPECT_EQ(value("d").as_double(), 1.0);
  EXPECT_EQ(value("e").type(), model::ValueType::Double);
  EXPECT_EQ(value("i").as_int(), -5);
  EXPECT_EQ(value("n").type(), model::ValueType::Nil);
  EXPECT_EQ(value("s").type(), model::ValueType::String);
  EXPECT_EQ(value("big").as_int(), INT64_MAX);
  EXPECT_EQ(value("bigger").as_double(), 9223372036854775808.0);
  ASSERT_EQ(value("l").as_list().size(), 3u);
  EXPECT_EQ(value("l").as_list()[2].as_list()[0].as_int(), 2);
  EXPECT_TRUE(find_attribute(value("m").as_map()[0].value.as_map(), "b").as_bool());
}

TEST(JsonSpanReaderTest, ReadsKindAndStatusByNameOrNumber) {
  for (const char* kind : {R"("client")", R"("SPAN_KIND_CLIENT")", R"("span_kind_Client")", "3"}) {
    const auto span = read_with(std::string("\"kind\":") + kind);
    ASSERT_TRUE(span.has_value()) << kind << message_of(span);
    EXPECT_EQ(span->view().kind, model::SpanKind::Client) << kind;
  }
  for (const char* status : {R"("error")", R"("STATUS_CODE_ERROR")", "2", R"({"code":2})",
                             R"({"code":"ERROR","message":"late"})"}) {
    const auto span = read_with(std::string("\"status\":") + status);
    ASSERT_TRUE(span.has_value()) << status << message_of(span);
    EXPECT_EQ(span->view().status_code, model::StatusCode::Error) << status;
  }
  EXPECT_EQ(message_of(read_with(R"("kind":"WORKER")")),
            "invalid_field: kind is \"WORKER\", not a span kind or 0-5");
  EXPECT_EQ(message_of(read_with(R"("kind":6)")),
            "invalid_field: kind is 6, not a span kind or 0-5");
  EXPECT_EQ(message_of(read_with(R"("status":{"code":3})")),
            "invalid_field: status is 3, not UNSET, OK, ERROR or 0-2");
}

TEST(JsonSpanReaderTest, ReadsThreeFormsOfTime) {
  for (const char* time : {"1699000000000000000", R"("1699000000000000000")",
                           R"("2023-11-03T08:26:40Z")", R"("2023-11-03T09:26:40+01:00")"}) {
    for (const char* name : {"start_time", "start_time_unix_nano", "startTime"}) {
      const auto span = read_with(std::string("\"") + name + "\":" + time);
      ASSERT_TRUE(span.has_value()) << name << time << message_of(span);
      EXPECT_EQ(span->view().start_time_unix_nano, 1'699'000'000'000'000'000u) << name << time;
    }
  }
  EXPECT_EQ(message_of(read_with(R"("end_time":"yesterday")")),
            "invalid_field: end_time is \"yesterday\", not unix nanoseconds or an RFC 3339 time");
  EXPECT_EQ(message_of(read_with(R"("end_time_unix_nano":-1)")),
            "invalid_field: end_time_unix_nano is -1, not unix nanoseconds or an RFC 3339 time");
}

TEST(JsonSpanReaderTest, FillsMissingTimes) {
  struct Case {
    const char* members;
    std::uint64_t start;
    std::uint64_t end;
  };
  for (const Case& c :
       {Case{"", kReceived, kReceived}, Case{R"("start_time":7)", 7, kReceived},
        Case{R"("start_time":7,"duration":3)", 7, 10},
        Case{R"("start_time":7,"durationMs":1.5)", 7, 1'500'007},
        Case{R"("duration":3)", kReceived, kReceived + 3},
        Case{R"("end_time":9,"duration":3)", 6, 9},
        Case{R"("end_time":9,"start_time":2,"duration":3)", 2, 9},
        Case{R"("start_time":"18446744073709551615","duration":3)", ~0ull, ~0ull}}) {
    const auto span = read_with(c.members);
    ASSERT_TRUE(span.has_value()) << c.members << message_of(span);
    EXPECT_EQ(span->view().start_time_unix_nano, c.start) << c.members;
    EXPECT_EQ(span->view().end_time_unix_nano, c.end) << c.members;
  }
}

TEST(JsonSpanReaderTest, AcceptsOtherSpellingsButNotTwoValues) {
  const auto span = read(R"({"traceId":"4bf92f3577b34da6a3ce929d0e0e4736",
      "spanId":"00F067AA0BA902B7","parentSpanId":"00f067aa0ba902b8","operationName":"op",
      "serviceName":"shop","resource":{"service.name":"other","a":1}})");
  ASSERT_TRUE(span.has_value()) << message_of(span);
  EXPECT_EQ(span->view().span_id.hex(), "00f067aa0ba902b7");
  EXPECT_EQ(span->view().parent_span_id.hex(), "00f067aa0ba902b8");
  EXPECT_EQ(span->view().name, "op");
  EXPECT_EQ(service_of(span->view()), "shop");
  EXPECT_EQ(span->view().resource.size(), 2u);
  EXPECT_EQ(message_of(read_with(R"("spanId":"00f067aa0ba902b8")")),
            "invalid_field: span_id and spanId differ");
  EXPECT_EQ(message_of(read_with(R"("spanId":"00f067aa0ba902b7")")), "taken");
}

TEST(JsonSpanReaderTest, MapsTextIdsAndKeepsTheOriginal) {
  const auto span =
      read(R"({"trace_id":"order-17","span_id":"s1","parent_span_id":"s0","name":""})");
  ASSERT_TRUE(span.has_value()) << message_of(span);
  const Sha256 digest = sha256("order-17");
  EXPECT_TRUE(std::equal(span->view().trace_id.bytes.begin(), span->view().trace_id.bytes.end(),
                         digest.begin()));
  EXPECT_EQ(span->view().trace_id, trace_id_of_text("order-17")->id);
  EXPECT_EQ(span->view().parent_span_id, span_id_of_text("s0")->id);
  const auto& attributes = span->view().attributes;
  EXPECT_EQ(find_attribute(attributes, "betrace.original_trace_id").as_text(), "order-17");
  EXPECT_EQ(find_attribute(attributes, "betrace.original_span_id").as_text(), "s1");
}

TEST(JsonSpanReaderTest, RejectsIdsThatCannotBeMapped) {
  const std::string rest = R"(","span_id":"00f067aa0ba902b7","name":"a"})";
  EXPECT_EQ(message_of(read(R"({"trace_id":")" + rest)), "invalid_id: trace_id is missing");
  EXPECT_EQ(message_of(read(R"({"trace_id":")" + std::string(32, '0') + rest)),
            "invalid_id: trace_id is all zeros");
  EXPECT_EQ(message_of(read(R"({"trace_id":")" + std::string(129, 'x') + rest)),
            "invalid_id: trace_id is longer than 128 bytes");
  EXPECT_EQ(message_of(read(R"({"trace_id":")" + std::string(128, 'x') + rest)), "taken");
  EXPECT_EQ(message_of(read(R"({"trace_id":"a","span_id":7,"name":"a"})")),
            "invalid_field: span_id is not a string");
  EXPECT_EQ(message_of(read(R"({"trace_id":"a","span_id":"b"})")),
            "invalid_field: name is missing");
  EXPECT_EQ(message_of(read("[1]")), "invalid_field: span is not an object");
}

TEST(JsonSpanReaderTest, GeneratesIdsWhenAsked) {
  JsonSpanOptions options;
  options.generate_ids = true;
  const auto spans =
      read_json_spans(parse(R"([{"name":"a"},{"name":"b","span_id":null}])"), options);
  ASSERT_TRUE(spans.has_value());
  ASSERT_EQ(spans->spans.size(), 2u);
  EXPECT_EQ(spans->spans[0].view().trace_id, spans->spans[1].view().trace_id);
  EXPECT_FALSE(spans->spans[0].view().trace_id.is_zero());
  EXPECT_NE(spans->spans[0].view().span_id, spans->spans[1].view().span_id);
  EXPECT_TRUE(spans->spans[0].view().attributes.empty());
}

TEST(JsonSpanReaderTest, ReadsEventsAndLinks) {
  const auto span = read_with(R"("start_time":3,"events":[
      {"name":"retry","time_unix_nano":5,"attributes":{"n":1}},{"name":"x"}],
      "links":[{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4737","spanId":"00f067aa0ba902b9",
      "attributes":{"why":"batch"}},{}],"scope":{"name":"lib","version":"1"})");
  ASSERT_TRUE(span.has_value()) << message_of(span);
  ASSERT_EQ(span->view().events.size(), 2u);
  EXPECT_EQ(span->view().events[0].time_unix_nano, 5u);
  EXPECT_EQ(find_attribute(span->view().events[0].attributes, "n").as_int(), 1);
  EXPECT_EQ(span->view().events[1].time_unix_nano, 3u);
  ASSERT_EQ(span->view().links.size(), 2u);
  EXPECT_EQ(span->view().links[0].span_id.hex(), "00f067aa0ba902b9");
  EXPECT_TRUE(span->view().links[1].trace_id.is_zero());
  EXPECT_EQ(span->view().scope_name, "lib");
  EXPECT_EQ(span->view().scope_version, "1");
}

TEST(JsonSpanReaderTest, CutsWhatIsOverALimitAndCountsIt) {
  JsonSpanOptions options;
  options.limits.attributes_max = 2;
  options.limits.value_bytes_max = 64;
  options.limits.key_bytes_max = 4;
  options.limits.value_depth_max = 2;
  JsonSpanReader reader(options);
  const auto span = reader.read(parse(R"({"trace_id":"a","span_id":"00f067aa0ba902b7","name":"n",
      "attributes":{"a":"x","b":[[1],2],"c":3},
      "resource":{"kkkkk":"äaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}})"));
  ASSERT_TRUE(span.has_value()) << message_of(span);
  EXPECT_TRUE(span->view().cut);
  ASSERT_EQ(span->view().resource.size(), 1u);
  EXPECT_EQ(span->view().resource[0].key, "kkkk");
  EXPECT_EQ(span->view().resource[0].value.as_text().size(), 64u);
  const auto count = [&reader](TruncatedPart part) {
    return reader.truncated()[static_cast<std::size_t>(part)];
  };
  EXPECT_EQ(count(TruncatedPart::Attributes), 2u) << "the original id takes one place";
  EXPECT_EQ(count(TruncatedPart::Key), 1u);
  EXPECT_EQ(count(TruncatedPart::Value), 1u);
}

TEST(JsonSpanReaderTest, ReadsEverySpanOfThePublicCases) {
  const std::filesystem::path path =
      std::filesystem::path(BETRACE_SOURCE_DIR) / "../shared/rules/cases.public.jsonl";
  std::ifstream file(path);
  if (!file) GTEST_SKIP() << "the public cases are not beside this checkout";
  std::string line;
  std::size_t spans_read = 0;
  while (std::getline(file, line)) {
    const Json json = parse(line);
    const auto spans = read_json_spans(json["spans"], JsonSpanOptions{});
    ASSERT_TRUE(spans.has_value());
    EXPECT_TRUE(spans->rejections.empty()) << line;
    spans_read += spans->spans.size();
    for (std::size_t i = 0; i < spans->spans.size(); ++i) {
      EXPECT_EQ(spans->spans[i].view().span_id.hex(), json["spans"][i]["span_id"]);
      EXPECT_FALSE(spans->spans[i].view().cut);
    }
  }
  EXPECT_EQ(spans_read, 1522u);
}

}  // namespace
}  // namespace betrace::otlp
