#include "betrace/bench/server_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "betrace/base/json.h"

namespace betrace::bench {
namespace {

constexpr std::chrono::seconds kApiTimeout{60};  // a machine under full load answers late

http::ClientOptions api_client_options(const Target& api) {
  http::ClientOptions options;
  options.host = api.host;
  options.port = api.port;
  options.timeout = kApiTimeout;
  return options;
}

}  // namespace

MetricsReading MetricsReading::parse(std::string_view text) {
  MetricsReading reading;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t blank = line.rfind(' ');
    if (line.starts_with('#') || blank == std::string_view::npos) continue;
    double value = 0;
    const auto [end, error] =
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    if (error == std::errc{}) reading.series_.emplace(line.substr(0, blank), value);
  }
  return reading;
}

double MetricsReading::sum(std::string_view name, std::string_view labels) const {
  double sum = 0;
  for (auto each = series_.lower_bound(name); each != series_.end(); ++each) {
    if (!each->first.starts_with(name)) break;
    const std::string_view rest = std::string_view(each->first).substr(name.size());
    const bool is_of_metric = rest.empty() || rest.front() == '{';
    if (is_of_metric && rest.find(labels) != std::string_view::npos) sum += each->second;
  }
  return sum;
}

ServerView::ServerView(const Target& api) : client_(api_client_options(api)) {}

Result<std::string> ServerView::get(std::string_view target) {
  const auto reply = client_.get(target);
  if (!reply) return fail(reply.error());
  if (reply->status != 200) {
    return fail(ErrorCode::Unavailable, fmt::format("GET {} answered {}", target, reply->status));
  }
  return reply->body;
}

Result<MetricsReading> ServerView::read_metrics() {
  const auto text = get("/metrics");
  if (!text) return fail(text.error());
  return MetricsReading::parse(*text);
}

Result<void> ServerView::skip_violations() {
  const auto skipped = new_violations();
  if (!skipped) return fail(skipped.error());
  return {};
}

Result<std::vector<SeenViolation>> ServerView::new_violations(UnixNanos since) {
  std::vector<SeenViolation> found;
  std::uint64_t newest = last_sequence_;
  std::string cursor;
  // All pages: they are in the order of time, in which shards differ from the order in the log.
  for (bool more = true; more;) {
    std::string target = "/v1/violations?limit=1000&status=all";
    if (since > 0) target += "&start_time=" + format_rfc3339(since);
    if (!cursor.empty()) target += "&cursor=" + cursor;
    const auto text = get(target);
    if (!text) return fail(text.error());
    const auto list = parse_json(*text);
    if (!list) return fail(list.error());
    more = !list->at("next_cursor").is_null();
    if (more) cursor = list->at("next_cursor").get<std::string>();
    for (const Json& violation : list->at("violations")) {
      const auto sequence = violation.at("sequence").get<std::uint64_t>();
      newest = std::max(newest, sequence);
      if (sequence <= last_sequence_ || violation.at("status") != "confirmed") continue;
      const auto decided = parse_rfc3339(violation.at("created_at").get<std::string>());
      if (!decided) return fail(decided.error());
      found.push_back({violation.at("trace_id").get<std::string>(),
                       violation.at("rule_id").get<std::string>(), *decided});
    }
  }
  last_sequence_ = newest;
  return found;
}

Result<std::map<std::string, std::string>> ServerView::read_rules() {
  const auto text = get("/v1/rules/export");
  if (!text) return fail(text.error());
  const auto document = parse_json(*text);
  if (!document) return fail(document.error());
  std::map<std::string, std::string> rules;
  for (const Json& rule : document->is_array() ? *document : document->at("rules")) {
    rules.emplace(rule.at("id").get<std::string>(), rule.at("expression").get<std::string>());
  }
  return rules;
}

}  // namespace betrace::bench
