#include "betrace/app/demo_serve.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>

#include "betrace/app/serve.h"
#include "betrace/app/starter_pack.h"

namespace betrace::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kQuiet{1'000};
constexpr milliseconds kIdle{3'000};

// Unless a person has said otherwise, traces close soon: the demo's come whole and at once.
void close_traces_soon(const Config& config, traces::ClosureLimits* closure) {
  if (config.source("trace.quiet") == ConfigSource::Default) closure->quiet = kQuiet;
  if (config.source("trace.idle") == ConfigSource::Default) closure->idle_max = kIdle;
}

}  // namespace

int run_demo_with_server(const DemoOptions& options, const Config& config, StopSignal& stop,
                         std::ostream& out, std::ostream& err) {
  telemetry::LogOptions log_settings = log_options(config);
  if (config.source("logging.level") == ConfigSource::Default) {
    log_settings.level = telemetry::LogLevel::Error;  // what it tells is what it finds
  }
  telemetry::Logger log(log_settings);
  auto service_settings = service_options(config);
  if (!service_settings) {
    fmt::print(err, "config error: {}\n", service_settings.error().message);
    return exit_code_of(service_settings.error());
  }
  close_traces_soon(config, &service_settings->engine.shard.table.closure);
  if (service_settings->bootstrap_document.empty()) {
    service_settings->bootstrap_document = starter_pack_yaml();
    service_settings->bootstrap_name = "starter.yaml";
  }
  auto service = Service::start(std::move(*service_settings), log);
  if (!service) {
    fmt::print(err, "betrace: {}\n", service.error().message);
    return exit_code_of(service.error());
  }
  fmt::print(out, "BeTrace serves on {}://{}:{} (OTLP/HTTP on {}); rules are in {}\n",
             config.has("tls.cert") ? "https" : "http", options.server.host,
             (*service)->http_port(), (*service)->otlp_http_port(), config.text("storage.path"));
  const int code = run_demo(options, stop, out, err);
  stop.release();
  return (*service)->stop() ? code : 1;
}

}  // namespace betrace::app
