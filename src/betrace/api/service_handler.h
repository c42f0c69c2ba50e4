// Answers what operators and probes ask: /health, /ready, /metrics, /v1/limits.
//
// Source: docs/guide/api.md, "Health, readiness, limits, metrics".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class ServiceHandler {
 public:
  ServiceHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> health(const http::Request& request,
                                             const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> ready(const http::Request& request,
                                            const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> metrics(const http::Request& request,
                                              const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> limits(const http::Request& request,
                                             const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
