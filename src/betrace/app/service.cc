#include "betrace/app/service.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "betrace/account/sampled_sink.h"
#include "betrace/api/access.h"
#include "betrace/api/document_routes.h"
#include "betrace/api/routes.h"
#include "betrace/app/access_files.h"
#include "betrace/app/checkpointer.h"
#include "betrace/app/discard.h"
#include "betrace/app/engine_metrics.h"
#include "betrace/app/http_observer.h"
#include "betrace/app/refusal_watch.h"
#include "betrace/app/rule_watcher.h"
#include "betrace/base/hex.h"
#include "betrace/base/version.h"
#include "betrace/control/rule_control.h"
#include "betrace/control/rule_import.h"
#include "betrace/engine/active_rules.h"
#include "betrace/exporter/curl_sink.h"
#include "betrace/exporter/exporter.h"
#include "betrace/exporter/otlp_form.h"
#include "betrace/http/server.h"
#include "betrace/ingest/health_calls.h"
#include "betrace/ingest/otlp_grpc_receiver.h"
#include "betrace/ingest/otlp_http_receiver.h"
#include "betrace/storage/rule_document.h"
#include "betrace/storage/rule_store.h"
#include "betrace/telemetry/process_metrics.h"
#include "betrace/telemetry/readiness.h"

namespace betrace::app {
namespace {

using telemetry::CheckState;
using telemetry::MetricId;
using telemetry::Readiness;

constexpr std::chrono::milliseconds kWatchInterval{1'000};
constexpr std::chrono::minutes kInsecureInterval{10};
constexpr std::chrono::hours kUnsignedInterval{1};
constexpr std::chrono::hours kCleanUpInterval{1};
constexpr std::chrono::minutes kSlowInterval{10};
// Refuse at this share of limits.memory, so that the rest is left for what was accepted.
constexpr double kSoftMemoryShare = 0.8;

std::uint64_t soft_memory(std::uint64_t memory_bytes_max) {
  return static_cast<std::uint64_t>(static_cast<double>(memory_bytes_max) * kSoftMemoryShare);
}

control::ChangeContext bootstrap_context(UnixNanos now) {
  control::ChangeContext context;
  context.actor = "bootstrap";
  context.source = control::ChangeSource::CommandLine;
  context.now = now;
  return context;
}

}  // namespace

/// The parts in the order in which they are made; members are destroyed backwards.
class Service::Parts {
 public:
  Parts(ServiceOptions options, telemetry::Logger& log)
      : options_(std::move(options)),
        log_(log),
        metrics_(options_.metric_rules_max),
        observer_(metrics_, log),
        readiness_(options_.is_exporter_required),
        access_(options_.access.rules, metrics_),
        access_files_(options_.access, access_, log),
        active_(options_.engine.shard.witness_attributes) {}

  Result<void> start();
  bool stop();
  void reload() { access_files_.look(); }

  [[nodiscard]] const std::vector<http::RouteTable>& tables() const noexcept { return tables_; }
  [[nodiscard]] std::uint16_t http_port() const noexcept { return http_port_; }
  [[nodiscard]] std::uint16_t otlp_http_port() const noexcept { return otlp_http_port_; }
  [[nodiscard]] std::uint16_t otlp_grpc_port() const noexcept { return otlp_grpc_port_; }

 private:
  Result<void> open_rules();
  Result<void> open_log();
  Result<void> read_credentials();
  Result<void> open_account();
  Result<void> make_engine();
  Result<void> activate_rules();
  Result<void> load_bootstrap_rules();
  Result<void> watch_rules();
  Result<void> export_metrics();
  Result<void> start_export();
  Result<void> start_checkpoints();
  Result<void> start_notifications();
  Result<void> open_doors();
  Result<void> open_grpc_door();

  [[nodiscard]] std::string state_path() const {
    return options_.state_path.empty() ? options_.storage_path + "/.betrace" : options_.state_path;
  }
  Result<std::uint16_t> listen(std::uint16_t port, http::ErrorFormat format,
                               std::vector<http::Route> routes);
  void count(std::span<const storage::CommittedRecord> committed);
  void rules_activated(const control::LoadedRules& loaded);
  void note(const engine::EvaluationSample& sample);
  void warn_slow(const std::string& rule_id, double seconds);
  std::uint64_t drain_export(std::chrono::milliseconds left);
  void tend_stores();
  void clean_up_rules();
  void tend_memory();
  void tend_evidence();
  void warn_unsigned();
  void tend_access();
  void report_problems();
  void report_storage();
  void report_signing();
  [[nodiscard]] bool is_signing() const { return options_.log.record_keys.active.has_value(); }

