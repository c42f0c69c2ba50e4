#include "betrace/bench/rule_reloader.h"

#include <fmt/format.h>

#include "betrace/base/json.h"
#include "betrace/base/time.h"
#include "betrace/http/client.h"

namespace betrace::bench {

RuleReloader::RuleReloader(const Target& api, const BenchRules& rules,
                           std::chrono::milliseconds interval)
    : api_(api), rules_(rules.rules()), interval_(interval), thread_([this] { reload(); }) {}

RuleReloader::~RuleReloader() {
  is_stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void RuleReloader::reload() {
  http::ClientOptions options;
  options.host = api_.host;
  options.port = api_.port;
  http::Client client(options);
  MonotonicTime due = read_clocks().monotonic;
  for (std::uint64_t edition = 1; !is_stopped_; ++edition) {
    const BenchRule& rule = rules_[edition % rules_.size()];
    const Json body = {{"id", rule.id},
                       {"name", rule.id},
                       {"expression", rule.expression},
                       {"description", fmt::format("edition {}", edition)}};
    const auto reply =
        client.post("/v1/rules?on_conflict=replace", "application/json", dump_json(body));
    if (!reply) {
      outcome_ = fail(reply.error());
      return;
    }
    if (reply->status != 200) {
      outcome_ = fail(ErrorCode::FailedPrecondition,
                      fmt::format("the server answered {} to a new edition of the rule {}: {}",
                                  reply->status, rule.id, reply->body));
      return;
    }
    outcome_ = edition;
    due += interval_;
    std::this_thread::sleep_until(due);
  }
}

Result<std::uint64_t> RuleReloader::finish() {
  is_stopped_ = true;
  thread_.join();
  return outcome_;
}

}  // namespace betrace::bench
