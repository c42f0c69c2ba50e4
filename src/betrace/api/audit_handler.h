// Answers GET /v1/audit: who changed which rule, and what was refused to whom.
//
// Source: docs/guide/api.md, "Audit".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class AuditHandler {
 public:
  AuditHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> list(const http::Request& request,
                                           const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
