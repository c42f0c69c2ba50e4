// Answers the requests that change one rule: POST, PUT, PATCH, DELETE, enable, disable, undelete.
//
// Reads bodies and writes answers; what a change means is control/rule_control.h's. Source:
// docs/guide/api.md, "Rules".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Thread-safe.
class RulesWriteHandler {
 public:
  RulesWriteHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> create(const http::Request& request,
                                             const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> replace(const http::Request& request,
                                              const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> patch(const http::Request& request,
                                            const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> remove(const http::Request& request,
                                             const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> enable(const http::Request& request,
                                             const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> disable(const http::Request& request,
                                              const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> undelete(const http::Request& request,
                                               const http::PathParameters& path) const;

 private:
  [[nodiscard]] Reply<http::Response> set_enabled(const http::Request& request,
                                                  const http::PathParameters& path,
                                                  bool is_enabled) const;
  [[nodiscard]] Reply<http::Response> update(const http::Request& request, const std::string& id,
                                             const control::RuleControl::Edit& edit) const;
  [[nodiscard]] http::Response rule_reply(int status, const control::LoadedRule& rule) const;

  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
