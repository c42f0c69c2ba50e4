#include "betrace/app/serve.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <ostream>
#include <random>

#include "betrace/app/config_reload.h"
#include "betrace/app/exit_code.h"
#include "betrace/app/export_settings.h"
#include "betrace/app/starter_pack.h"
#include "betrace/storage/rule_document.h"

namespace betrace::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSignalPoll{60'000};
// OTLP says in four levels of JSON what takes two elsewhere.
constexpr std::uint32_t kOtlpJsonDepthFactor = 2;

engine::NoiseRate noise_rate(const Rate& rate) {
  return {static_cast<double>(rate.refill), static_cast<double>(rate.bucket)};
}

std::uint64_t random_word() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

engine::EngineOptions engine_options(const Config& config) {
  engine::EngineOptions options;
  traces::TableLimits& table = options.shard.table;
  table.hash_key = {random_word(), random_word()};  // so that nobody can aim at one bucket
  table.closure.quiet = config.duration("trace.quiet");
  table.closure.idle_max = config.duration("trace.idle");
  table.closure.age_max = config.duration("trace.age_max");
  table.closure.spans_max = config.number("limits.trace_spans");
  table.closure.bytes_max = config.size("limits.trace_bytes");
  table.late_max = config.duration("trace.late");
  table.bytes_max = config.size("limits.traces_bytes");
  options.shard.noise.per_rule = noise_rate(config.rate("violations.rule_rate"));
  options.shard.noise.total = noise_rate(config.rate("violations.total_rate"));
  options.shard.rule_steps_max = config.number("limits.rule_steps");
  options.queue_bytes_max = config.size("limits.ingest_queue");
  return options;
}

otlp::ReaderLimits span_limits(const Config& config) {
  const auto number = [&config](std::string_view key) {
    return static_cast<std::uint32_t>(config.number(key));
  };
  otlp::ReaderLimits limits;
  limits.spans_max = number("limits.spans_per_request");
  limits.attributes_max = number("limits.attributes");
  limits.events_max = number("limits.events");
  limits.links_max = number("limits.links");
  limits.key_bytes_max = static_cast<std::uint32_t>(config.size("limits.key_bytes"));
  limits.value_bytes_max = static_cast<std::uint32_t>(config.size("limits.value_bytes"));
  limits.value_depth_max = number("limits.anyvalue_depth");
  limits.message_depth_max = number("limits.proto_depth");
  limits.json_depth_max = kOtlpJsonDepthFactor * number("limits.json_depth");
  return limits;
}

http::ServerLimits server_limits(const Config& config) {
  http::ServerLimits limits;
  limits.header_time = config.duration("limits.header_time");
  limits.body_time = config.duration("limits.body_time");
  limits.tls_time = config.duration("limits.tls_time");
  limits.idle_time = config.duration("limits.idle_time");
  limits.request_time = config.duration("limits.request_time");
  limits.min_rate = config.size("limits.min_rate");
  limits.headers = config.number("limits.headers");
  limits.header_bytes = config.size("limits.header_bytes");
  limits.line_bytes = config.size("limits.line_bytes");
  limits.inflate_ratio = config.number("limits.inflate_ratio");
  limits.connections = config.number("limits.connections");
  limits.connections_per_ip = config.number("limits.connections_per_ip");
  return limits;
}

// What has no setting of its own gets a share of limits.memory, so that everything together keeps
// below it: half is for traces, an eighth for the queue. A body grows by doubling, so the largest
// that may come needs three times its size while it moves.
void share_memory(ServiceOptions* options) {
  const std::uint64_t memory = options->memory_bytes_max;
  const std::size_t largest_body =
      std::max(options->http_body_bytes_max, options->calls.message_bytes_max);
  std::size_t& bodies = options->server.bodies_bytes;
  bodies = std::max<std::size_t>(std::min<std::size_t>(bodies, memory / 8), 3 * largest_body);
  std::uint64_t& pending = options->log.pending_bytes_max;
  pending = std::min<std::uint64_t>(pending, memory / 16);
  options->log.cache_bytes_max = memory / 16;
}

// Limits by what they do, whose names do not say so.
constexpr std::string_view kOtherLimits[] = {"export.backlog_bytes", "metrics.rules_max",
                                             "shutdown.grace"};

// The value as GET /v1/limits shows it; nothing for settings that are no limit.
std::optional<api::SettingValue> shown_value(const Config& config, const Setting& setting) {
  switch (setting.type) {
    case SettingType::Number:
      return config.number(setting.key);
    case SettingType::Size:
      return config.size(setting.key);
    case SettingType::Duration:
      return static_cast<std::uint64_t>(config.duration(setting.key).count());
    case SettingType::Rate: {
      const Rate rate = config.rate(setting.key);
      return fmt::format("{}/{}", rate.refill, rate.bucket);
    }
    default:
      return std::nullopt;
  }
}

api::ApiOptions api_options(const Config& config) {
  api::ApiOptions options;
  options.rest_body_bytes_max = config.size("limits.rest_body");
  options.import_body_bytes_max = config.size("limits.import_body");
  options.span_limits = span_limits(config);
  options.json_depth_max = static_cast<int>(config.number("limits.json_depth"));
  options.rule_bytes_max = config.size("limits.rule_bytes");
  options.query_results_max = static_cast<std::uint32_t>(config.number("limits.query_results"));
  options.query_time = config.duration("limits.query_time");
  options.backup_dir = config.text("log.backup_dir");
  options.feed.clients_max = config.number("limits.sse_clients");
  options.feed.buffer_events_max = config.number("limits.sse_buffer");
  options.packs = {{"starter", starter_pack_yaml()}};
  options.trace_url_template = config.text("ui.trace_url_template");
  for (const Setting& setting : config_catalog()) {
    const bool is_limit = setting.key.starts_with("limits.") || setting.key.starts_with("trace.") ||
                          setting.key.starts_with("violations.") ||
                          setting.key.starts_with("log.") ||
                          std::ranges::find(kOtherLimits, setting.key) != std::end(kOtherLimits);
    if (!is_limit || setting.is_later || !config.has(setting.key)) continue;
    if (auto value = shown_value(config, setting)) {
      options.shown_limits.emplace_back(setting.key, std::move(*value));
    }
  }
  return options;
}

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::InvalidArgument, fmt::format("{} cannot be read", path));
  std::string text;
  text.resize(bytes_max + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > bytes_max) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is over {} bytes", path, bytes_max));
  }
  return text;
}

