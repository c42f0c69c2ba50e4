#include "betrace/app/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "betrace/app/service_parts.h"
#include "betrace/base/version.h"
#include "betrace/control/rule_import.h"
#include "betrace/exporter/curl_sink.h"
#include "betrace/exporter/otlp_form.h"
#include "betrace/storage/rule_document.h"

namespace betrace::app {
namespace {

using telemetry::MetricId;

// They are no evidence, and violations wait for the same receiver.
constexpr std::chrono::milliseconds kOwnTracesGrace{1'000};

control::ChangeContext bootstrap_context(UnixNanos now) {
  control::ChangeContext context;
  context.actor = "bootstrap";
  context.source = control::ChangeSource::CommandLine;
  context.now = now;
  return context;
}

}  // namespace

Result<void> Service::Parts::start() {
  struct Step {
    std::string_view name;
    Result<void> (Parts::*run)();
    std::string_view remedy = {};  // what to do if the machine refuses
  };
  static constexpr Step kSteps[] = {
      {"rule directory", &Parts::open_rules,
       "; --storage-path or BETRACE_STORAGE_PATH names another directory"},
      {"violation log", &Parts::open_log},
      {"credentials", &Parts::read_credentials},
      {"redaction", &Parts::read_redaction},
      {"account", &Parts::open_account},
      {"engine", &Parts::make_engine},
      {"rules", &Parts::activate_rules},
      {"first rules", &Parts::load_bootstrap_rules},
      {"metrics", &Parts::export_metrics},
      {"own traces", &Parts::start_tracing},
      {"export", &Parts::start_export},
      {"notifications", &Parts::start_notifications},
      {"checkpoints", &Parts::start_checkpoints},
      {"rule watcher", &Parts::watch_rules},
      {"doors", &Parts::open_doors, "; stop what listens there, or choose another port"},
  };
  options_.api.started = read_clocks();
  for (const Step& step : kSteps) {
    if (auto done = (this->*step.run)(); !done) {
      const ErrorCode code = done.error().code;
      const bool is_machine = code == ErrorCode::StorageFailed || code == ErrorCode::Unavailable;
      return fail(code, fmt::format("{}: {}{}", step.name, done.error().message,
                                    is_machine ? step.remedy : ""));
    }
    log_.debug("started", {{"step", step.name}});
  }
  readiness_.set_phase(telemetry::Phase::Serving);
  log_.info("serving", {{"version", version()},
                        {"http_port", http_port_},
                        {"otlp_http_port", otlp_http_port_},
                        {"otlp_grpc_port", otlp_grpc_port_},
                        {"rules", active_.current()->rules().size()},
                        {"signing", is_signing() ? "on" : "unsigned"},
                        {"storage_path", options_.storage_path}});
  return {};
}

Result<void> Service::Parts::open_rules() {
  storage::RuleStoreOptions options;
  options.path = options_.storage_path;
  auto opened = storage::RuleStore::open(std::move(options));
  if (!opened) return fail(opened.error().code, "storage.path: " + opened.error().message);
  rules_ = std::move(*opened);
  return {};
}

Result<void> Service::Parts::open_log() {
  storage::ViolationLogOptions options = options_.log;
  options.path = state_path();
  options.has_sink = options_.exported.has_value();
  options.publish = [this](std::span<const storage::CommittedRecord> records) { count(records); };
  auto opened = storage::ViolationLog::open(std::move(options));
  if (!opened) return fail(opened.error());
  violations_ = std::move(*opened);
  report_signing();
  return {};
}

Result<void> Service::Parts::read_credentials() { return access_files_.load(state_path()); }

Result<void> Service::Parts::use(const RedactionSettings& redaction) {
  auto made = make_redaction(redaction, state_path());
  if (!made) return fail(std::move(made).error());
  const engine::RedactionPtr policy = *std::move(made);
  if (policy->id() == active_.current()->redaction()->id()) return {};
  active_.use(policy);
  log_.info("violations show and hide attributes by these lists",
            {{"redaction", policy->id()},
             {"allow", policy->lists().allow.size()},
             {"deny", policy->lists().deny.size()}});
  return {};
}

Result<void> Service::Parts::open_account() {
  account::ClerkServices services{
      *violations_, metrics_,
      [this] { return engine_ ? engine_->statistics() : engine::ShardStatistics(); }};
  clerk_ = std::make_unique<account::Clerk>(options_.account, std::move(services), read_clocks());
  return {};
}

Result<void> Service::Parts::make_engine() {
  engine::EngineOptions options = options_.engine;
  if (options_.memory_bytes_max != 0) {
    options.is_memory_short = [this, soft = soft_memory()] {
      return resident_memory_.bytes(read_clocks().monotonic) > soft;
    };
  }
  engine::ShardHooks hooks;
  hooks.suppressed = [this](const engine::SuppressionSummary& summary) {
    violations_->record_gap(
        {"suppressed", summary.rule_id, summary.count, summary.since, summary.until});
    log_.warn("violations held back by the noise bound",
              {{"rule_id", summary.rule_id}, {"count", summary.count}});
  };
  hooks.quarantined = [this](const std::string& rule_id) {
    log_.error("a rule spent its step budget too often and is no longer evaluated",
               {{"rule_id", rule_id}});
  };
  hooks.sampled = [this](const engine::EvaluationSample& sample) { note(sample); };
  options.shards = options_.workers;
  engine_ = std::make_unique<engine::Engine>(std::move(options), active_, *violations_, hooks);
  engine_->start();
  sink_ = std::make_unique<account::SampledSink>(*engine_, attributes_);
  return {};
}

Result<void> Service::Parts::activate_rules() {
  control::RuleControlOptions options;
  options.rules_max = options_.rules_max;
  options.rule_bytes_max = options_.rule_bytes_max;
  options.group = options_.rule_group;
  options.record = [this](std::span<const storage::RuleChangeRecord> changes) {
    return violations_->append_rule_changes(changes);
  };
  options.activated = [this](const control::LoadedRules& loaded) { rules_activated(loaded); };
  control_ = std::make_unique<control::RuleControl>(*rules_, active_, std::move(options));
  auto recorded = violations_->recorded_rules();
  if (!recorded) return fail(recorded.error());
  if (auto done = control_->start(*recorded, read_clocks().wall); !done) return done;
  return {};
}

Result<void> Service::Parts::load_bootstrap_rules() {
  if (options_.bootstrap_document.empty() || !control_->rules()->rules.empty()) return {};
  const std::string& name = options_.bootstrap_name;
  auto document =
      storage::read_rule_document(options_.bootstrap_document, storage::rule_format_of(name));
  if (!document) {
    return fail(document.error().code, fmt::format("{}: {}", name, document.error().message));
  }
  std::vector<control::ImportEntry> entries;
  for (storage::RuleEntry& entry : *document) {
    entries.push_back(control::to_import_entry(std::move(entry)));
  }
  const auto report =
      control_->import(std::move(entries), {}, bootstrap_context(read_clocks().wall));
  if (!report) {
    return fail(ErrorCode::StorageFailed, fmt::format("{}: {}", name, report.error().message));
  }
  if (!report->errors.empty()) {
    const control::ImportError& first = report->errors.front();
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{}: rule {}: {}", name, first.rule_id, first.refusal.message));
  }
  return {};
}

Result<void> Service::Parts::start_export() {
  if (!options_.exported) return {};
  ExportSettings& settings = *options_.exported;
  metrics_.set(MetricId::ExportBacklogCapacityBytes,
               static_cast<double>(settings.exporter.limits.backlog_bytes_max));
  auto sink = exporter::make_curl_sink(std::move(settings.sink));
  if (!sink) return fail(sink.error());
  const exporter::ExporterServices services{*violations_, metrics_, readiness_, log_};
  auto form = std::make_unique<exporter::OtlpForm>(std::move(settings.spans));
  exporter_ = std::make_unique<exporter::Exporter>(std::move(settings.exporter), services,
                                                   std::move(form), *std::move(sink));
  exporter_->start();
  return {};
}

// Before the export, which takes the settings over.
Result<void> Service::Parts::start_tracing() {
  if (!options_.exported || !options_.is_traced) return {};
  const ExportSettings& settings = *options_.exported;
  auto sink = exporter::make_curl_sink(settings.sink);
  if (!sink) return fail(sink.error());
  exporter::OwnTracesOptions options;
  options.spans = settings.spans;
  options.batch_spans_max = settings.exporter.limits.batch_records_max;
  options.queue_spans_max = settings.exporter.limits.queue_records_max;
  options.schedule_delay = settings.exporter.limits.schedule_delay;
  own_traces_ =
      std::make_unique<exporter::OwnTraces>(std::move(options), *std::move(sink), metrics_, log_);
  own_traces_->start();
  tracer_ = std::make_unique<RequestTracer>(
      [this](exporter::OwnSpan span) { own_traces_->add(std::move(span)); }, read_clocks);
  observer_.trace_by(tracer_.get());
  return {};
}

Result<void> Service::Parts::start_checkpoints() {
  Checkpointer::Send send;
  if (exporter_ != nullptr) {
    send = [this](const evidence::CommitEnvelope& envelope) { exporter_->checkpoint(envelope); };
  }
  checkpoints_ = std::make_unique<Checkpointer>(*violations_, options_.witness_path,
                                                std::move(send), log_, read_clocks().monotonic);
  return {};
}

Result<void> Service::Parts::start_notifications() {
  const exporter::ExporterServices services{*violations_, metrics_, readiness_, log_};
  for (NotificationSettings& settings : options_.notified) {
    auto sink = exporter::make_curl_sink(std::move(settings.sink));
    if (!sink) return fail(sink.error());
    notifiers_.push_back(std::make_unique<exporter::Exporter>(
        std::move(settings.exporter), services, std::move(settings.form), *std::move(sink)));
    notifiers_.back()->start();
  }
  return {};
}

// Leaves the log a tenth of the time for its last commit.
std::uint64_t Service::Parts::drain_export(std::chrono::milliseconds left) {
  std::vector<exporter::Exporter*> all;
  if (exporter_ != nullptr) all.push_back(exporter_.get());
  for (const auto& notifier : notifiers_) all.push_back(notifier.get());
  if (all.empty()) return 0;
  const auto started = read_clocks().monotonic;
  static_cast<void>(violations_->flush(left));  // what cannot be committed is not exported either
  const auto used =
      std::chrono::duration_cast<std::chrono::milliseconds>(read_clocks().monotonic - started);
  const auto grace = std::max(left * 9 / 10 - used, std::chrono::milliseconds(0));
  for (exporter::Exporter* each : all) each->begin_stop(grace);
  std::uint64_t unexported = 0;
  for (exporter::Exporter* each : all) unexported += each->finish_stop();
  return unexported;
}

bool Service::Parts::stop() {
  readiness_.set_phase(telemetry::Phase::Stopping);
  const auto started = read_clocks().monotonic;
  const auto left = [this, started] {
    const auto used =
        std::chrono::duration_cast<std::chrono::milliseconds>(read_clocks().monotonic - started);
    return used < options_.grace ? options_.grace - used : std::chrono::milliseconds(0);
  };
  const bool decided = engine_->drain(left());
  if (!decided) {
    log_.warn("the grace period ended with traces undecided", {{"traces", engine_->undecided()}});
  }
  watcher_.reset();
  server_->stop(left());
  metrics_.set(MetricId::ShutdownUndecided, static_cast<double>(engine_->undecided()));
  clerk_->finish(read_clocks(), engine_->undecided());
  checkpoints_->publish(read_clocks().monotonic);
  if (own_traces_ != nullptr) own_traces_->stop(std::min(left(), kOwnTracesGrace));
  const std::uint64_t unexported = drain_export(left());
  clerk_->advance(read_clocks());  // a long drain is minutes too
  const auto committed = violations_->stop(left());
  checkpoints_->publish(read_clocks().monotonic);  // of the `stop` record
  if (!committed) log_.error("violations were lost", {{"reason", committed.error().message}});
  log_.info("stopped",
            {{"undecided_traces", engine_->undecided()}, {"unexported_records", unexported}});
  return decided && committed.has_value();
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(ServiceOptions options, telemetry::Logger& log) {
  auto parts = std::make_unique<Parts>(std::move(options), log);
  if (auto started = parts->start(); !started) return fail(started.error());
  return std::unique_ptr<Service>(new Service(std::move(parts)));
}

bool Service::stop() { return parts_->stop(); }
void Service::reload() { parts_->reload(); }
Result<void> Service::use(const RedactionSettings& redaction) { return parts_->use(redaction); }
const std::vector<http::RouteTable>& Service::tables() const noexcept { return parts_->tables(); }
std::uint16_t Service::http_port() const noexcept { return parts_->http_port(); }
std::uint16_t Service::otlp_http_port() const noexcept { return parts_->otlp_http_port(); }
std::uint16_t Service::otlp_grpc_port() const noexcept { return parts_->otlp_grpc_port(); }

}  // namespace betrace::app
