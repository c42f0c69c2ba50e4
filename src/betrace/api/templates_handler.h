// GET /v1/templates: the rules of the shipped packs, for people to begin with.
#pragma once

#include <string>

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Immutable; made once from `options.packs`, which must be documents of valid rules.
class TemplatesHandler {
 public:
  explicit TemplatesHandler(const ApiOptions& options);

  [[nodiscard]] Reply<http::Response> list(const http::Request& request,
                                           const http::PathParameters& path) const;

 private:
  std::string body_;
  std::string etag_;
};

}  // namespace betrace::api
