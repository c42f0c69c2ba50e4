#include "betrace/api/routes.h"

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "betrace/api/attributes_handler.h"
#include "betrace/api/audit_handler.h"
#include "betrace/api/evidence_handler.h"
#include "betrace/api/log_handler.h"
#include "betrace/api/reply.h"
#include "betrace/api/rule_trial_handler.h"
#include "betrace/api/rules_read_handler.h"
#include "betrace/api/rules_transfer_handler.h"
#include "betrace/api/rules_write_handler.h"
#include "betrace/api/service_handler.h"
#include "betrace/api/spans_handler.h"
#include "betrace/api/stats_handler.h"
#include "betrace/api/templates_handler.h"
#include "betrace/api/violations_handler.h"

namespace betrace::api {
namespace {

using http::RateClass;
using http::Role;
using http::RunOn;

// All handlers with what they borrow. Shared by the rows.
struct RestApi {
  RestApi(ApiServices given_services, ApiOptions given_options)
      : services(std::move(given_services)), options(std::move(given_options)) {}

  const ApiServices services;
  const ApiOptions options;
  const std::tuple<RulesReadHandler, RulesWriteHandler, RuleTrialHandler, RulesTransferHandler,
                   ViolationsHandler, SpansHandler, ServiceHandler, AuditHandler, StatsHandler,
                   EvidenceHandler, LogHandler, AttributesHandler, TemplatesHandler>
      handlers{RulesReadHandler(services, options),
               RulesWriteHandler(services, options),
               RuleTrialHandler(services, options),
               RulesTransferHandler(services, options),
               ViolationsHandler(services, options),
               SpansHandler(services, options),
               ServiceHandler(services, options),
               AuditHandler(services, options),
               StatsHandler(services, options),
               EvidenceHandler(services, options),
               LogHandler(services, options),
               AttributesHandler(services, options),
               TemplatesHandler(options)};
};

using RestApiPtr = std::shared_ptr<const RestApi>;

// A member function of one of the handlers, waiting for its object.
class Answer {
 public:
  template <typename Handler>
  Answer(Reply<http::Response> (Handler::*function)(const http::Request&,
                                                    const http::PathParameters&) const)
      : bind_([function](const RestApiPtr& api) {
          return as_handler(
              [api, function](const http::Request& request, const http::PathParameters& path) {
                return (std::get<Handler>(api->handlers).*function)(request, path);
              });
        }) {}

  [[nodiscard]] http::Handler bind(const RestApiPtr& api) const { return bind_(api); }

 private:
  std::function<http::Handler(const RestApiPtr&)> bind_;
};

// Who may call, at what rate, and what a body may be.
struct Guard {
  Role role;
  RateClass rate;
  std::size_t body_bytes_max = 0;
  std::vector<std::string> content_types = {"application/json"};
  std::string produces = "application/json";
  RunOn run = RunOn::Pool;
};

struct RouteRow {
  const char* method;
  const char* path;
  const Guard& guard;
  Answer answer;
};

// The guards by name, so that the list below reads as one.
struct Guards {
  explicit Guards(const ApiOptions& options)
      : rest(options.rest_body_bytes_max),
        import(options.import_body_bytes_max),
        scrape{options.is_metrics_public ? Role::Public : Role::Read, RateClass::None, 0, {}, ""} {}

