// GET /v1/attributes: which attributes spans have, for completion in the editor of rules.
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe; borrows what the services refer to.
class AttributesHandler {
 public:
  AttributesHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> list(const http::Request& request,
                                           const http::PathParameters& path) const;

 private:
  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