  ServiceOptions options_;
  telemetry::Logger& log_;
  telemetry::Metrics metrics_;
  HttpObserver observer_;
  telemetry::Readiness readiness_;
  api::Access access_;
  AccessFiles access_files_;
  std::optional<MonotonicTime> told_insecure_;  // touched by tend_access() only
  MonotonicTime told_unsigned_;                 // touched before and by tend_evidence() only
  std::optional<MonotonicTime> cleaned_up_;     // touched by clean_up_rules() only
  std::mutex told_slow_mutex_;
  std::map<std::string, MonotonicTime> told_slow_;  // rule ids; at most all of an interval
  telemetry::ResidentMemory resident_memory_;
  engine::ActiveRules active_;
  std::set<std::string> registered_;  // rule ids with series; touched by rules_activated() only
  std::map<std::string, std::string> problems_;  // file or rule -> reason; as logged last
  std::string directory_problem_;                // why the last look failed; empty if it did not
  std::unique_ptr<storage::RuleStore> rules_;
  std::unique_ptr<account::Clerk> clerk_;  // the log tells it of what is committed
  std::unique_ptr<storage::ViolationLog> violations_;
  std::unique_ptr<engine::Engine> engine_;
  account::AttributeSample attributes_;
  std::unique_ptr<account::SampledSink> sink_;  // the door of the engine
  std::unique_ptr<control::RuleControl> control_;
  std::unique_ptr<exporter::Exporter> exporter_;
  std::vector<std::unique_ptr<exporter::Exporter>> notifiers_;  // webhook, Alertmanager
  std::unique_ptr<Checkpointer> checkpoints_;
  std::unique_ptr<RuleWatcher> watcher_;
  std::vector<http::RouteTable> tables_;
  std::unique_ptr<http::Server> server_;
  std::uint16_t http_port_ = 0;
  std::uint16_t otlp_http_port_ = 0;
  std::uint16_t otlp_grpc_port_ = 0;
};

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
      {"account", &Parts::open_account},
      {"engine", &Parts::make_engine},
      {"rules", &Parts::activate_rules},
      {"first rules", &Parts::load_bootstrap_rules},
      {"metrics", &Parts::export_metrics},
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
    options.is_memory_short = [this, soft = soft_memory(options_.memory_bytes_max)] {
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

Result<void> Service::Parts::watch_rules() {
  report_problems();
  report_storage();
  watcher_ = std::make_unique<RuleWatcher>(options_.storage_path, kWatchInterval, [this] {
    tend_memory();
    tend_stores();
    tend_evidence();
    clean_up_rules();
    tend_access();
  });
  return {};
}

// The allocator keeps what was freed. Without this, ingest that is refused for memory would stay
// refused after everything is judged.
void Service::Parts::tend_memory() {
  if (options_.memory_bytes_max == 0) return;
  if (telemetry::resident_memory_bytes() > soft_memory(options_.memory_bytes_max)) malloc_trim(0);
}

// A checkpoint follows each coverage record, which is committed by the next turn.
void Service::Parts::tend_evidence() {
  const Now now = read_clocks();
  checkpoints_->tend(now.monotonic);
  if (clerk_->advance(now)) checkpoints_->make_due();
  if (is_signing() || now.monotonic < told_unsigned_ + kUnsignedInterval) return;
  told_unsigned_ = now.monotonic;
  warn_unsigned();
}

void Service::Parts::warn_unsigned() {
  log_.warn("records are unsigned: signature_key is not set");
}

void Service::Parts::tend_access() {
  access_files_.look();
  if (options_.access.rules.mode != api::AuthMode::Insecure) return;
  const MonotonicTime now = read_clocks().monotonic;
  if (told_insecure_ && now - *told_insecure_ < kInsecureInterval) return;
  told_insecure_ = now;
  log_.warn("everything is open to everybody who can connect: insecure is set");
}

void Service::Parts::clean_up_rules() {
  const MonotonicTime now = read_clocks().monotonic;
  if (cleaned_up_ && now - *cleaned_up_ < kCleanUpInterval) return;
  cleaned_up_ = now;
  const auto removed = rules_->clean_up(options_.tombstone_age);
  if (!removed) {
    log_.warn("files of deleted rules stay", {{"reason", removed.error().message}});
  } else if (*removed != 0) {
    log_.info("files of rules deleted long ago are removed", {{"count", *removed}});
  }
}

void Service::Parts::tend_stores() {
  if (rules_->status().is_read_only && rules_->probe()) log_.info("rules can be written again");
  const auto done = control_->refresh(read_clocks().wall);
  const std::string reason = done ? "" : done.error().message;
  if (reason != directory_problem_ && !reason.empty()) {
    log_.warn("the rule directory cannot be read", {{"reason", reason}});
  }
  directory_problem_ = reason;
  report_problems();
  report_storage();
}

// Each problem is logged when it comes up, not at every look.
void Service::Parts::report_problems() {
  std::map<std::string, std::string> problems;
  std::set<std::string> damaged;
  for (const storage::RuleProblem& problem : rules_->snapshot()->problems) {
    const std::string subject = "file " + problem.file;
    const bool is_aside = !problem.quarantined_as.empty();
    const std::string aside = is_aside ? "; set aside as " + problem.quarantined_as : "";
    problems.emplace(subject, problem.message + aside);
    if (is_aside) damaged.insert(subject);
  }
  const control::LoadedRulesPtr loaded = control_->rules();
  for (const control::LoadedRulePtr& rule : loaded->rules) {
    if (!rule->problem.empty()) problems.emplace("rule " + rule->rule.id, rule->problem);
  }
  for (const auto& [subject, reason] : problems) {
    const auto known = problems_.find(subject);
    if (known != problems_.end() && known->second == reason) continue;
    if (damaged.contains(subject)) {
      log_.error("not in force", {{"subject", subject}, {"reason", reason}});
    } else {
      log_.warn("not in force", {{"subject", subject}, {"reason", reason}});
    }
  }
  problems_ = std::move(problems);
  if (const std::size_t invalid = loaded->invalid_count(); invalid == 0) {
    readiness_.set(Readiness::kRuleEngine, CheckState::Ok);
  } else {
    readiness_.set(Readiness::kRuleEngine, CheckState::Degraded,
                   fmt::format("{} invalid", invalid));
  }
}

void Service::Parts::report_storage() {
  const storage::RuleStoreStatus rules = rules_->status();
  const storage::ViolationLogStatus log = violations_->status();
  const std::size_t quarantined = rules.quarantined + log.quarantined;
  if (!directory_problem_.empty()) {
    readiness_.set(Readiness::kStorage, CheckState::Error, directory_problem_);
  } else if (rules.is_read_only) {
    readiness_.set(Readiness::kStorage, CheckState::Error, rules.reason);
  } else if (log.is_failing) {
    readiness_.set(Readiness::kStorage, CheckState::Error, log.reason);
  } else if (quarantined != 0) {
    readiness_.set(Readiness::kStorage, CheckState::Degraded,
                   fmt::format("{} quarantined", quarantined));
  } else {
    readiness_.set(Readiness::kStorage, CheckState::Ok);
  }
  readiness_.warn("corrupt_file_quarantined", quarantined != 0);
  readiness_.warn("log_on_network_fs", log.is_on_network);
  readiness_.warn("log_removed_unexported", log.has_removed_unexported);
}

Result<void> Service::Parts::export_metrics() {
  const api::AuthMode mode = options_.access.rules.mode;
  for (const std::string& name : options_.ignored_settings) {
    readiness_.warn("ignored_setting:" + name);
  }
  readiness_.warn("auth_off", mode == api::AuthMode::Off);
  readiness_.warn("auth_bootstrap", mode == api::AuthMode::Bootstrap);
  readiness_.warn("auth_insecure", mode == api::AuthMode::Insecure);
  readiness_.warn("plaintext_listener",
                  !options_.access.is_loopback_only && access_files_.tls() == nullptr);
  const bool is_enforced = mode == api::AuthMode::On || mode == api::AuthMode::Bootstrap;
  metrics_.set(MetricId::AuthEnabled, is_enforced ? 1 : 0);
  metrics_.set(MetricId::AuthBootstrap, mode == api::AuthMode::Bootstrap ? 1 : 0);
  metrics_.set(MetricId::AuthInsecure, mode == api::AuthMode::Insecure ? 1 : 0);
  readiness_.warn("signing_off", !is_signing());
  metrics_.set(MetricId::SigningEnabled, is_signing() ? 1 : 0);
  telemetry::export_process_metrics(metrics_);
  metrics_.set(MetricId::BuildInfo, {version(), "unknown"}, 1);
  metrics_.on_render([this](telemetry::Metrics& metrics) {
    set_engine_metrics(engine_->statistics(), metrics);
    set_storage_metrics(rules_->status(), violations_->status(), metrics);
    metrics.set(MetricId::EvidenceCheckpointAgeSeconds,
                std::chrono::duration<double>(checkpoints_->age(read_clocks().monotonic)).count());
  });
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

Result<void> Service::Parts::start_checkpoints() {
  Checkpointer::Send send;
  if (exporter_ != nullptr) {
    send = [this](const evidence::CommitEnvelope& envelope) { exporter_->checkpoint(envelope); };
  }
  checkpoints_ = std::make_unique<Checkpointer>(*violations_, options_.witness_path,
                                                std::move(send), log_, read_clocks().monotonic);
  return {};
}

// Who seals the log is said at each start, and loudly when the key was made just now.
void Service::Parts::report_signing() {
  const evidence::RingKey key = violations_->key_ring().keys.back();
  const std::string fingerprint = to_hex(evidence::fingerprint_of(key.key));
  const bool is_new = violations_->status().has_new_key;
  log_.log(is_new ? telemetry::LogLevel::Warn : telemetry::LogLevel::Info,
           is_new ? "a key that seals the log was made; hand its fingerprint to who verifies"
                  : "the log is sealed",
           {{"kid", key.kid()}, {"fingerprint", fingerprint}});
  if (is_signing()) return;
  told_unsigned_ = read_clocks().monotonic;
  warn_unsigned();
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

Result<std::uint16_t> Service::Parts::listen(std::uint16_t port, http::ErrorFormat format,
                                             std::vector<http::Route> routes) {
  http::RouteTable table;
  table.add(std::move(routes));
  http::ListenerOptions listener;
  listener.addresses = options_.addresses;
  listener.port = port;
  listener.threads = options_.workers;
  listener.error_format = std::move(format);
  if (options_.access.is_loopback_only) listener.hosts = options_.hosts;
  listener.cors_origins = options_.cors_origins;
  listener.key_header = options_.access.rules.key_header;
  listener.tls = access_files_.tls();
  listener.authorize = [this](http::RequestHead& head, const http::Route* route) {
    return access_.authorize(head, route);
  };
  tables_.push_back(table);
  return server_->listen(std::move(listener), std::move(table));
}

Result<void> Service::Parts::open_doors() {
  server_ = std::make_unique<http::Server>(options_.server, &observer_);
  api::ApiServices services{.rules = *control_,
                            .violations = *violations_,
                            .spans = *sink_,
                            .metrics = metrics_,
                            .readiness = readiness_,
                            .attributes = attributes_,
                            .statistics = [this] { return engine_->statistics(); }};
  services.seen_since = [this](const Now& now, std::chrono::nanoseconds window) {
    return clerk_->seen_since(now, window);
  };
  const ingest::SpansTaken taken = [this](std::string_view actor, std::string_view address,
                                          std::uint64_t spans) {
    access_.spans_taken(actor, address, spans);
  };
  services.spans_taken = taken;
  services.record_keys = options_.log.record_keys;
  services.rotate_key = [this](evidence::KeyStatus old) { return violations_->rotate_key(old); };
  services.checkpoints = [this](std::size_t offset, std::size_t limit) {
    return checkpoints_->page(offset, limit);
  };
  services.last_coverage = [this] { return clerk_->last_coverage(); };
  services.gaps_since = [this](const Now& now, std::chrono::nanoseconds window) {
    return clerk_->gaps_since(now, window);
  };
  if (exporter_ != nullptr) {
    services.resend = [this](storage::SequenceRange range) { exporter_->resend(range); };
  }
  options_.api.signing = is_signing() ? "on" : "off";
  options_.api.witness_path = options_.witness_path;
  ingest::OtlpHttpOptions otlp;
  otlp.body_bytes_max = options_.http_body_bytes_max;
  otlp.limits = options_.span_limits;
  otlp.taken = taken;
  otlp.run = http::RunOn::Pool;  // so that probes on the same port need not wait
  std::vector<http::Route> routes = api::api_routes(services, options_.api);
  observer_.on_refusal(refusal_watch(routes, clerk_->refusals()));
  observer_.on_denial(denial_watch(clerk_->refusals()));
  for (http::Route& route : ingest::otlp_http_routes(*sink_, metrics_, otlp)) {
    if (route.path == "/v1/traces") routes.push_back(std::move(route));
  }
  api::add_document_routes(&routes);
  if (options_.discards_spans) {
    discard_spans(&routes);
    readiness_.warn("spans_discarded");
    log_.warn("all spans are dropped unread, nothing is judged: --discard is for benchmarks");
  }
  auto port = listen(options_.http_port, http::json_error, std::move(routes));
  if (!port) return fail(port.error().code, "http.port: " + port.error().message);
  http_port_ = *port;
  if (options_.otlp_http_port != 0) {
    otlp.run = http::RunOn::Inline;
    routes = ingest::otlp_http_routes(*sink_, metrics_, otlp);
    if (options_.discards_spans) discard_spans(&routes);
    port = listen(options_.otlp_http_port, ingest::otlp_error, std::move(routes));
    if (!port) return fail(port.error().code, "otlp.http_port: " + port.error().message);
    otlp_http_port_ = *port;
  }
  if (auto opened = open_grpc_door(); !opened) return opened;
  server_->start();
  return {};
}

Result<void> Service::Parts::open_grpc_door() {
  if (options_.otlp_grpc_port == 0) return {};
  http::CallListenerOptions listener;
  listener.addresses = options_.addresses;
  listener.port = options_.otlp_grpc_port;
  listener.threads = options_.workers;
  listener.limits = options_.calls;
  listener.retry_later = ingest::otlp_retry_later;
  listener.tls = access_files_.tls();
  listener.authorize = [this](http::CallHead& head, const http::CallMethod& method) {
    return access_.authorize(head, method);
  };
  http::CallTable calls;
  auto receive = ingest::otlp_grpc_export(
      *sink_, metrics_, options_.span_limits,
      [this](std::string_view actor, std::string_view address, std::uint64_t spans) {
        access_.spans_taken(actor, address, spans);
      });
  if (options_.discards_spans) discard_spans(&receive);
  calls.add(std::move(receive));
  calls.add(ingest::health_calls(readiness_));
  const auto port = server_->listen_for_calls(std::move(listener), std::move(calls));
  if (!port) return fail(port.error().code, "otlp.grpc_port: " + port.error().message);
  otlp_grpc_port_ = *port;
  return {};
}

void Service::Parts::count(std::span<const storage::CommittedRecord> committed) {
  for (const storage::CommittedRecord& each : committed) {
    const model::Violation& violation = each.record.violation;
    if (each.record.type != model::RecordType::Violation) continue;
    metrics_.add(MetricId::Violations,
                 {violation.rule_id, violation.rule_name, model::name_of(violation.severity)});
    clerk_->violation_recorded(violation);
  }
}

void Service::Parts::note(const engine::EvaluationSample& sample) {
  constexpr double kSlowSeconds = 0.01;
  const double seconds = std::chrono::duration<double>(sample.time).count();
  metrics_.observe(MetricId::RuleEvaluationDurationSeconds, seconds);
  metrics_.add(MetricId::RuleCpuSeconds, {sample.rule_id}, seconds * sample.weight);
  if (seconds <= kSlowSeconds) return;
  metrics_.add(MetricId::RuleSlowEvaluations, {sample.rule_id});
  warn_slow(std::string(sample.rule_id), seconds);
}

// Any shard may come. A slow rule is slow all the time: it is told of once in a while.
void Service::Parts::warn_slow(const std::string& rule_id, double seconds) {
  const MonotonicTime now = read_clocks().monotonic;
  {
    const std::lock_guard lock(told_slow_mutex_);
    std::erase_if(told_slow_,
                  [now](const auto& told) { return now - told.second >= kSlowInterval; });
    if (!told_slow_.emplace(rule_id, now).second) return;
  }
  log_.warn("an evaluation of a rule was slow", {{"rule_id", rule_id}, {"seconds", seconds}});
}

void Service::Parts::rules_activated(const control::LoadedRules& loaded) {
  std::set<std::string> present;
  std::size_t active = 0;
  for (const control::LoadedRulePtr& rule : loaded.rules) {
    present.insert(rule->rule.id);
    metrics_.register_rule(rule->rule.id, rule->rule.name, model::name_of(rule->rule.severity));
    if (rule->state() == control::RuleState::Active) ++active;
  }
  for (const std::string& id : registered_) {
    if (!present.contains(id)) metrics_.unregister_rule(id);
  }
  registered_ = std::move(present);
  clerk_->rules_changed(*active_.current(), read_clocks().wall);
  metrics_.set(MetricId::RulesActive, static_cast<double>(active));
  metrics_.set(MetricId::RulesLoaded, static_cast<double>(loaded.rules.size()));
  metrics_.set(MetricId::RuleLoadFailures, static_cast<double>(loaded.invalid_count()));
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
const std::vector<http::RouteTable>& Service::tables() const noexcept { return parts_->tables(); }
std::uint16_t Service::http_port() const noexcept { return parts_->http_port(); }
std::uint16_t Service::otlp_http_port() const noexcept { return parts_->otlp_http_port(); }
std::uint16_t Service::otlp_grpc_port() const noexcept { return parts_->otlp_grpc_port(); }

}  // namespace betrace::app
