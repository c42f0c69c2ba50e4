// Goal: addresses, headers and attributes are read as the operator guide and OpenTelemetry write
// them.
// Method: tables of texts.
#include "betrace/exporter/endpoint.h"

#include <gmock/gmock.h>

namespace betrace::exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr EndpointForm kGrpc{Protocol::Grpc, true, false};
constexpr EndpointForm kHttp{Protocol::HttpProtobuf, true, false};
constexpr EndpointForm kWhole{Protocol::HttpProtobuf, true, true};

std::string url(std::string_view text, const EndpointForm& form) {
  const auto endpoint = read_endpoint(text, form);
  return endpoint ? endpoint->url : "error: " + endpoint.error().message;
}

constexpr std::string_view kExport = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

TEST(EndpointTest, ReadsHostAndPort) {
  const auto endpoint = read_endpoint("tempo.observability.svc.cluster.local:4317", kGrpc);
  ASSERT_TRUE(endpoint.has_value());
  EXPECT_EQ(endpoint->host, "tempo.observability.svc.cluster.local");
  EXPECT_EQ(endpoint->port, 4317);
  EXPECT_FALSE(endpoint->is_tls);
  EXPECT_EQ(url("[::1]:4317", kGrpc), "http://[::1]:4317" + std::string(kExport));
}

TEST(EndpointTest, AWebhookIsUsedAsWritten) {
  constexpr EndpointForm kHook{Protocol::Json, true, true};
  EXPECT_EQ(url("https://hooks/services/T1?key=x", kHook), "https://hooks:443/services/T1?key=x");
  EXPECT_EQ(url("http://hooks?key=x", kHook), "http://hooks:80/?key=x");
  EXPECT_EQ(url("http://hooks", kHook), "http://hooks:80/");
  EXPECT_THAT(url("http://hooks/#here", kHook), HasSubstr("error: "));
}

TEST(EndpointTest, ABaseAddressIsMadeLonger) {
  constexpr EndpointForm kAlerts{Protocol::Json, true, false, "/api/v2/alerts"};
  EXPECT_EQ(url("http://alerts:9093/", kAlerts), "http://alerts:9093/api/v2/alerts");
  EXPECT_EQ(url("https://alerts/team", kAlerts), "https://alerts:443/team/api/v2/alerts");
}

TEST(EndpointTest, AnAddressWithoutSchemeIsPlainUnlessToldOtherwise) {
  EXPECT_TRUE(url("tempo:4317", kGrpc).starts_with("http://"));
  EXPECT_TRUE(url("tempo:4317", {Protocol::Grpc, false, false}).starts_with("https://"));
  EXPECT_TRUE(url("http://tempo:4317", {Protocol::Grpc, false, false}).starts_with("http://"));
  EXPECT_TRUE(url("HTTPS://tempo:4317", kGrpc).starts_with("https://"));
}

TEST(EndpointTest, AMissingPortDependsOnTheProtocol) {
  EXPECT_EQ(read_endpoint("tempo", kGrpc)->port, 4317);
  EXPECT_EQ(read_endpoint("https://tempo", kGrpc)->port, 4317);
  EXPECT_EQ(read_endpoint("tempo", kHttp)->port, 4318);
  EXPECT_EQ(read_endpoint("http://tempo", kHttp)->port, 4318);
  EXPECT_EQ(read_endpoint("https://tempo", kHttp)->port, 443);
}

TEST(EndpointTest, ThePathOfTheGeneralEndpointIsExtended) {
  EXPECT_EQ(url("http://tempo:4318", kHttp), "http://tempo:4318/v1/traces");
  EXPECT_EQ(url("http://tempo:4318/", kHttp), "http://tempo:4318/v1/traces");
  EXPECT_EQ(url("http://tempo:4318/otlp/", kHttp), "http://tempo:4318/otlp/v1/traces");
  EXPECT_EQ(url("http://tempo:4318/otlp", kWhole), "http://tempo:4318/otlp");
  EXPECT_EQ(url("http://tempo:4318", kWhole), "http://tempo:4318/");
}

TEST(EndpointTest, WhatCannotWorkIsRefused) {
  for (const std::string_view text :
       {"", "http://", ":4317", "ftp://tempo", "grpc://tempo:4317", "tempo:0", "tempo:70000",
        "tempo:port", "tempo:", "tem po:4317", "http://user:secret@tempo", "http://tempo/?a=b",
        "http://tempo#a", "[::1:4317", "[::1]x:4317", "http://tempo/v1/traces", "::1"}) {
    EXPECT_THAT(url(text, kGrpc), HasSubstr("error: ")) << text;
  }
  EXPECT_THAT(url("http://user:secret@tempo", kGrpc), Not(HasSubstr("secret")));
}

TEST(EndpointTest, ReadsPairs) {
  EXPECT_THAT(read_pairs(" a=1, b = x%20y%2C ,,c=d=e").value(),
              ElementsAre(Pair("a", "1"), Pair("b", "x y,"), Pair("c", "d=e")));
  EXPECT_TRUE(read_pairs("").value().empty());
  EXPECT_THAT(read_pairs("a=").value(), ElementsAre(Pair("a", "")));
}

TEST(EndpointTest, AWrongPairIsNamedByItsPlace) {
  for (const std::string_view text : {"a=1,secret", "a=1,=secret", "a=1,b=secret%2"}) {
    const auto pairs = read_pairs(text);
    ASSERT_FALSE(pairs.has_value()) << text;
    EXPECT_THAT(pairs.error().message, HasSubstr("pair 2")) << text;
    EXPECT_THAT(pairs.error().message, Not(HasSubstr("secret"))) << text;
  }
}

TEST(EndpointTest, HeadersAreNamesInLowerCaseAndHarmlessValues) {
  EXPECT_THAT(read_headers("Authorization=Basic%20abc,X-Scope-OrgID=one").value(),
              ElementsAre(Pair("authorization", "Basic abc"), Pair("x-scope-orgid", "one")));
  for (const std::string_view text :
       {"a b=1", "a:=1", "content-type=x", "grpc-timeout=1", "Host=x", "a=x%0D%0Ay: z", "a=%00"}) {
    EXPECT_FALSE(read_headers(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace betrace::exporter
