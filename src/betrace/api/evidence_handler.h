// Answers /v1/evidence and the evidence of one violation: what an outsider verifies it with.
//
// Source: docs/guide/api.md, "Evidence". Verifies nothing but HMACs.
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class EvidenceHandler {
 public:
  EvidenceHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> summary(const http::Request& request,
                                              const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> keys(const http::Request& request,
                                           const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> rotate(const http::Request& request,
                                             const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> checkpoints(const http::Request& request,
                                                  const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> latest_checkpoint(const http::Request& request,
                                                        const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> of_violation(const http::Request& request,
                                                   const http::PathParameters& path) const;
  /// A bundle as one archive, made while it is sent.
  [[nodiscard]] Reply<http::Response> bundle(const http::Request& request,
                                             const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
