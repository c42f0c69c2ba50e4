// Goal: the export is set up as the operator guide and OpenTelemetry write its settings, and what
// cannot work ends the start with a clear word.
// Method: environments of a process that does not run.
#include "betrace/app/export_settings.h"

#include <gmock/gmock.h>

namespace betrace::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class ExportSettingsTest : public ::testing::Test {
 protected:
  void set(const std::string& name, const std::string& text) {
    inputs_.environment.emplace_back(name, text);
  }
  std::optional<ExportSettings> settings() {
    const auto config = Config::load(inputs_);
    if (!config) throw std::runtime_error(config.error().front());
    return export_settings(*config, [](std::string_view, const std::string&) { FAIL(); });
  }
  Config::Problems problems() {
    const auto config = Config::load(inputs_);
    return config ? Config::Problems{} : config.error();
  }

  ConfigInputs inputs_;
};

TEST_F(ExportSettingsTest, WithoutAnEndpointNothingIsExported) {
  EXPECT_FALSE(settings().has_value());
  set("OTEL_EXPORTER_OTLP_ENDPOINT", "");
  EXPECT_FALSE(settings().has_value());
}

TEST_F(ExportSettingsTest, TheGuidesEndpointIsPlainGrpc) {
  set("OTEL_EXPORTER_OTLP_ENDPOINT", "tempo.observability.svc.cluster.local:4317");
  const auto found = settings();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->sink.protocol, exporter::Protocol::Grpc);
  EXPECT_EQ(found->sink.endpoint.port, 4317);
  EXPECT_FALSE(found->sink.endpoint.is_tls);
  EXPECT_EQ(found->exporter.limits.batch_records_max, 100U);
  EXPECT_EQ(found->exporter.limits.queue_records_max, 1'000U);
  EXPECT_EQ(found->exporter.limits.schedule_delay, std::chrono::seconds(1));
  EXPECT_EQ(found->sink.timeout, std::chrono::seconds(10));
  EXPECT_THAT(found->spans.resource, ElementsAre(Pair("service.name", "betrace")));
}

TEST_F(ExportSettingsTest, OnlyTheEndpointForTracesIsUsedAsWritten) {
  set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
  set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://tempo:4318/otlp");
  EXPECT_EQ(settings()->sink.endpoint.url, "http://tempo:4318/otlp/v1/traces");
  set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://tempo:4318/exact");
  EXPECT_EQ(settings()->sink.endpoint.url, "http://tempo:4318/exact");
}

TEST_F(ExportSettingsTest, TheShorterOfBothTimeoutsCounts) {
  set("OTEL_EXPORTER_OTLP_ENDPOINT", "tempo:4317");
  set("OTEL_BSP_EXPORT_TIMEOUT", "5s");
  EXPECT_EQ(settings()->sink.timeout, std::chrono::seconds(5));
  set("OTEL_EXPORTER_OTLP_TIMEOUT", "2000");
  EXPECT_EQ(settings()->sink.timeout, std::chrono::seconds(2));
}

TEST_F(ExportSettingsTest, TheNameOfTheServiceHasAnOrder) {
  set("OTEL_EXPORTER_OTLP_ENDPOINT", "tempo:4317");
  set("OTEL_RESOURCE_ATTRIBUTES", "k=v%201,service.name=guard");
  EXPECT_THAT(settings()->spans.resource,
              ElementsAre(Pair("service.name", "guard"), Pair("k", "v 1")));
  set("OTEL_SERVICE_NAME", "watch");
  EXPECT_THAT(settings()->spans.resource,
              ElementsAre(Pair("service.name", "watch"), Pair("k", "v 1")));
}

TEST_F(ExportSettingsTest, AnEndpointOfThisProcessIsRefused) {
  for (const char* endpoint : {"localhost:4317", "http://127.0.0.1:4318", "http://[::1]:12011"}) {
    inputs_.environment.clear();
    set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    EXPECT_THAT(problems(), ElementsAre(HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT (environment): is a "
                                                  "port of this process")))
        << endpoint;
  }
}

TEST_F(ExportSettingsTest, ProblemsNameTheSettingAndNoSecret) {
  set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://tempo:4317/v1/traces");
  set("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%2Xhidden");
  set("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem");
  set("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/nowhere/client.pem");
  const Config::Problems found = problems();
  EXPECT_EQ(found.size(), 5U);
  for (const char* name : {"ENDPOINT", "HEADERS", "CERTIFICATE", "CLIENT_CERTIFICATE"}) {
    EXPECT_THAT(found, ::testing::Contains(HasSubstr(std::string("OTEL_EXPORTER_OTLP_") + name +
                                                     " (environment): ")));
  }
  EXPECT_THAT(found, ::testing::Each(Not(HasSubstr("hidden"))));
}

TEST_F(ExportSettingsTest, ABatchLargerThanTheQueueIsRefused) {
  set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512");
  EXPECT_TRUE(problems().empty());
  set("OTEL_BSP_MAX_QUEUE_SIZE", "511");
  EXPECT_EQ(problems().size(), 1U);
}

}  // namespace
}  // namespace betrace::app
