// Answers GET /v1/stats: the numbers of the overview page, over a window of time.
//
// Source: docs/guide/api.md, "Statistics".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class StatsHandler {
 public:
  StatsHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> stats(const http::Request& request,
                                            const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
