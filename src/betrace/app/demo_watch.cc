#include "betrace/app/demo_watch.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <utility>

namespace betrace::app {
namespace {

constexpr std::size_t kPage = 200;

std::string_view colour_of(const std::string& severity) {
  if (severity == "CRITICAL") return "\033[1;31m";
  if (severity == "HIGH") return "\033[31m";
  return severity == "MEDIUM" ? "\033[33m" : "\033[36m";
}

Result<Json> get_json(http::Client& client, const std::string& target) {
  const auto reply = client.get(target);
  if (!reply) return fail(reply.error());
  if (reply->status != 200) {
    return fail(ErrorCode::Unavailable, fmt::format("GET {} answered {}", target, reply->status));
  }
  return parse_json(reply->body);
}

// `POST /checkout (storefront), order.place (checkout) and 3 more`
std::string describe_witnesses(const Json& violation) {
  constexpr std::size_t kShown = 3;
  const Json& witnesses = violation.at("witnesses");
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, witnesses.size()); ++i) {
    text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", witnesses[i].value("name", ""),
                        witnesses[i].value("service", "-"));
  }
  const auto count = violation.value("witness_count", std::uint64_t{0});
  if (count > kShown) text += fmt::format(" and {} more", count - kShown);
  return text.empty() ? "the trace itself" : text;
}

}  // namespace

ViolationWatch::ViolationWatch(http::Client client, std::string base_url, bool colour)
    : client_(std::move(client)), base_url_(std::move(base_url)), colour_(colour) {}

Result<std::vector<Json>> ViolationWatch::fetch_new() {
  std::vector<Json> found;
  std::string target = fmt::format("/v1/violations?limit={}", kPage);
  for (bool more = true; more;) {
    auto page = get_json(client_, target);
    if (!page) return fail(page.error());
    more = false;
    for (const Json& violation : page->at("violations")) {
      if (violation.at("sequence").get<std::uint64_t>() > last_sequence_)
        found.push_back(violation);
    }
    const Json& cursor = page->at("next_cursor");
    if (!cursor.is_null() && !found.empty() && found.size() % kPage == 0) {
      target = fmt::format("/v1/violations?limit={}&cursor={}", kPage, cursor.get<std::string>());
      more = true;
    }
  }
  for (const Json& violation : found) {
    last_sequence_ = std::max(last_sequence_, violation.at("sequence").get<std::uint64_t>());
  }
  std::reverse(found.begin(), found.end());
  return found;
}

Result<void> ViolationWatch::skip_present() {
  const auto page = get_json(client_, "/v1/violations?limit=1");
  if (!page) return fail(page.error());
  for (const Json& violation : page->at("violations")) {
    last_sequence_ = violation.at("sequence").get<std::uint64_t>();
  }
  return {};
}

Result<void> ViolationWatch::print_new(std::ostream& out) {
  const auto found = fetch_new();
  if (!found) return fail(found.error());
  for (const Json& listed : *found) {
    const auto whole = get_json(client_, "/v1/violations/" + listed.at("id").get<std::string>());
    if (!whole) return fail(whole.error());
    print(*whole, out);
    seen_[whole->at("trace_id").get<std::string>()].insert(whole->at("rule_id").get<std::string>());
  }
  out.flush();
  return {};
}

void ViolationWatch::print(const Json& violation, std::ostream& out) {
  const auto severity = violation.at("severity").get<std::string>();
  const auto created = violation.at("created_at").get<std::string>();
  const Json& grade = violation.at("completeness");
  fmt::print(out, "{} {}{:<8}{} {}\n", created.substr(11, 8), colour_ ? colour_of(severity) : "",
             severity, colour_ ? "\033[0m" : "", violation.at("rule_name").get<std::string>());
  fmt::print(out, "         proved by  {}\n", describe_witnesses(violation));
  fmt::print(out, "         trace      {} ({})\n", violation.at("trace_id").get<std::string>(),
             grade.is_null() ? "decided on arrival" : grade.get<std::string>());
  fmt::print(out, "         look at    {}/v1/violations/{}\n", base_url_,
             violation.at("id").get<std::string>());
}

}  // namespace betrace::app
