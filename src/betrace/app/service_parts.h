// What `betrace serve` is made of: the state behind Service, for the service*.cc alone.
//
// service.cc makes and ends it, service_doors.cc opens its ports, service_upkeep.cc looks after it
// each second, service_metrics.cc tells of it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/account/sampled_sink.h"
#include "betrace/api/access.h"
#include "betrace/app/access_files.h"
#include "betrace/app/checkpointer.h"
#include "betrace/app/http_observer.h"
#include "betrace/app/request_tracer.h"
#include "betrace/app/rule_watcher.h"
#include "betrace/app/service.h"
#include "betrace/control/rule_control.h"
#include "betrace/engine/active_rules.h"
#include "betrace/exporter/exporter.h"
#include "betrace/exporter/own_traces.h"
#include "betrace/http/server.h"
#include "betrace/storage/rule_store.h"
#include "betrace/telemetry/process_metrics.h"
#include "betrace/telemetry/readiness.h"

namespace betrace::app {

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
        access_files_(options_.access, access_, log) {}

  Result<void> start();
  bool stop();
  void reload() { access_files_.look(); }
  Result<void> use(const RedactionSettings& redaction);

  [[nodiscard]] const std::vector<http::RouteTable>& tables() const noexcept { return tables_; }
  [[nodiscard]] std::uint16_t http_port() const noexcept { return http_port_; }
  [[nodiscard]] std::uint16_t otlp_http_port() const noexcept { return otlp_http_port_; }
  [[nodiscard]] std::uint16_t otlp_grpc_port() const noexcept { return otlp_grpc_port_; }

 private:
  Result<void> open_rules();
  Result<void> open_log();
  Result<void> read_credentials();
  Result<void> read_redaction() { return use(options_.redaction); }
  Result<void> open_account();
  Result<void> make_engine();
  Result<void> activate_rules();
  Result<void> load_bootstrap_rules();
  Result<void> watch_rules();
  Result<void> export_metrics();
  Result<void> start_export();
  Result<void> start_tracing();
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
  /// Ingest is refused from here on, so that the rest is left for what was accepted.
  [[nodiscard]] std::uint64_t soft_memory() const {
    return static_cast<std::uint64_t>(static_cast<double>(options_.memory_bytes_max) *
                                      kSoftMemoryShare);
  }
  [[nodiscard]] bool is_signing() const { return options_.log.record_keys.active.has_value(); }

  static constexpr double kSoftMemoryShare = 0.8;

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
  std::unique_ptr<exporter::OwnTraces> own_traces_;
  std::unique_ptr<RequestTracer> tracer_;
  std::vector<std::unique_ptr<exporter::Exporter>> notifiers_;  // webhook, Alertmanager
  std::unique_ptr<Checkpointer> checkpoints_;
  std::unique_ptr<RuleWatcher> watcher_;
  std::vector<http::RouteTable> tables_;
  std::unique_ptr<http::Server> server_;
  std::uint16_t http_port_ = 0;
  std::uint16_t otlp_http_port_ = 0;
  std::uint16_t otlp_grpc_port_ = 0;
};

}  // namespace betrace::app