  const std::size_t rest;
  const std::size_t import;
  const Guard probe{Role::Public, RateClass::None, 0, {}, "application/json", RunOn::Inline};
  const Guard scrape;
  const Guard open{Role::Public, RateClass::Read};
  const Guard read{Role::Read, RateClass::Read};
  const Guard follow{Role::Read, RateClass::Read, 0, {}, "text/event-stream"};
  const Guard write{Role::Write, RateClass::Write, rest};
  const Guard remove{Role::Write, RateClass::Write};
  const Guard patch{
      Role::Write, RateClass::Write, rest, {"application/merge-patch+json", "application/json"}};
  const Guard compute{Role::Read, RateClass::Compute, rest};
  const Guard trial{Role::Read, RateClass::Compute, import};
  const Guard upload{Role::Write,
                     RateClass::Write,
                     import,
                     {"application/json", "application/yaml", "application/x-yaml", "text/yaml",
                      "application/x-ndjson"}};
  const Guard download{Role::Read, RateClass::Compute, 0, {}, ""};
  const Guard audit{Role::Admin, RateClass::Read};
  const Guard manage{Role::Admin, RateClass::Write, rest};
  const Guard hand_over{Role::Admin, RateClass::Compute, 0, {}, ""};
  const Guard ingest{Role::Ingest, RateClass::Ingest, import};
};

std::vector<RouteRow> rows_of(const Guards& is) {
  return {
      {"GET", "/v1/rules", is.read, &RulesReadHandler::list},
      {"POST", "/v1/rules", is.write, &RulesWriteHandler::create},
      {"POST", "/v1/rules/validate", is.compute, &RuleTrialHandler::validate},
      {"POST", "/v1/rules/test", is.trial, &RuleTrialHandler::test},
      {"POST", "/v1/rules/import", is.upload, &RulesTransferHandler::import},
      {"GET", "/v1/rules/export", is.download, &RulesTransferHandler::export_all},
      {"GET", "/v1/rules/{id}", is.read, &RulesReadHandler::get},
      {"PUT", "/v1/rules/{id}", is.write, &RulesWriteHandler::replace},
      {"PATCH", "/v1/rules/{id}", is.patch, &RulesWriteHandler::patch},
      {"DELETE", "/v1/rules/{id}", is.remove, &RulesWriteHandler::remove},
      {"POST", "/v1/rules/{id}/enable", is.write, &RulesWriteHandler::enable},
      {"POST", "/v1/rules/{id}/disable", is.write, &RulesWriteHandler::disable},
      {"POST", "/v1/rules/{id}/undelete", is.write, &RulesWriteHandler::undelete},
      {"GET", "/v1/rules/{id}/history", is.read, &RulesReadHandler::history},
      {"POST", "/v1/spans", is.ingest, &SpansHandler::take},
      {"GET", "/v1/violations", is.read, &ViolationsHandler::list},
      {"GET", "/v1/violations/stream", is.follow, &ViolationsHandler::stream},
      {"POST", "/v1/violations/resend", is.manage, &ViolationsHandler::resend},
      {"GET", "/v1/violations/{id}", is.read, &ViolationsHandler::get},
      {"GET", "/v1/audit", is.audit, &AuditHandler::list},
      {"GET", "/v1/stats", is.read, &StatsHandler::stats},
      {"GET", "/v1/violations/{id}/evidence", is.read, &EvidenceHandler::of_violation},
      {"GET", "/v1/evidence", is.read, &EvidenceHandler::summary},
      {"GET", "/v1/evidence/keys", is.open, &EvidenceHandler::keys},
      {"POST", "/v1/evidence/keys/rotate", is.manage, &EvidenceHandler::rotate},
      {"GET", "/v1/evidence/checkpoints", is.read, &EvidenceHandler::checkpoints},
      {"GET", "/v1/evidence/checkpoints/latest", is.read, &EvidenceHandler::latest_checkpoint},
      {"GET", "/v1/evidence/export", is.hand_over, &EvidenceHandler::bundle},
      {"POST", "/v1/log/backup", is.manage, &LogHandler::back_up},
      {"GET", "/v1/limits", is.read, &ServiceHandler::limits},
      {"GET", "/v1/attributes", is.read, &AttributesHandler::list},
      {"GET", "/v1/templates", is.read, &TemplatesHandler::list},
      {"GET", "/health", is.probe, &ServiceHandler::health},
      {"GET", "/v1/health", is.probe, &ServiceHandler::health},
      {"GET", "/ready", is.probe, &ServiceHandler::ready},
      {"GET", "/v1/ready", is.probe, &ServiceHandler::ready},
      {"GET", "/metrics", is.scrape, &ServiceHandler::metrics},
  };
}

}  // namespace

std::vector<http::Route> api_routes(ApiServices services, ApiOptions options) {
  const RestApiPtr api = std::make_shared<const RestApi>(std::move(services), std::move(options));
  const Guards guards(api->options);
  std::vector<http::Route> routes;
  for (const RouteRow& row : rows_of(guards)) {
    const Guard& guard = row.guard;
    routes.push_back(http::Route{.method = row.method,
                                 .path = row.path,
                                 .role = guard.role,
                                 .handler = row.answer.bind(api),
                                 .body_bytes_max = guard.body_bytes_max,
                                 .rate = guard.rate,
                                 .run = guard.run,
                                 .content_types = guard.content_types,
                                 .produces = guard.produces});
  }
  return routes;
}

}  // namespace betrace::api
