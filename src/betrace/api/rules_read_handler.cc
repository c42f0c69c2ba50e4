#include "betrace/api/rules_read_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <span>

#include "betrace/api/query.h"
#include "betrace/api/rule_json.h"
#include "betrace/api/rule_statistics.h"
#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/control/change.h"
#include "betrace/storage/rule_document.h"

namespace betrace::api {
namespace {

constexpr std::size_t kHistoryMax = 1'000;

struct RuleFilter {
  bool enabled_only = false;
  std::vector<model::Severity> severities;
  std::vector<std::string> tags;

  [[nodiscard]] bool matches(const model::Rule& rule) const {
    if (enabled_only && !rule.enabled) return false;
    const bool has_severity = severities.empty() || std::find(severities.begin(), severities.end(),
                                                              rule.severity) != severities.end();
    const bool has_tag =
        tags.empty() || std::any_of(tags.begin(), tags.end(), [&rule](const std::string& tag) {
          return std::find(rule.tags.begin(), rule.tags.end(), tag) != rule.tags.end();
        });
    return has_severity && has_tag;
  }
};

RuleFilter read_filter(QueryReader& query) {
  RuleFilter filter;
  filter.enabled_only = query.boolean("enabled_only", false);
  filter.severities = query.severities("severity");
  filter.tags = query.list("tags");
  return filter;
}

// What the list shows changes with the definitions and with what the engine quarantines.
std::string list_etag(const control::LoadedRules& rules, const engine::ShardStatistics& numbers) {
  std::string quarantined;
  for (const auto& row : numbers.rules) {
    if (row.second.is_quarantined) quarantined += row.first + ' ';
  }
  if (quarantined.empty()) return fmt::format("W/\"rules-{}\"", rules.version);
  const Sha256 digest = sha256(quarantined);
  return fmt::format("W/\"rules-{}-{}\"", rules.version, to_hex(std::span(digest).first(4)));
}

http::Response cacheable(http::Response response, std::string_view etag) {
  response.headers.add("ETag", etag);
  response.headers.add("Cache-Control", "no-cache");
  return response;
}

OrderedJson diff_json(const storage::StoredRuleChange& change,
                      const std::optional<model::Rule>& before) {
  OrderedJson diff = OrderedJson::array();
  const auto& after = change.record.rule;
  if (!after || !before || change.record.change == "delete") return diff;
  const OrderedJson old_members = storage::rule_object(*before);
  const OrderedJson new_members = storage::rule_object(*after);
  for (const std::string& member : control::differing_members(*before, *after)) {
    diff.push_back(
        {{"member", member}, {"old", old_members.at(member)}, {"new", new_members.at(member)}});
  }
  return diff;
}

}  // namespace

Reply<http::Response> RulesReadHandler::list(const http::Request& request,
                                             const http::PathParameters&) const {
  QueryReader query(request.head);
  const RuleFilter filter = read_filter(query);
  const Page page =
      query.page(0, options_.query_results_max, std::numeric_limits<std::uint32_t>::max());
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));

  const control::LoadedRulesPtr rules = services_.rules.rules();
  const engine::ShardStatistics numbers = services_.statistics();
  const std::string etag = list_etag(*rules, numbers);
  if (is_unchanged(request.head, etag)) return cacheable(http::empty_response(304), etag);

  OrderedJson shown = OrderedJson::array();
  std::uint64_t matches = 0;
  for (const control::LoadedRulePtr& rule : rules->rules) {
    if (!filter.matches(rule->rule)) continue;
    const bool is_on_page =
        matches >= page.offset && (page.limit == 0 || shown.size() < page.limit);
    if (is_on_page) shown.push_back(rule_json(*rule, is_quarantined(numbers, rule->rule.id)));
    matches += 1;
  }
  return cacheable(json_reply(200, {{"rules", std::move(shown)},
                                    {"total_count", matches},
                                    {"limit", page.limit},
                                    {"offset", page.offset}}),
                   etag);
}

Reply<http::Response> RulesReadHandler::get(const http::Request& request,
                                            const http::PathParameters& path) const {
  QueryReader query(request.head);
  const bool with_statistics = query.boolean("statistics", true);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));

  const std::string& id = path.at("id");
  const control::LoadedRulePtr rule = services_.rules.rules()->find(id);
  if (rule == nullptr) {
    return refuse(ErrorKind::RuleNotFound, control::rule_not_found(id).message);
  }
  if (!with_statistics && is_unchanged(request.head, rule->etag)) {
    return cacheable(http::empty_response(304), rule->etag);
  }
  const engine::ShardStatistics numbers = services_.statistics();
  OrderedJson json = rule_json(*rule, is_quarantined(numbers, id));
  if (!with_statistics) return cacheable(json_reply(200, json), rule->etag);
  json["statistics"] = rule_statistics_json(services_, numbers, id, options_.started.wall);
  http::Response response = json_reply(200, json);
  response.headers.add("ETag", rule->etag);
  return response;
}

Reply<http::Response> RulesReadHandler::history(const http::Request& request,
                                                const http::PathParameters& path) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const std::string& id = path.at("id");
  const auto changes = services_.violations.rule_history(id, kHistoryMax);
  if (!changes) return refuse(to_api_error(changes.error()));
  if (changes->empty() && services_.rules.rules()->find(id) == nullptr) {
    return refuse(ErrorKind::RuleNotFound, control::rule_not_found(id).message);
  }
  OrderedJson revisions = OrderedJson::array();
  for (std::size_t i = 0; i < changes->size(); ++i) {
    const storage::RuleChangeRecord& record = (*changes)[i].record;
    const bool has_older = i + 1 < changes->size();
    revisions.push_back(
        {{"revision", record.revision},
         {"time", format_rfc3339(record.time)},
         {"actor", record.actor},
         {"source", record.source},
         {"change", record.change},
         {"diff", diff_json((*changes)[i], has_older ? (*changes)[i + 1].record.rule
                                                     : std::optional<model::Rule>())}});
  }
  return json_reply(200, {{"revisions", std::move(revisions)}, {"total_count", changes->size()}});
}

}  // namespace betrace::api
