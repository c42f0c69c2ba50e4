// Answers POST /v1/rules/validate and /v1/rules/test: what a rule would do, with nothing stored.
//
// Source: docs/guide/api.md, "Rules".
#pragma once

#include "betrace/api/reply.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Most spans of one test.
inline constexpr std::uint32_t kTrialSpansMax = 10'000;

/// Thread-safe.
class RuleTrialHandler {
 public:
  RuleTrialHandler(const ApiServices& services, const ApiOptions& options)
      : services_(services), options_(options) {}

  [[nodiscard]] Reply<http::Response> validate(const http::Request& request,
                                               const http::PathParameters& path) const;
  [[nodiscard]] Reply<http::Response> test(const http::Request& request,
                                           const http::PathParameters& path) const;

 private:
  [[nodiscard]] Reply<engine::ActiveRulePtr> rule_of(const Json& body) const;
  [[nodiscard]] Reply<engine::ActiveRulePtr> stored_rule(const std::string& id) const;
  [[nodiscard]] Reply<std::vector<model::KeptSpan>> spans_of(const Json& body, UnixNanos now) const;

  const ApiServices& services_;
  const ApiOptions& options_;
};

}  // namespace betrace::api
