// Answers POST /v1/spans: flat JSON spans for people, scripts and trials.
//
// Senders use OTLP, which is ingest/'s. Source: docs/guide/api.md, "Spans as plain JSON".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class SpansHandler {
 public:
  SpansHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> take(const http::Request& request,
                                           const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
