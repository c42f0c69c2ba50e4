#include "betrace/app/export_settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/http/loopback.h"

namespace betrace::app {
namespace {

using exporter::Pairs;
using exporter::Protocol;

constexpr std::string_view kTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
constexpr std::string_view kServiceName = "service.name";

/// Reads the settings one after the other, and remembers whether one was wrong.
class ExportSettingsReader {
 public:
  ExportSettingsReader(const Config& config, const ReportProblem& report)
      : config_(config), report_(report) {}

  std::optional<ExportSettings> read() {
    read_sink();
    read_files();
    read_exporter();
    return is_good_ ? std::optional(std::move(settings_)) : std::nullopt;
  }

 private:
  void reject(std::string_view key, std::string what) {
    is_good_ = false;
    report_(key, std::move(what));
  }

  void read_sink() {
    exporter::CurlSinkOptions& sink = settings_.sink;
    const bool is_grpc = config_.text("otlp.protocol") == "grpc";
    sink.protocol = is_grpc ? Protocol::Grpc : Protocol::HttpProtobuf;
    exporter::EndpointForm form;
    form.protocol = sink.protocol;
    form.is_plain = config_.boolean("otlp.insecure");
    form.is_whole = config_.given_name("otlp.endpoint") == kTracesEndpoint;
    auto endpoint = exporter::read_endpoint(config_.text("otlp.endpoint"), form);
    if (!endpoint) {
      reject("otlp.endpoint", endpoint.error().message);
    } else if (is_own(*endpoint)) {
      reject("otlp.endpoint", "is a port of this process, which would send to itself");
    } else {
      sink.endpoint = *std::move(endpoint);
    }
    auto headers = exporter::read_headers(config_.text("otlp.headers"));
    if (!headers) reject("otlp.headers", headers.error().message);
    if (headers) sink.headers = *std::move(headers);
    sink.is_compressed = config_.text("otlp.compression") == "gzip";
    sink.timeout =
        std::min(config_.duration("otlp.timeout"), config_.duration("otlp.export_timeout"));
  }

  [[nodiscard]] bool is_own(const exporter::Endpoint& endpoint) const {
    const std::vector<std::string>& bound = config_.list("http.bind");
    const bool is_here = endpoint.host == "localhost" || http::is_loopback(endpoint.host) ||
                         std::ranges::find(bound, endpoint.host) != bound.end();
    constexpr std::array<std::string_view, 3> kPorts = {"http.port", "otlp.http_port",
                                                        "otlp.grpc_port"};
    return is_here && std::ranges::any_of(kPorts, [&](std::string_view key) {
             return config_.number(key) == endpoint.port;
           });
  }

  void read_files() {
    exporter::CurlSinkOptions& sink = settings_.sink;
    sink.certificate = read_file_name("otlp.certificate");
    sink.client_certificate = read_file_name("otlp.client_certificate");
    sink.client_key = read_file_name("otlp.client_key");
    if (!sink.client_certificate.empty() && sink.client_key.empty()) {
      reject("otlp.client_certificate", "needs otlp.client_key");
    }
    if (sink.client_certificate.empty() && !sink.client_key.empty()) {
      reject("otlp.client_key", "needs otlp.client_certificate");
    }
  }

  std::string read_file_name(std::string_view key) {
    const std::string& path = config_.text(key);
    if (!path.empty() && access(path.c_str(), R_OK) != 0)
      reject(key, "names a file that cannot be read");
    return path;
  }

  void read_exporter() {
    exporter::ExporterOptions& options = settings_.exporter;
    options.sink_name = settings_.sink.endpoint.url;
    options.limits.batch_records_max = config_.number("otlp.batch_size");
    options.limits.queue_records_max = config_.number("otlp.queue_size");
    options.limits.backlog_bytes_max = config_.size("export.backlog_bytes");
    options.limits.schedule_delay = config_.duration("otlp.schedule_delay");
    settings_.spans.emits_evidence = config_.boolean("evidence.emit_spans");
    settings_.spans.is_own_trace = config_.text("export.placement") == "own_trace";
    auto attributes = exporter::read_pairs(config_.text("otlp.resource_attributes"));
    if (!attributes) return reject("otlp.resource_attributes", attributes.error().message);
    // The name of its own setting counts before the one among the attributes.
    const bool is_named = config_.source("otlp.service_name") != ConfigSource::Default;
    const auto name = std::ranges::find(*attributes, kServiceName, &Pairs::value_type::first);
    std::string service = config_.text("otlp.service_name");
    if (name != attributes->end()) {
      if (!is_named) service = name->second;
      attributes->erase(name);
    }
    settings_.spans.resource = {{std::string(kServiceName), std::move(service)}};
    std::ranges::move(*attributes, std::back_inserter(settings_.spans.resource));
  }

  const Config& config_;
  const ReportProblem& report_;
  ExportSettings settings_;
  bool is_good_ = true;
};

}  // namespace

std::optional<ExportSettings> export_settings(const Config& config, const ReportProblem& report) {
  if (config.text("otlp.endpoint").empty()) return std::nullopt;
  return ExportSettingsReader(config, report).read();
}

}  // namespace betrace::app
