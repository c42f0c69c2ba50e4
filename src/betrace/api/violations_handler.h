// Answers GET /v1/violations and /v1/violations/{id} from the violation log, and has stored ones
// exported once more.
//
// Source: docs/guide/api.md, "Violations".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class ViolationsHandler {
 public:
  ViolationsHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> list(const http::Request& request,
                                           const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> get(const http::Request& request,
                                          const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> resend(const http::Request& request,
                                             const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
