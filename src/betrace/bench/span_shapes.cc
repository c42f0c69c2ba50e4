#include "betrace/bench/span_shapes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace betrace::bench {
namespace {

using model::SpanKind;
using model::StatusCode;
using model::ValueView;

constexpr std::size_t kFewServices = 5;
constexpr std::size_t kManyServices = 50;
constexpr std::size_t kMixedTemplates = 200;
constexpr std::size_t kMixedAttributesMax = 40;
constexpr std::size_t kErrorEvery = 50;  // one ordinary span in so many has failed

constexpr std::array kShapeNames = {"10a", "3a", "mixed"};

// Keys of the semantic conventions, and some that teams make up.
constexpr std::array<std::string_view, 48> kMixedKeys = {"http.request.method",
                                                         "http.response.status_code",
                                                         "url.path",
                                                         "url.scheme",
                                                         "url.query",
                                                         "server.address",
                                                         "server.port",
                                                         "client.address",
                                                         "client.port",
                                                         "network.peer.address",
                                                         "network.protocol.name",
                                                         "network.protocol.version",
                                                         "network.transport",
                                                         "user_agent.original",
                                                         "db.system.name",
                                                         "db.namespace",
                                                         "db.collection.name",
                                                         "db.operation.name",
                                                         "db.query.text",
                                                         "db.response.returned_rows",
                                                         "messaging.system",
                                                         "messaging.destination.name",
                                                         "messaging.operation.type",
                                                         "messaging.message.id",
                                                         "messaging.batch.message_count",
                                                         "rpc.system",
                                                         "rpc.service",
                                                         "rpc.method",
                                                         "rpc.grpc.status_code",
                                                         "thread.id",
                                                         "thread.name",
                                                         "code.function.name",
                                                         "code.file.path",
                                                         "code.line.number",
                                                         "exception.type",
                                                         "error.type",
                                                         "enduser.id",
                                                         "session.id",
                                                         "feature_flag.key",
                                                         "feature_flag.result.variant",
                                                         "cloud.region",
                                                         "k8s.pod.name",
                                                         "container.id",
                                                         "order.total",
                                                         "cart.items",
                                                         "tenant.name",
                                                         "retry.count",
                                                         "cache.hit"};

constexpr std::array<std::string_view, 4> kForeignTexts = {
    "Bestellung für Zürich bestätigt", "注文を受け付けました", "заказ принят", "naïve café – 5 €"};

std::size_t pick(std::mt19937_64& random, std::size_t count) {
  return static_cast<std::size_t>(random() % count);
}

ValueView user_of(DraftTrace& trace, std::mt19937_64& random) {
  return trace.keep_text(fmt::format("u-{:05}", pick(random, 10'000)));
}

ValueView address_of(DraftTrace& trace, std::mt19937_64& random) {
  return trace.keep_text(
      fmt::format("10.{}.{}.{}", pick(random, 8), pick(random, 256), pick(random, 256)));
}

ValueView text(std::string_view value) { return ValueView::string(value); }

void set_status(DraftSpan& span, bool is_server, bool has_failed) {
  span.view.status_code = has_failed ? StatusCode::Error : StatusCode::Unset;
  if (is_server) {
    span.set("http.response.status_code", ValueView::integer(has_failed ? 500 : 200));
  }
}

// A value whose type follows from the key and the template, as in real instrumentation.
ValueView mixed_value(std::size_t kind, DraftTrace& trace, std::mt19937_64& random) {
  switch (kind % 10) {
    case 0:
      return ValueView::integer(static_cast<std::int64_t>(random() % 100'000));
    case 1:
      return ValueView::boolean(random() % 2 == 0);
    case 2:
      return ValueView::real(static_cast<double>(random() % 10'000) / 7);
    case 3:
      return text(kForeignTexts[pick(random, kForeignTexts.size())]);
    case 4:
      return trace.keep_list({text("alpha"), text("beta"), ValueView::integer(3)});
    case 5:
      return trace.keep_map(
          {{"zone", text("b")}, {"weights", trace.keep_list({ValueView::real(0.25)})}});
    case 6:
      return trace.keep_text(
          fmt::format("SELECT id, state, total FROM orders_{} WHERE tenant = $1 AND created > $2",
                      pick(random, 64)));
    default:
      return trace.keep_text(fmt::format("{:016x}", random()));
  }
}

void add_events(std::size_t kind, DraftTrace& trace, DraftSpan& span, std::mt19937_64& random) {
  for (std::size_t i = 0; i < kind % 3; ++i) {
    span.events.push_back({span.view.start_time_unix_nano + i * 1'000, "log",
                           trace.keep_attributes({{"log.severity", text("INFO")},
                                                  {"message", mixed_value(7, trace, random)}})});
  }
}

void add_links(std::size_t kind, DraftTrace& trace, DraftSpan& span, std::mt19937_64& random) {
  if (kind % 11 != 0) return;
  model::LinkView link;
  for (std::uint8_t& byte : link.trace_id.bytes) byte = static_cast<std::uint8_t>(random());
  link.trace_id.bytes[0] = 0x11;  // never the mark of an id that is patched
  link.span_id.bytes = {0x11, 2, 3, 4, 5, 6, 7, 8};
  link.attributes = trace.keep_attributes({{"link.kind", text("follows")}});
  span.links.push_back(link);
}

}  // namespace

std::string_view name_of(Shape shape) noexcept {
  return kShapeNames[static_cast<std::size_t>(shape)];
}

std::optional<Shape> parse_shape(std::string_view name) noexcept {
  const auto found = std::ranges::find(kShapeNames, name);
  if (found == kShapeNames.end()) return std::nullopt;
  return static_cast<Shape>(found - kShapeNames.begin());
}

std::string route_text(std::size_t number) {
  return fmt::format("/api/v1/items-{:02}/{{id}}", number);
}

SpanShapes::SpanShapes(Shape shape) : shape_(shape) {
  const std::size_t services = shape == Shape::Mixed ? kManyServices : kFewServices;
  for (std::size_t i = 0; i < services; ++i) {
    service_names_.push_back(fmt::format("service-{:02}", i));
  }
  for (std::size_t i = 0; i < kRouteCount; ++i) routes_.push_back(route_text(i));
}

void SpanShapes::fill(bool is_server, DraftTrace& trace, DraftSpan& span,
                      std::mt19937_64& random) const {
  const std::string& service = service_names_[pick(random, service_names_.size())];
  span.view.resource = trace.keep_attributes({{"service.name", text(service)},
                                              {"service.version", text("1.4.2")},
                                              {"deployment.environment.name", text("bench")},
                                              {"telemetry.sdk.language", text("cpp")}});
  span.view.scope_name = "betrace.bench";
  span.view.scope_version = "1";
  span.view.kind = is_server ? SpanKind::Server : SpanKind::Client;
  if (shape_ == Shape::Mixed) {
    fill_mixed(is_server, trace, span, random);
  } else if (is_server) {
    fill_server(trace, span, random);
  } else {
    fill_client(trace, span, random);
  }
}

void SpanShapes::fill_server(DraftTrace& trace, DraftSpan& span, std::mt19937_64& random) const {
  const std::string& route = routes_[pick(random, routes_.size())];
  span.view.name = trace.keep("GET " + route);
  if (shape_ == Shape::TenAttributes) {
    span.set("http.request.method", text("GET"));
    span.set("url.scheme", text("https"));
    span.set("url.path", trace.keep_text(fmt::format("/api/v1/items/{}", pick(random, 100'000))));
    span.set("server.address", text("shop.example.com"));
    span.set("server.port", ValueView::integer(8443));
    span.set("client.address", address_of(trace, random));
    span.set(
        "user_agent.original",
        text("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 shop/7.31"));
  }
  span.set("http.route", text(route));
  span.set("user.id", user_of(trace, random));
  set_status(span, true, pick(random, kErrorEvery) == 0);
}

void SpanShapes::fill_client(DraftTrace& trace, DraftSpan& span, std::mt19937_64& random) const {
  span.view.name = "SELECT shop.items";
  span.set("db.system.name", text("postgresql"));
  span.set("server.address", text("db.internal"));
  if (shape_ == Shape::TenAttributes) {
    span.set("db.namespace", text("shop"));
    span.set("db.collection.name", text("items"));
    span.set("db.operation.name", text("SELECT"));
    span.set("db.query.text", text("SELECT id, title, price, stock FROM items WHERE id = $1 AND "
                                   "tenant = $2 ORDER BY title"));
    span.set("server.port", ValueView::integer(5432));
    span.set("network.peer.address", address_of(trace, random));
    span.set("thread.id", ValueView::integer(static_cast<std::int64_t>(pick(random, 64))));
  }
  span.set("user.id", user_of(trace, random));
  set_status(span, false, pick(random, kErrorEvery) == 0);
}

void SpanShapes::fill_mixed(bool is_server, DraftTrace& trace, DraftSpan& span,
                            std::mt19937_64& random) const {
  const std::size_t kind = pick(random, kMixedTemplates);
  span.view.name = trace.keep(fmt::format("{} {}", is_server ? "handle" : "call", kind));
  // The keys of a template are always the same, their order is not.
  std::vector<std::string_view> keys;
  for (std::size_t i = 0; i < kind * 7 % (kMixedAttributesMax + 1); ++i) {
    keys.push_back(kMixedKeys[(kind + i * 5) % kMixedKeys.size()]);
  }
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::ranges::shuffle(keys, random);
  for (const std::string_view key : keys) {
    span.attributes.push_back({key, mixed_value(kind + key.size(), trace, random)});
  }
  if (kind % 2 == 0) span.set("http.route", text(routes_[pick(random, routes_.size())]));
  if (kind % 3 == 0) span.set("user.id", user_of(trace, random));
  span.view.status_code = pick(random, kErrorEvery) == 0 ? StatusCode::Error : StatusCode::Unset;
  if (span.view.status_code == StatusCode::Error) span.view.status_message = "deadline exceeded";
  add_events(kind, trace, span, random);
  add_links(kind, trace, span, random);
}

}  // namespace betrace::bench
