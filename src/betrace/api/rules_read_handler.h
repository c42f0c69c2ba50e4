// Answers GET /v1/rules, /v1/rules/{id} and /v1/rules/{id}/history.
//
// Source: docs/guide/api.md, "Rules".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class RulesReadHandler {
 public:
  RulesReadHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> list(const http::Request& request,
                                           const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> get(const http::Request& request,
                                          const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> history(const http::Request& request,
                                              const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
