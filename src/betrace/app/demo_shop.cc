#include "betrace/app/demo_shop.h"

#include <fmt/format.h>

#include <array>

#include "betrace/app/demo_trace_builder.h"
#include "betrace/base/time.h"

namespace betrace::app {
namespace {

using model::SpanId;
using model::SpanKind;
using model::StatusCode;

constexpr std::uint64_t kSceneMsMax = 4'000;  // no scene below lasts longer

model::ValueView text(std::string_view value) { return model::ValueView::string(value); }
model::ValueView number(std::int64_t value) { return model::ValueView::integer(value); }
model::ValueView yes_no(bool value) { return model::ValueView::boolean(value); }

// A scene writes one trace. `fault` is the rule it shall break; the default is none.
using Scene = void (*)(DemoTraceBuilder&, std::mt19937_64&, std::string_view fault);

void pay(DemoTraceBuilder& trace, std::mt19937_64& random, const SpanId& order,
         std::string_view fault) {
  const bool is_large = fault == "large-payment-fraud-check" || random() % 4 == 0;
  const auto amount =
      static_cast<std::int64_t>(is_large ? 1'200 + random() % 3'000 : 5 + random() % 400);
  if (is_large && fault != "large-payment-fraud-check") {
    trace.add(order, {"fraud.check", "fraud", 30, 12}, {{"score", number(7)}});
  }
  const SpanId charge = trace.add(order, {"payment.charge", "payment", 50, 150, SpanKind::Client},
                                  {{"amount", number(amount)}, {"currency", text("EUR")}});
  const int attempts = fault == "payment-retry-storm" ? 5 : 1;
  for (int i = 0; i < attempts; ++i) {
    const auto at = static_cast<std::uint64_t>(52 + i * 25);
    trace.add(charge, {"payment.attempt", "payment", at, 20}, {{"attempt", number(i + 1)}});
  }
}

void checkout_scene(DemoTraceBuilder& trace, std::mt19937_64& random, std::string_view fault) {
  const std::uint64_t took = fault == "slow-request" ? 2'600 : 320;
  const SpanId root =
      trace.add({}, {"POST /checkout", "storefront", 0, took, SpanKind::Server, StatusCode::Ok},
                {{"http.request.method", text("POST")}, {"http.route", text("/checkout")}});
  const SpanId order = trace.add(root, {"order.place", "checkout", 5, 300});
  const int queries = fault == "repeated-query" ? 14 : 2;
  for (int i = 0; i < queries; ++i) {
    trace.add(order, {"db.query", "inventory", static_cast<std::uint64_t>(10 + i), 1},
              {{"db.query.text", text("SELECT stock FROM items WHERE id = $1")}});
  }
  pay(trace, random, order, fault);
  if (fault == "swallowed-error") {
    trace.add(root, {"coupon.apply", "storefront", 210, 9, SpanKind::Client, StatusCode::Error});
  }
  if (fault != "charged-order-ships") {
    trace.add(order, {"order.ship", "shipping", 220, 40}, {{"carrier", text("post")}});
  }
  if (fault == "broken-context") {
    trace.add(trace.fresh_id(), {"GET /rates", "shipping", 225, 8, SpanKind::Server});
  }
}

void profile_scene(DemoTraceBuilder& trace, std::mt19937_64& random, std::string_view fault) {
  const std::string user = fmt::format("u-{}", 1'000 + random() % 9'000);
  const SpanId root =
      trace.add({}, {"GET /profile", "accounts", 0, 90, SpanKind::Server, StatusCode::Ok},
                {{"http.request.method", text("GET")}, {"http.route", text("/profile")}});
  const std::uint64_t checked_at = fault == "access-after-authorisation" ? 60 : 2;
  trace.add(root, {"authz.check", "accounts", checked_at, 5}, {{"user.id", text(user)}});
  trace.add(root, {"data.access", "accounts", 10, 20}, {{"table", text("profiles")}});
  trace.add(root, {"pii.read", "accounts", 12, 15}, {{"user.id", text(user)}});
  const std::string audited = fault == "pii-read-audited" ? "u-0" : user;
  trace.add(root, {"audit.log", "audit", 40, 3}, {{"user.id", text(audited)}});
}

void agent_scene(DemoTraceBuilder& trace, std::mt19937_64& random, std::string_view fault) {
  const std::string call = fmt::format("call-{}", random() % 1'000'000);
  const SpanId root =
      trace.add({}, {"POST /assist", "agent", 0, 1'800, SpanKind::Server, StatusCode::Ok},
                {{"gen_ai.agent.name", text("support")}});
  const int chats = fault == "agent-runaway-loop" ? 30 : 3;
  for (int i = 0; i < chats; ++i) {
    trace.add(
        root, {"gen_ai.chat", "agent", static_cast<std::uint64_t>(10 + i * 40), 35},
        {{"gen_ai.request.model", text("small")}, {"gen_ai.usage.output_tokens", number(180)}});
  }
  trace.add(root, {"retrieval.fetch", "agent", 1'300, 80},
            {{"trusted", yes_no(fault != "agent-untrusted-input")}});
  if (fault != "agent-tool-approval") {
    trace.add(root, {"human.approval", "backoffice", 1'400, 200}, {{"tool.call.id", text(call)}});
  }
  trace.add(root, {"agent.tool_use", "agent", 1'650, 100},
            {{"tool.name", text("http_post")},
             {"tool.requires_approval", yes_no(true)},
             {"tool.call.id", text(call)}});
}

struct Fault {
  std::string_view rule;
  Scene scene;
};

constexpr std::array<Fault, 12> kFaults = {{
    {"charged-order-ships", checkout_scene},
    {"large-payment-fraud-check", checkout_scene},
    {"payment-retry-storm", checkout_scene},
    {"repeated-query", checkout_scene},
    {"slow-request", checkout_scene},
    {"swallowed-error", checkout_scene},
    {"broken-context", checkout_scene},
    {"pii-read-audited", profile_scene},
    {"access-after-authorisation", profile_scene},
    {"agent-tool-approval", agent_scene},
    {"agent-runaway-loop", agent_scene},
    {"agent-untrusted-input", agent_scene},
}};

constexpr std::array<Scene, 4> kOrdinaryScenes = {checkout_scene, checkout_scene, profile_scene,
                                                  agent_scene};

}  // namespace

Shop::Shop(std::uint64_t seed, std::uint64_t run, double fault_rate)
    : random_(seed), run_(run), fault_rate_(fault_rate) {}

ShopTrace Shop::next(UnixNanos end) {
  Fault chosen{"", kOrdinaryScenes[random_() % kOrdinaryScenes.size()]};
  if (std::generate_canonical<double, 32>(random_) < fault_rate_) {
    chosen = kFaults[random_() % kFaults.size()];
  }
  DemoTraceBuilder trace(random_, run_, end - kSceneMsMax * kNanosPerMilli);
  chosen.scene(trace, random_, chosen.rule);
  return ShopTrace{trace.finish(), chosen.rule};
}

}  // namespace betrace::app
