#include "betrace/api/access.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "betrace/api/credential.h"
#include "betrace/otlp/export_response.h"

namespace betrace::api {
namespace {

using http::Role;
using telemetry::MetricId;

// The same for every reason, so that a stranger cannot tell a wrong key from an old one.
constexpr std::string_view kNeedsKey = "a valid credential is needed";
constexpr std::string_view kNeedsRole = "the credential lacks the role";
constexpr std::string_view kTooManyFailures = "too many failed credentials from this address";
constexpr std::string_view kOtlpPath = "/v1/traces";

constexpr std::string_view kTooManyRequests = "too many requests";
constexpr std::string_view kTooManySpans = "too many spans (ingest_rate)";
// Senders of telemetry are told to come back soon: they hold what they could not send.
constexpr std::uint32_t kIngestRetrySecondsMax = 10;

// The label `protocol` of the metrics.
std::string_view protocol_label(const http::RequestHead& head) {
  if (head.path != kOtlpPath) return "json";
  const std::string_view type = http::media_type(head.headers);
  return http::equal_ignoring_case(type, "application/json") ? "http_json" : "http_protobuf";
}

std::string_view client_of(std::string_view actor, std::string_view address) {
  return actor.empty() ? address : actor;
}

http::Problem access_problem(int status, std::string_view code, std::string_view message) {
  http::Problem problem;
  problem.status = status;
  problem.code = code;
  problem.message = message;
  return problem;
}

}  // namespace

std::string_view name_of(AuthMode mode) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"off", "on", "bootstrap", "insecure"};
  return kNames[static_cast<std::size_t>(mode)];
}

