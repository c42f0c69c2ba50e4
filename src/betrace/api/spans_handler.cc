#include "betrace/api/spans_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "betrace/api/object_reader.h"
#include "betrace/api/query.h"
#include "betrace/base/utf8.h"
#include "betrace/otlp/json_span_reader.h"
#include "betrace/otlp/utf8_repair.h"

namespace betrace::api {
namespace {

using telemetry::MetricId;

constexpr std::string_view kProtocol = "json";
constexpr std::size_t kErrorsMax = 100;
constexpr std::size_t kIgnoredMembersMax = 32;

// A full queue is the sender's pace (429), anything else the state of the process (503).
ApiError refusal_error(const engine::Refusal& refusal, telemetry::Phase phase) {
  ApiError error;
  error.message = fmt::format("spans cannot be taken now ({})", refusal.limit);
  error.retry_after = refusal.retry_after_seconds;
  error.kind = ErrorKind::Overloaded;
  if (refusal.limit == "ingest_queue") error.kind = ErrorKind::RateLimited;
  if (refusal.limit == "stopping") {
    error.kind =
        phase == telemetry::Phase::Starting ? ErrorKind::Starting : ErrorKind::ShuttingDown;
  }
  return error;
}

struct ParsedBody {
  Json json;
  std::string marker;  // stands for invalid UTF-8; empty if there is none
};

// One span with invalid text must not cost the others.
Reply<ParsedBody> parse_body(std::string_view body, int depth_max) {
  if (is_utf8(body)) {
    auto json = read_json_object(body, depth_max);
    if (!json) return refuse(std::move(json.error()));
    return ParsedBody{std::move(*json), ""};
  }
  auto repaired = otlp::repair_utf8(body);
  if (!repaired) return refuse(ErrorKind::InvalidJson, "the body is not UTF-8");
  auto json = read_json_object(repaired->text, depth_max);
  if (!json) return refuse(std::move(json.error()));
  return ParsedBody{std::move(*json), std::move(repaired->marker)};
}

// Names of members that no span has, of the body and of its spans.
std::vector<std::string> ignored_members(const ObjectReader& reader, const Json& spans) {
  std::vector<std::string> names = reader.unknown();
  std::set<std::string> of_spans;
  for (const Json& span : spans) {
    if (!span.is_object()) continue;
    for (const auto& item : span.items()) {
      const bool is_new = !otlp::is_span_member(item.key()) && of_spans.size() < kIgnoredMembersMax;
      if (is_new) of_spans.insert(item.key());
    }
  }
  names.insert(names.end(), of_spans.begin(), of_spans.end());
  return names;
}

void count(const otlp::JsonSpans& read, telemetry::Metrics& metrics) {
  const std::size_t decoded = read.spans.size() + read.rejections.size();
  if (decoded > 0) {
    metrics.add(MetricId::SpansReceived, {kProtocol}, static_cast<double>(decoded));
  }
  for (const auto& rejection : read.rejections) {
    metrics.add(MetricId::SpansRejected, {otlp::name_of(rejection.second.reason)});
  }
  for (std::size_t i = 0; i < read.truncated.size(); ++i) {
    if (read.truncated[i] == 0) continue;
    metrics.add(MetricId::Truncated, {otlp::name_of(static_cast<otlp::TruncatedPart>(i))},
                static_cast<double>(read.truncated[i]));
  }
}

OrderedJson errors_json(const otlp::JsonSpans& read) {
  OrderedJson errors = OrderedJson::array();
  for (const auto& rejection : read.rejections) {
    if (errors.size() == kErrorsMax) break;
    errors.push_back({{"index", rejection.first},
                      {"code", "invalid_field"},
                      {"message", rejection.second.message}});
  }
  return errors;
}

}  // namespace

Reply<http::Response> SpansHandler::take(const http::Request& request,
                                         const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  if (const auto refusal = services_.spans.admit(request.body.size())) {
    services_.metrics.add(MetricId::Refused, {refusal->limit, kProtocol});
    return refuse(refusal_error(*refusal, services_.readiness.phase()));
  }
  const auto body = parse_body(request.body, options_.json_depth_max);
  if (!body) {
    services_.metrics.add(MetricId::Refused, {"malformed", kProtocol});
    return refuse(body.error());
  }
  ObjectReader reader(body->json);
  const Json* spans = reader.find("spans");
  if (spans == nullptr) {
    services_.metrics.add(MetricId::Refused, {"malformed", kProtocol});
    return refuse(ErrorKind::MissingField, "spans is missing");
  }

  otlp::JsonSpanOptions options;
  options.default_time = services_.clock().wall;
  options.invalid_marker = body->marker;
  options.limits = options_.span_limits;
  auto read = otlp::read_json_spans(*spans, options);
  if (!read) {
    const bool is_too_many = read.error().code == ErrorCode::LimitExceeded;
    services_.metrics.add(MetricId::Refused,
                          {is_too_many ? "spans_per_request" : "malformed", kProtocol});
    return refuse(is_too_many ? ErrorKind::PayloadTooLarge : ErrorKind::InvalidField,
                  read.error().message);
  }
  count(*read, services_.metrics);
  if (services_.spans_taken) {
    services_.spans_taken(request.head.actor, request.head.remote_address,
                          read->spans.size() + read->rejections.size());
  }
  const std::size_t accepted = read->spans.size();
  OrderedJson answer = {{"accepted", accepted},
                        {"rejected", read->rejections.size()},
                        {"errors", errors_json(*read)}};
  if (accepted == 0 && !read->rejections.empty()) {
    ApiError error;
    error.kind = ErrorKind::NoValidSpan;
    error.message = fmt::format("no span is valid; spans[{}]: {}", read->rejections.front().first,
                                read->rejections.front().second.message);
    error.details = std::move(answer);
    return refuse(std::move(error));
  }
  if (accepted > 0) {
    const auto intake = services_.spans.open({kProtocol, http::key_id_of(request.head.actor)});
    for (const model::KeptSpan& span : read->spans) intake->add(span.view());
    intake->submit();
  }
  http::Response response = json_reply(202, answer);
  name_ignored(ignored_members(reader, *spans), &response);
  return response;
}

}  // namespace betrace::api
