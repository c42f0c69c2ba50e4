// A running BeTrace: doors, engine, stores and API, made in a readable order and ended backwards.
//
// `serve` and `demo --serve` start one from the configuration; tests start one directly. Reads no
// configuration and no signals.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "betrace/account/clerk.h"
#include "betrace/api/services.h"
#include "betrace/app/access_settings.h"
#include "betrace/app/export_settings.h"
#include "betrace/app/redaction_settings.h"
#include "betrace/base/result.h"
#include "betrace/control/rule_group.h"
#include "betrace/engine/engine.h"
#include "betrace/http/call_limits.h"
#include "betrace/http/route_table.h"
#include "betrace/http/server_limits.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/log.h"

namespace betrace::app {

/// Everything that a service is told. Defaults are those of `betrace serve`.
struct ServiceOptions {
  std::vector<std::string> addresses{"127.0.0.1", "::1"};
  std::uint16_t http_port = 12011;
  std::uint16_t otlp_http_port = 4318;  ///< 0 = off.
  std::uint16_t otlp_grpc_port = 4317;  ///< 0 = off.
  std::size_t workers = 2;
  std::string storage_path = "./data/rules";
  std::string state_path;    ///< Empty: `.betrace` below storage_path.
  std::string witness_path;  ///< `evidence.witness_dir`; empty: checkpoints are not written.
  /// Rules that are stored if the store is empty: the text of a document, and its name for errors.
  std::string bootstrap_document;
  std::string bootstrap_name;
  std::size_t rules_max = 1'000;
  std::size_t rule_bytes_max = rules::kRuleBytesMax;
  control::RuleGroup rule_group;  ///< `rule_group`
  std::size_t metric_rules_max = 1'000;
  std::chrono::milliseconds tombstone_age{std::chrono::hours(30 * 24)};  ///< Of deleted rules.
  std::chrono::milliseconds grace{25'000};
  std::uint64_t memory_bytes_max = 0;  ///< `limits.memory`; 0 = not watched.
  std::size_t http_body_bytes_max = 20 * 1024 * 1024;
  http::CallLimits calls;          ///< Of OTLP/gRPC.
  std::vector<std::string> hosts;  ///< Accepted besides loopback names, if nobody else can connect.
  std::vector<std::string> cors_origins;
  AccessSettings access;
  RedactionSettings redaction;
  std::vector<std::string> ignored_settings;  ///< Given, and without effect; shown on /ready.
  otlp::ReaderLimits span_limits;
  http::ServerLimits server;
  engine::EngineOptions engine;
  storage::ViolationLogOptions log;        ///< Its path and publish are set here.
  account::ClerkOptions account;           ///< How often the account is written.
  api::ApiOptions api;                     ///< Its start time is set here.
  std::optional<ExportSettings> exported;  ///< Nothing: violations are not exported.
  bool is_traced = false;                  ///< `tracing.enabled`; counts only if `exported`.
  std::vector<NotificationSettings> notified;
  bool is_exporter_required = false;  ///< A dead exporter makes the process unready.
  /// The OTLP doors answer that all spans are taken, and drop them unread: for benchmarks, which
  /// learn what a door alone costs. Logged and warned of in /ready.
  bool discards_spans = false;
};

/// Not thread-safe.
class Service {
 public:
  /// Runs the start-up steps in order; the first that fails ends it, with everything before it
  /// undone. Error FailedPrecondition: the state directory is in use (exit 75). Unsupported: a
  /// store of a newer format (exit 78). Others: exit 1; the message says which step.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(ServiceOptions options,
                                                              telemetry::Logger& log);
  /// Ends without grace.
  ~Service();

  /// Reads keys and certificates again if their files have changed. Thread-safe.
  void reload();
  /// From now on violations show and hide what `redaction` says. An error changes nothing.
  Result<void> use(const RedactionSettings& redaction);

  /// The orderly end: refuse, decide what is open, commit. Returns false if something had to be
  /// left undecided.
  bool stop();

  [[nodiscard]] std::uint16_t http_port() const noexcept;
  [[nodiscard]] std::uint16_t otlp_http_port() const noexcept;
  [[nodiscard]] std::uint16_t otlp_grpc_port() const noexcept;
  /// Every route of the two HTTP listeners, the second being OTLP alone; for tests that must meet
  /// them all.
  [[nodiscard]] const std::vector<http::RouteTable>& tables() const noexcept;

 private:
  class Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace betrace::app