// No core file and no debugger of another user shows keys or spans.
void hide_memory() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace

evidence::RecordKeys record_keys(const Config& config) {
  evidence::RecordKeys keys;
  if (config.has("signature_key")) keys.active.emplace(Secret(config.text("signature_key")));
  if (config.has("signature_key_previous")) {
    keys.previous.emplace_back(Secret(config.text("signature_key_previous")));
  }
  return keys;
}

Result<ServiceOptions> service_options(const Config& config) {
  ServiceOptions options;
  options.addresses = config.list("http.bind");
  options.http_port = static_cast<std::uint16_t>(config.number("http.port"));
  options.otlp_http_port = static_cast<std::uint16_t>(config.number("otlp.http_port"));
  options.otlp_grpc_port = static_cast<std::uint16_t>(config.number("otlp.grpc_port"));
  options.calls.message_bytes_max = config.size("limits.grpc_message");
  options.calls.age_max = config.duration("otlp.grpc_age_max");
  options.hosts = config.list("http.hosts");
  options.cors_origins = config.list("http.cors_origins");
  options.access = access_settings(config);
  options.redaction = redaction_settings(config);
  for (const ConfigWarning& warning : config.warnings()) {
    options.ignored_settings.push_back(warning.setting);
  }
  options.workers = config.number("workers");
  options.storage_path = config.text("storage.path");
  options.state_path = config.text("state.path");
  options.tombstone_age = config.duration("rules.tombstone_age");
  options.rules_max = config.number("limits.rules");
  options.rule_bytes_max = config.size("limits.rule_bytes");
  options.rule_group = *control::parse_rule_group(config.text("rule_group"));
  options.metric_rules_max = config.number("metrics.rules_max");
  options.grace = config.duration("shutdown.grace");
  options.memory_bytes_max = config.size("limits.memory");
  options.http_body_bytes_max = config.size("limits.http_body");
  options.span_limits = span_limits(config);
  options.server = server_limits(config);
  options.engine = engine_options(config);
  options.account.evidence_interval = config.duration("evidence.interval");
  options.log.group_time = config.duration("log.group_time");
  options.log.pending_records_max = config.number("log.pending");
  options.log.generation_bytes_max = config.size("log.generation_bytes");
  options.log.generation_age_max = config.duration("log.generation_age");
  options.log.bytes_max = config.size("log.max_bytes");
  options.log.age_max = config.duration("log.max_age");
  options.log.replica = config.text("replica_id");
  options.log.evidence_key_file = config.text("evidence.key_file");
  options.log.record_keys = record_keys(config);
  options.log.is_insecure = options.access.rules.mode == api::AuthMode::Insecure;
  options.witness_path = config.text("evidence.witness_dir");
  options.api = api_options(config);
  options.api.auth = api::name_of(options.access.rules.mode);
  options.api.is_metrics_public = config.boolean("metrics.public");
  options.exported = export_settings(config, [](std::string_view, const std::string&) {});
  options.notified = notification_settings(config, [](std::string_view, const std::string&) {});
  options.is_traced = config.boolean("tracing.enabled");
  options.is_exporter_required = config.boolean("ready.require_exporter");
  share_memory(&options);
  if (const std::string& path = config.text("rules.bootstrap_file"); !path.empty()) {
    auto text = read_text_file(path, storage::kRuleDocumentBytesMax);
    if (!text) {
      return fail(ErrorCode::InvalidArgument, "rules.bootstrap_file: " + text.error().message);
    }
    options.bootstrap_document = std::move(*text);
    options.bootstrap_name = path;
  }
  return options;
}

