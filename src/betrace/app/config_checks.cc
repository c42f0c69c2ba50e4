#include "betrace/app/config_checks.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "betrace/app/access_settings.h"
#include "betrace/app/export_settings.h"
#include "betrace/base/utf8.h"
#include "betrace/control/rule_group.h"

namespace betrace::app {
namespace {

constexpr std::size_t kApiKeyBytesMin = 16;
constexpr std::size_t kSignatureKeyBytesMin = 32;

// Texts that stand in examples; a trailing `*` means "begins with".
constexpr std::array<std::string_view, 8> kPlaceholders = {"changeme",
                                                           "default",
                                                           "change-in-production*",
                                                           "change-me-in-production*",
                                                           "your-secret-api-key-here*",
                                                           "dev-signature-key*",
                                                           "test-*",
                                                           "your-*"};

bool is_placeholder(std::string_view secret) {
  return std::any_of(kPlaceholders.begin(), kPlaceholders.end(), [&](std::string_view known) {
    if (!known.ends_with('*')) return secret == known;
    return secret.starts_with(known.substr(0, known.size() - 1));
  });
}

void check_secret(const Config& config, std::string_view key, std::size_t bytes_min,
                  const ReportProblem& report) {
  if (!config.has(key)) return;
  const std::string& secret = config.text(key);
  constexpr std::string_view kMakeOne = "; make one with: openssl rand -base64 32";
  if (is_placeholder(secret)) {
    report(key, fmt::format("is a placeholder that everybody knows{}", kMakeOne));
  } else if (secret.size() < bytes_min) {
    report(key, fmt::format("is shorter than {} bytes{}", bytes_min, kMakeOne));
  } else if (secret.find_first_not_of(secret[0]) == std::string::npos) {
    report(key, fmt::format("is one repeated byte{}", kMakeOne));
  }
}

// One setting that may not exceed, or must stay below, another.
struct Order {
  std::string_view less;
  std::string_view more;
  bool is_strict = false;
};

constexpr std::array<Order, 8> kOrders = {{{"trace.quiet", "trace.idle"},
                                           {"trace.idle", "trace.age_max", true},
                                           {"otlp.batch_size", "otlp.queue_size"},
                                           {"limits.trace_bytes", "limits.traces_bytes"},
                                           {"limits.traces_bytes", "limits.memory"},
                                           {"limits.line_bytes", "limits.header_bytes"},
                                           {"log.generation_bytes", "log.max_bytes"},
                                           {"log.generation_age", "log.max_age"}}};

std::uint64_t count_of(const Config& config, std::string_view key) {
  if (find_setting(key)->type != SettingType::Duration) return config.number(key);
  return static_cast<std::uint64_t>(config.duration(key).count());
}

std::string shown(const Config& config, std::string_view key) {
  for (const ConfigRow& row : config.rows()) {
    if (row.setting->key == key) return row.shown;
  }
  return "";
}

// Blames the one that was given, so that nobody looks for a default.
void check_order(const Config& config, const Order& order, const ReportProblem& report) {
  const std::uint64_t less = count_of(config, order.less);
  const std::uint64_t more = count_of(config, order.more);
  if (less < more || (less == more && !order.is_strict)) return;
  const bool is_less_given = config.source(order.less) != ConfigSource::Default;
  const std::string_view blamed = is_less_given ? order.less : order.more;
  const std::string_view other = is_less_given ? order.more : order.less;
  const std::string_view relation = is_less_given ? (order.is_strict ? "is not below" : "is above")
                                                  : (order.is_strict ? "is not above" : "is below");
  report(blamed, fmt::format("{} {} {} ({})", shown(config, blamed), relation, other,
                             shown(config, other)));
}

bool is_address(const std::string& text) {
  in6_addr number{};
  return inet_pton(AF_INET, text.c_str(), &number) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &number) == 1;
}

void check_bind(const Config& config, const ReportProblem& report) {
  if (config.list("http.bind").empty()) report("http.bind", "names no address");
  for (const std::string& address : config.list("http.bind")) {
    if (is_address(address)) continue;
    report("http.bind", fmt::format("\"{}\" is no IPv4 or IPv6 address", quote_excerpt(address)));
  }
}

void check_ports(const Config& config, const ReportProblem& report) {
  const std::uint64_t http = config.number("http.port");
  const std::uint64_t otlp_http = config.number("otlp.http_port");
  const std::uint64_t otlp_grpc = config.number("otlp.grpc_port");
  if (otlp_http == http) report("otlp.http_port", "is the same as http.port; 0 turns it off");
  if (otlp_grpc == http) report("otlp.grpc_port", "is the same as http.port; 0 turns it off");
  if (otlp_grpc != 0 && otlp_grpc == otlp_http) {
    report("otlp.grpc_port", "is the same as otlp.http_port; 0 turns it off");
  }
}

bool is_token(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || kSigns.find(c) != std::string_view::npos;
  });
}

void check_texts(const Config& config, const ReportProblem& report) {
  if (!is_token(config.text("api_key_header"))) {
    report("api_key_header", "is not the name of a header");
  }
  if (const auto group = control::parse_rule_group(config.text("rule_group")); !group) {
    report("rule_group", group.error().message);
  }
  if (config.text("storage.path").empty()) report("storage.path", "is empty");
  if (config.text("state.path").empty()) report("state.path", "is empty");
  const std::string& link = config.text("ui.trace_url_template");
  if (!link.empty() && link.find("{trace_id}") == std::string::npos) {
    report("ui.trace_url_template", "does not hold {trace_id}");
  }
}

}  // namespace

void check_config(const Config& config, const ReportProblem& report) {
  for (const Order& order : kOrders) check_order(config, order, report);
  check_bind(config, report);
  check_ports(config, report);
  check_texts(config, report);
  static_cast<void>(export_settings(config, report));
  check_access(config, report);
  static_cast<void>(notification_settings(config, report));
  check_secret(config, "api_key", kApiKeyBytesMin, report);
  check_secret(config, "signature_key", kSignatureKeyBytesMin, report);
  check_secret(config, "signature_key_previous", kSignatureKeyBytesMin, report);
  if (config.boolean("tracing.enabled") && !config.has("otlp.endpoint")) {
    report("tracing.enabled", "has nowhere to send to: otlp.endpoint is not set");
  }
  if (config.boolean("require_signing") && !config.has("signature_key")) {
    report("require_signing", "cannot be kept without signature_key");
  }
}

}  // namespace betrace::app