Access::Access(AccessOptions options, telemetry::Metrics& metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      failures_(options_.auth_failures),
      reads_(options_.read),
      writes_(options_.write),
      computations_(options_.compute),
      ingests_(options_.ingest),
      keys_(std::make_shared<const KeyRing>()) {}

void Access::set_keys(KeyRing keys) {
  auto next = std::make_shared<const KeyRing>(std::move(keys));
  const std::lock_guard lock(mutex_);
  keys_ = std::move(next);
}

std::shared_ptr<const KeyRing> Access::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

bool Access::is_open(std::optional<Role> role, std::string_view path) const noexcept {
  if (options_.mode == AuthMode::Off || options_.mode == AuthMode::Insecure) return true;
  if (role == Role::Public) return true;
  if (role != Role::Ingest) return false;
  // Senders of telemetry come up before anybody has read the key; scripts with JSON do not.
  const bool is_otlp = path != "/v1/spans";
  return options_.is_ingest_anonymous || (options_.mode == AuthMode::Bootstrap && is_otlp);
}

Access::Verdict Access::judge(const Caller& caller, std::optional<Role> role) {
  const Credential credential = find_credential(caller.headers, options_.key_header);
  const std::shared_ptr<const KeyRing> ring = keys();
  const ApiKey* key = nullptr;
  switch (credential.kind) {
    case Credential::Kind::Unclear:
      return failed(caller, "invalid");
    case Credential::Kind::One:
      key = ring->find_key(credential.key);
      if (key == nullptr) return failed(caller, "invalid");
      break;
    case Credential::Kind::None:
      key = ring->find_name(caller.certificate_names);
      if (key == nullptr) return failed(caller, "missing");
  }
  if (!key->is_valid_at(options_.clock().wall)) return failed(caller, "expired");
  caller.actor = "key:" + key->id;
  if (!role || key->roles.allows(*role)) return Verdict::Allowed;
  metrics_.add(MetricId::AuthFailures, {"role"});
  return Verdict::Forbidden;
}

Access::Verdict Access::failed(const Caller& caller, std::string_view reason) {
  metrics_.add(MetricId::AuthFailures, {reason});
  if (!failures_.rate().is_limited()) return Verdict::Unauthorized;
  const Draw draw = failures_.draw(caller.address, options_.clock().monotonic);
  return draw.is_granted ? Verdict::Unauthorized : Verdict::TooManyFailures;
}

std::optional<http::Problem> Access::authorize(http::RequestHead& head, const http::Route* route) {
  const auto role = route == nullptr ? std::nullopt : std::optional<Role>(route->role);
  if (!is_open(role, head.path)) {
    const Caller caller{head.headers, head.certificate_names, head.remote_address, head.actor};
    switch (judge(caller, role)) {
      case Verdict::Unauthorized:
        head.reply_headers.add("WWW-Authenticate", "Bearer realm=\"betrace\"");
        return access_problem(401, "unauthorized", kNeedsKey);
      case Verdict::Forbidden:
        return access_problem(403, "forbidden", kNeedsRole);
      case Verdict::TooManyFailures: {
        metrics_.add(MetricId::Refused, {"auth_failures", protocol_label(head)});
        http::Problem problem = access_problem(429, "rate_limited", kTooManyFailures);
        problem.retry_after = 1;
        return problem;
      }
      case Verdict::Allowed:
        break;
    }
  }
  return route == nullptr ? std::nullopt : draw(head, route->rate);
}

std::optional<http::CallStatus> Access::authorize(http::CallHead& head,
                                                  const http::CallMethod& method) {
  if (is_open(method.role, head.path)) return look_at_debts(head, method);
  const Caller caller{head.metadata, head.certificate_names, head.remote_address, head.actor};
  switch (judge(caller, method.role)) {
    case Verdict::Unauthorized:
      return http::CallStatus{RpcCode::Unauthenticated, std::string(kNeedsKey), ""};
    case Verdict::Forbidden:
      return http::CallStatus{RpcCode::PermissionDenied, std::string(kNeedsRole), ""};
    case Verdict::TooManyFailures:
      metrics_.add(MetricId::Refused, {"auth_failures", "grpc"});
      return http::CallStatus{RpcCode::ResourceExhausted, std::string(kTooManyFailures), ""};
    case Verdict::Allowed:
      break;
  }
  return look_at_debts(head, method);
}

// Of calls, only those that bring spans have a rate.
std::optional<http::CallStatus> Access::look_at_debts(const http::CallHead& head,
                                                      const http::CallMethod& method) {
  if (method.role != Role::Ingest || !ingests_.rate().is_limited()) return std::nullopt;
  const Draw draw =
      ingests_.look(client_of(head.actor, head.remote_address), options_.clock().monotonic);
  if (draw.is_granted) return std::nullopt;
  metrics_.add(MetricId::Refused, {"ingest_rate", "grpc"});
  otlp::RpcStatus status;
  status.code = RpcCode::ResourceExhausted;
  status.message = kTooManySpans;
  status.retry_delay = std::chrono::seconds(std::min(draw.seconds_to_next, kIngestRetrySecondsMax));
  return http::CallStatus{RpcCode::ResourceExhausted, status.message,
                          otlp::status_body(status, otlp::WireForm::Protobuf)};
}

void Access::spans_taken(std::string_view actor, std::string_view address, std::uint64_t spans) {
  if (!ingests_.rate().is_limited()) return;
  ingests_.charge(client_of(actor, address), options_.clock().monotonic,
                  static_cast<double>(spans));
}

std::optional<http::Problem> Access::draw(http::RequestHead& head, http::RateClass rate) {
  struct Bucket {
    TokenBuckets* buckets;
    std::string_view limit;
  };
  Bucket from{nullptr, {}};
  if (rate == http::RateClass::Read) from = {&reads_, "rest_rate"};
  if (rate == http::RateClass::Write) from = {&writes_, "rest_write_rate"};
  if (rate == http::RateClass::Compute) from = {&computations_, "rest_compute_rate"};
  const bool is_ingest = rate == http::RateClass::Ingest;
  if (is_ingest) from = {&ingests_, "ingest_rate"};
  if (from.buckets == nullptr || !from.buckets->rate().is_limited()) return std::nullopt;
  const Now now = options_.clock();
  const std::string_view client = client_of(head.actor, head.remote_address);
  const Draw draw =
      is_ingest ? ingests_.look(client, now.monotonic) : from.buckets->draw(client, now.monotonic);
  const auto bucket = static_cast<std::uint64_t>(from.buckets->rate().bucket);
  head.reply_headers.add("X-RateLimit-Limit", std::to_string(bucket));
  head.reply_headers.add("X-RateLimit-Remaining", std::to_string(draw.left));
  head.reply_headers.add("X-RateLimit-Reset",
                         std::to_string(now.wall / kNanosPerSecond + draw.seconds_to_full));
  if (draw.is_granted) return std::nullopt;
  metrics_.add(MetricId::Refused, {from.limit, protocol_label(head)});
  http::Problem problem =
      access_problem(429, "rate_limited", is_ingest ? kTooManySpans : kTooManyRequests);
  problem.retry_after = draw.seconds_to_next;
  if (is_ingest) problem.retry_after = std::min(draw.seconds_to_next, kIngestRetrySecondsMax);
  return problem;
}

}  // namespace betrace::api
