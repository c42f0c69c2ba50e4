// Answers POST /v1/log/backup: a copy of the violation log below the folder that the operator gave.
//
// Source: docs/guide/api.md, "Backup".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class LogHandler {
 public:
  LogHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> back_up(const http::Request& request,
                                              const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