telemetry::LogOptions log_options(const Config& config) {
  telemetry::LogOptions options;
  options.level = *telemetry::parse_log_level(config.text("logging.level"));
  options.format = *telemetry::parse_log_format(config.text("logging.format"));
  return options;
}

constexpr std::string_view kWayBack =
    "; nothing was changed: run the version that wrote it, or restore a backup into an empty "
    "folder";

int exit_code_of(const Error& error) noexcept {
  switch (error.code) {
    case ErrorCode::InvalidArgument:
      return kExitUsage;
    case ErrorCode::FailedPrecondition:
      return kExitInUse;
    case ErrorCode::Unsupported:
      return kExitNewerFormat;
    default:
      return kExitFailed;
  }
}

int run_serve(const Config& config, const ConfigReload::Read& read, bool discards_spans,
              StopSignal& stop, std::ostream& err) {
  hide_memory();
  telemetry::Logger log(log_options(config));
  for (const ConfigWarning& warning : config.warnings()) log.warn(warning.text);
  auto options = service_options(config);
  if (!options) {
    fmt::print(err, "config error: {}\n", options.error().message);
    return exit_code_of(options.error());
  }
  options->discards_spans = discards_spans;
  auto service = Service::start(std::move(*options), log);
  if (!service) {
    const int code = exit_code_of(service.error());
    fmt::print(err, "betrace: {}{}\n", service.error().message,
               code == kExitNewerFormat ? kWayBack : "");
    return code;
  }
  ConfigReload reload(config, read, **service, log);
  SignalSeen seen = SignalSeen::None;
  while (seen != SignalSeen::Stop) {
    seen = stop.wait_for(kSignalPoll);
    if (seen == SignalSeen::Reload) reload.run();
  }
  stop.release();
  return (*service)->stop() ? kExitDone : kExitFailed;
}

}  // namespace betrace::app
