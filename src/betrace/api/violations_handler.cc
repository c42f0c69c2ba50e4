#include "betrace/api/violations_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <functional>

#include "betrace/api/object_reader.h"
#include "betrace/api/query.h"
#include "betrace/base/utf8.h"
#include "betrace/model/violation_json.h"
#include "betrace/otlp/text_ids.h"

namespace betrace::api {
namespace {

constexpr std::uint32_t kPageDefault = 100;
constexpr std::uint64_t kOffsetMax = 10'000;

constexpr std::array kGrades = {model::Completeness::Reopened,  model::Completeness::Shed,
                                model::Completeness::Truncated, model::Completeness::NoRoot,
                                model::Completeness::Orphans,   model::Completeness::Complete};

std::vector<model::Completeness> read_grades(QueryReader& query) {
  std::vector<model::Completeness> grades;
  for (const std::string& item : query.list("completeness")) {
    const auto grade =
        std::find_if(kGrades.begin(), kGrades.end(),
                     [&item](model::Completeness known) { return model::name_of(known) == item; });
    if (grade == kGrades.end()) {
      query.reject("completeness",
                   "is none of reopened, shed, truncated, no_root, orphans, complete");
      return {};
    }
    grades.push_back(*grade);
  }
  return grades;
}

std::optional<model::TraceId> read_trace_id(QueryReader& query) {
  const auto text = query.text("trace_id");
  if (!text) return std::nullopt;
  const auto id = otlp::trace_id_of_text(*text);
  if (id) return id->id;
  query.reject("trace_id", "is not an id");
  return std::nullopt;
}

std::optional<model::ViolationStatus> read_status(QueryReader& query, std::string_view absent) {
  const std::string word = query.text("status").value_or(std::string(absent));
  if (word == "confirmed") return model::ViolationStatus::Confirmed;
  if (word == "withdrawn") return model::ViolationStatus::Withdrawn;
  if (word != "all") query.reject("status", "is none of confirmed, withdrawn, all");
  return std::nullopt;
}

// Decimal digits; 0 if they are none, or too large.
std::uint64_t sequence_of(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end && value < storage::kSequenceMax ? value : 0;
}

// A sequence as decimal text or as a number, from 1.
std::optional<std::uint64_t> read_sequence(ObjectReader& reader, std::string_view member) {
  const Json* json = reader.find(member);
  if (json == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  if (json->is_number_unsigned()) value = json->get<std::uint64_t>();
  if (json->is_string()) value = sequence_of(json->get_ref<const std::string&>());
  if (value != 0 && value < storage::kSequenceMax) return value;
  reader.reject(ErrorKind::InvalidField, fmt::format("{} is not a sequence", member));
  return std::nullopt;
}

// The filters that the list and the stream share.
storage::ViolationQuery read_filters(QueryReader& query, std::string_view status_absent) {
  storage::ViolationQuery wanted;
  wanted.rule_ids = query.list("rule_id");
  wanted.severities = query.severities("severity");
  wanted.services = query.list("service");
  wanted.completeness = read_grades(query);
  wanted.status = read_status(query, status_absent);
  return wanted;
}

// The time that this thread works counts, not that for which it waits for a processor.
std::function<bool()> clock_of(std::chrono::milliseconds time_max) {
  const auto used = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  return [used, end = used() + time_max] { return used() >= end; };
}

Reply<storage::ViolationQuery> read_query(const http::RequestHead& head,
                                          const ApiOptions& options) {
  QueryReader query(head);
  storage::ViolationQuery wanted = read_filters(query, "confirmed");
  wanted.trace_id = read_trace_id(query);
  wanted.start_time = query.time("start_time").value_or(0);
  wanted.end_time = query.time("end_time");
  wanted.late = query.optional_boolean("late");
  wanted.early = query.optional_boolean("early");
  const Page page = query.page(kPageDefault, options.query_results_max, kOffsetMax);
  wanted.limit = page.limit;
  wanted.offset = static_cast<std::uint32_t>(page.offset);
  wanted.cursor = query.text("cursor").value_or("");
  if (head.parameter("cursor") && head.parameter("offset")) {
    query.reject("cursor", "and offset exclude each other");
  }
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  wanted.is_time_spent = clock_of(options.query_time);
  return wanted;
}

model::ViolationPlace place_of(const storage::StoredViolation& stored) {
  return {stored.sequence, stored.created_at, stored.signature, stored.key_id};
}

// Whether the HMAC fits the stored bytes now; null: there is none, or its key is not here.
OrderedJson verified(const ApiServices& services, const storage::StoredViolation& stored) {
  if (stored.signature.empty()) return nullptr;
  const auto proofs = services.violations.evidence_of(stored.violation.key.id());
  if (!proofs) return false;
  const evidence::EvidenceRecord& first = proofs->front().record;
  const auto is_good = services.record_keys.verify(first.payload, first.mac);
  return is_good ? OrderedJson(*is_good) : OrderedJson();
}

}  // namespace

Reply<http::Response> ViolationsHandler::list(const http::Request& request,
                                              const http::PathParameters&) const {
  const auto wanted = read_query(request.head, options_);
  if (!wanted) return refuse(wanted.error());
  const auto page = services_.violations.query(*wanted);
  if (!page) {
    const bool is_cursor = page.error().code == ErrorCode::InvalidArgument;
    if (is_cursor) return refuse(ErrorKind::InvalidCursor, page.error().message);
    return refuse(to_api_error(page.error()));
  }
  OrderedJson violations = OrderedJson::array();
  for (const storage::StoredViolation& stored : page->violations) {
    violations.push_back(model::violation_json(stored.violation, place_of(stored)));
  }
  OrderedJson body = {
      {"violations", std::move(violations)},
      {"total", page->total},
      {"total_count", page->total},
      {"limit", wanted->limit},
      {"offset", wanted->offset},
      {"next_cursor", page->next_cursor.empty() ? OrderedJson() : OrderedJson(page->next_cursor)}};
  if (page->is_cut) body["total_is_exact"] = false;
  return json_reply(200, body);
}

Reply<http::Response> ViolationsHandler::get(const http::Request& request,
                                             const http::PathParameters& path) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  const std::string& id = path.at("id");
  const auto stored = services_.violations.find(id);
  if (!stored) {
    if (stored.error().code != ErrorCode::NotFound) return refuse(to_api_error(stored.error()));
    return refuse(ErrorKind::ViolationNotFound,
                  fmt::format("there is no violation {}", quote_excerpt(id)));
  }
  OrderedJson json = model::violation_json(stored->violation, place_of(*stored));
  json["verified"] = verified(services_, *stored);
  json.update(model::violation_proof_json(stored->violation));
  if (!stored->cut.empty()) json["cut"] = stored->cut;
  OrderedJson links = OrderedJson::object();
  if (!options_.trace_url_template.empty()) {
    links["trace"] = model::trace_link(options_.trace_url_template, stored->violation.trace_id);
  }
  links["evidence"] = fmt::format("/v1/violations/{}/evidence", id);
  json["links"] = std::move(links);
  return json_reply(200, json);
}

// A client that comes back says so in the header, and its URL is that of its beginning.
Reply<http::Response> ViolationsHandler::stream(const http::Request& request,
                                                const http::PathParameters&) const {
  QueryReader query(request.head);
  storage::ViolationQuery filter = read_filters(query, "all");
  auto after = query.text("last_event_id");
  if (const auto header = request.head.headers.find("Last-Event-ID")) after = *header;
  std::optional<std::uint64_t> sequence;
  if (after && !after->empty()) {
    sequence = sequence_of(*after);
    if (*sequence == 0 && *after != "0") query.reject("last_event_id", "is not a sequence");
  }
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  http::Response response = http::make_response(200, "text/event-stream", "");
  response.stream = feed_->follow(std::move(filter), sequence);
  if (response.stream != nullptr) return response;
  return refuse({.kind = ErrorKind::TooManyStreams,
                 .message = "limits.sse_clients streams are open already",
                 .retry_after = 5});
}

Reply<http::Response> ViolationsHandler::resend(const http::Request& request,
                                                const http::PathParameters&) const {
  const auto body = read_json_object(request.body, options_.json_depth_max);
  if (!body) return refuse(body.error());
  ObjectReader reader(*body);
  storage::SequenceRange range;
  range.first = read_sequence(reader, "from_seq").value_or(0);
  const std::uint64_t newest = services_.violations.status().last_sequence;
  range.last = read_sequence(reader, "to_seq").value_or(newest);
  if (reader.find("from_seq") == nullptr) reader.reject_missing("from_seq");
  if (range.last < range.first) reader.reject(ErrorKind::InvalidField, "to_seq is below from_seq");
  if (reader.mistake()) return refuse(*reader.mistake());
  if (!services_.resend) {
    return refuse(ErrorKind::NotFound, "there is no sink; otlp.endpoint names one");
  }
  services_.resend(range);
  OrderedJson reply;
  reply["from_seq"] = std::to_string(range.first);
  reply["to_seq"] = std::to_string(range.last);
  http::Response response = json_reply(202, reply);
  name_ignored(reader.unknown(), &response);
  return response;
}

}  // namespace betrace::api
