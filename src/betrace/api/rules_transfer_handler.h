// Answers POST /v1/rules/import and GET /v1/rules/export: many rules at once, as JSON, JSON lines
// or YAML.
//
// Source: docs/guide/api.md, "Rules".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class RulesTransferHandler {
 public:
  RulesTransferHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> import(const http::Request& request,
                                             const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> export_all(const http::Request& request,
                                                 const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
