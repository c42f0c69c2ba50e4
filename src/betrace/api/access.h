// Who may do what, and how often: the credential of each request, its role, its rate.
//
// The hook of every listener: before a body is read it proves the role that the route asks for. The
// key ring may change while requests come. Knows no file and no socket. Source:
// docs/guide/security.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/api/key_ring.h"
#include "betrace/api/token_buckets.h"
#include "betrace/base/time.h"
#include "betrace/http/call_table.h"
#include "betrace/http/error_response.h"
#include "betrace/http/message.h"
#include "betrace/http/route_table.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::api {

/// How roles are enforced.
enum class AuthMode : std::uint8_t {
  Off,        ///< Bound to loopback without a credential: open to this machine.
  On,         ///< Every role needs a credential.
  Bootstrap,  ///< The same with the one key that was made at start, but OTLP is taken from anyone.
  Insecure,   ///< Open to everybody, on purpose.
};

/// `off` `on` `bootstrap` `insecure`
[[nodiscard]] std::string_view name_of(AuthMode mode) noexcept;

/// Rates are unlimited unless they are set.
struct AccessOptions {
  AuthMode mode = AuthMode::Off;
  std::string key_header = "X-API-Key";  ///< `api_key_header`
  bool is_ingest_anonymous = false;      ///< `ingest.anonymous`
  BucketRate auth_failures;              ///< `limits.auth_failures`, per address.
  BucketRate read;                       ///< `limits.rest_rate`, per credential, else address.
  BucketRate write;                      ///< `limits.rest_write_rate`, likewise.
  BucketRate compute;                    ///< `limits.rest_compute_rate`, likewise.
  BucketRate ingest;                     ///< `limits.ingest_rate` in spans, likewise.
  std::function<Now()> clock = read_clocks;
};

/// Thread-safe. Never blocks but for short locks.
class Access {
 public:
  /// Requires: `metrics` lives longer.
  Access(AccessOptions options, telemetry::Metrics& metrics);

  /// From now on these are the credentials.
  void set_keys(KeyRing keys);

  /// Returns the refusal of a request: 401, 403, 429; or nothing, and then the actor is set if a
  /// credential was shown. `route` is null if there is nothing at the path: that is only told to
  /// those who have some role. Adds WWW-Authenticate and X-RateLimit-*.
  [[nodiscard]] std::optional<http::Problem> authorize(http::RequestHead& head,
                                                       const http::Route* route);
  /// The same for a call: UNAUTHENTICATED, PERMISSION_DENIED, RESOURCE_EXHAUSTED.
  [[nodiscard]] std::optional<http::CallStatus> authorize(http::CallHead& head,
                                                          const http::CallMethod& method);

  /// Charges a sender for what was in its request. A request is taken whole as long as its sender
  /// owes nothing: how many spans it has is only known once it is read.
  void spans_taken(std::string_view actor, std::string_view address, std::uint64_t spans);

 private:
  enum class Verdict : std::uint8_t { Allowed, Unauthorized, Forbidden, TooManyFailures };
  /// What both kinds of request have in common.
  struct Caller {
    const http::Headers& headers;
    const std::vector<std::string>& certificate_names;
    const std::string& address;
    std::string& actor;
  };

  [[nodiscard]] bool is_open(std::optional<http::Role> role, std::string_view path) const noexcept;
  [[nodiscard]] Verdict judge(const Caller& caller, std::optional<http::Role> role);
  [[nodiscard]] Verdict failed(const Caller& caller, std::string_view reason);
  [[nodiscard]] std::optional<http::Problem> draw(http::RequestHead& head, http::RateClass rate);
  [[nodiscard]] std::optional<http::CallStatus> look_at_debts(const http::CallHead& head,
                                                              const http::CallMethod& method);
  [[nodiscard]] std::shared_ptr<const KeyRing> keys() const;

  const AccessOptions options_;
  telemetry::Metrics& metrics_;
  TokenBuckets failures_;
  TokenBuckets reads_;
  TokenBuckets writes_;
  TokenBuckets computations_;
  TokenBuckets ingests_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeyRing> keys_;
};

}  // namespace betrace::api
