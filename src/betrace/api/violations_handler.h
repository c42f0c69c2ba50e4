// Answers GET /v1/violations, /v1/violations/{id} and the stream from the violation log, and has
// stored ones exported once more.
//
// Source: docs/guide/api.md, "Violations".
#pragma once

#include <memory>

#include "betrace/api/reply.h"
#include "betrace/api/services.h"
#include "betrace/api/violation_feed.h"

namespace betrace::api {

/// Thread-safe.
class ViolationsHandler {
 public:
  ViolationsHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services),
        options_(options),
        feed_(
            std::make_unique<ViolationFeed>(services.violations, services.metrics, options.feed)) {}

  [[nodiscard]] Reply<http::Response> list(const http::Request& request,
                                           const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> get(const http::Request& request,
                                          const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> stream(const http::Request& request,
                                             const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> resend(const http::Request& request,
                                             const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
  std::unique_ptr<ViolationFeed> feed_;
};

}  // namespace betrace::api
