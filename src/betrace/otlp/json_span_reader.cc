#include "betrace/otlp/json_span_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "betrace/base/sha256.h"
#include "betrace/otlp/json_span_members.h"
#include "betrace/otlp/text_ids.h"

namespace betrace::otlp {
namespace {

constexpr MemberName kTraceId{"trace_id", "traceId"};
constexpr MemberName kSpanId{"span_id", "spanId"};
constexpr MemberName kParentSpanId{"parent_span_id", "parentSpanId"};
constexpr MemberName kName{"name", "name"};
constexpr MemberName kOperationName{"operation_name", "operationName"};
constexpr MemberName kService{"service", "service"};
constexpr MemberName kServiceName{"service_name", "serviceName"};
constexpr MemberName kKind{"kind", "kind"};
constexpr MemberName kStartTime{"start_time", "startTime"};
constexpr MemberName kStartTimeNanos{"start_time_unix_nano", "startTimeUnixNano"};
constexpr MemberName kEndTime{"end_time", "endTime"};
constexpr MemberName kEndTimeNanos{"end_time_unix_nano", "endTimeUnixNano"};
constexpr MemberName kDuration{"duration", "duration"};
constexpr MemberName kDurationMs{"duration_ms", "durationMs"};
constexpr MemberName kStatus{"status", "status"};
constexpr MemberName kAttributes{"attributes", "attributes"};
constexpr MemberName kResource{"resource", "resource"};
constexpr MemberName kScope{"scope", "scope"};
constexpr MemberName kEvents{"events", "events"};
constexpr MemberName kLinks{"links", "links"};
// Members of the parts of a span.
constexpr MemberName kTime{"time", "time"};
constexpr MemberName kTimeNanos{"time_unix_nano", "timeUnixNano"};
constexpr MemberName kVersion{"version", "version"};
constexpr MemberName kCode{"code", "code"};
constexpr MemberName kMessage{"message", "message"};

constexpr std::array kSpanMembers = {
    kTraceId, kSpanId,     kParentSpanId,   kName,    kOperationName, kService,  kServiceName,
    kKind,    kStartTime,  kStartTimeNanos, kEndTime, kEndTimeNanos,  kDuration, kDurationMs,
    kStatus,  kAttributes, kResource,       kScope,   kEvents,        kLinks};

constexpr std::string_view kServiceKey = "service.name";
constexpr std::string_view kOriginalTraceId = "betrace.original_trace_id";
constexpr std::string_view kOriginalSpanId = "betrace.original_span_id";

std::uint64_t saturating_add(std::uint64_t left, std::uint64_t right) {
  const std::uint64_t sum = left + right;
  return sum < left ? ~std::uint64_t{0} : sum;
}

// Reads one span object into views that point into the object and into the builder.
class SpanParser {
 public:
  SpanParser(const Json& json, std::size_t index, const JsonSpanOptions& options,
             SpanBuilder& builder)
      : json_(json), index_(index), options_(options), builder_(builder) {}

  model::SpanView parse() {
    model::SpanView span;
    if (!json_.is_object()) {
      problem_.invalid("span is not an object");
      return span;
    }
    read_ids(span);
    read_name(span);
    if (const Json* kind = member(kKind)) span.kind = read_kind(*kind, problem_);
    read_times(span);
    read_status(span);
    read_span_attributes(span);
    read_resource(span);
    read_scope(span);
    read_events(span);
    read_links(span);
    return span;
  }

  [[nodiscard]] const std::optional<SpanRejection>& problem() const { return problem_.first(); }

 private:
  const Json* member(MemberName name) { return find_member(json_, name, problem_); }

  std::string_view text_member(MemberName name) {
    const Json* found = member(name);
    return found == nullptr ? std::string_view() : read_text(*found, name.snake, problem_);
  }

  void read_ids(model::SpanView& span) {
    original_trace_id_ = read_id(kTraceId, trace_id_of_text, span.trace_id);
    original_span_id_ = read_id(kSpanId, span_id_of_text, span.span_id);
    const std::string_view parent = text_member(kParentSpanId);
    // All zeros stand for "none", as on the wire.
    if (parent.find_first_not_of('0') == std::string_view::npos &&
        (parent.empty() || parent.size() == 16)) {
      return;
    }
    const auto id = span_id_of_text(parent);
    if (id) {
      span.parent_span_id = id->id;
    } else {
      reject_id(kParentSpanId);
    }
  }

  // Returns the text that was mapped to an id, or nothing.
  template <typename IdType>
  std::string_view read_id(MemberName name,
                           std::optional<TextId<IdType>> (*parse_id)(std::string_view),
                           IdType& id) {
    const std::string_view text = text_member(name);
    if (text.empty() && options_.generate_ids) {
      const std::string seed = name.snake == kTraceId.snake
                                   ? std::string("betrace trace")
                                   : fmt::format("betrace span {}", index_);
      std::copy_n(sha256(seed).begin(), id.bytes.size(), id.bytes.begin());
      return {};
    }
    const auto parsed = parse_id(text);
    if (!parsed) {
      reject_id(name);
      return {};
    }
    id = parsed->id;
    return parsed->is_mapped ? text : std::string_view();
  }

  void reject_id(MemberName name) {
    const std::string_view text = text_member(name);
    const char* what = text.empty()                    ? "is missing"
                       : text.size() > kTextIdBytesMax ? "is longer than 128 bytes"
                                                       : "is all zeros";
    problem_.set(RejectReason::InvalidId, fmt::format("{} {}", name.snake, what));
  }

  void read_name(model::SpanView& span) {
    const MemberName name = member(kName) != nullptr ? kName : kOperationName;
    if (member(name) == nullptr) problem_.invalid("name is missing");
    span.name = builder_.name(text_member(name));
  }

  std::optional<UnixNanos> time_member(const Json& object, MemberName name, MemberName other) {
    const Json* found = find_member(object, name, problem_);
    if (found != nullptr) return read_time(*found, name.snake, problem_);
    found = find_member(object, other, problem_);
    if (found != nullptr) return read_time(*found, other.snake, problem_);
    return std::nullopt;
  }

  void read_times(model::SpanView& span) {
    const std::optional<UnixNanos> start = time_member(json_, kStartTime, kStartTimeNanos);
    const std::optional<UnixNanos> end = time_member(json_, kEndTime, kEndTimeNanos);
    const std::optional<std::uint64_t> duration = duration_member();
    if (!start && end && duration) {
      span.start_time_unix_nano = *end < *duration ? 0 : *end - *duration;
    } else {
      span.start_time_unix_nano = start.value_or(options_.default_time);
    }
    if (end || !duration) {
      span.end_time_unix_nano = end.value_or(options_.default_time);
    } else {
      span.end_time_unix_nano = saturating_add(span.start_time_unix_nano, *duration);
    }
  }

  std::optional<std::uint64_t> duration_member() {
    if (const Json* duration = member(kDuration)) return read_duration(*duration, problem_);
    if (const Json* duration = member(kDurationMs)) return read_duration_ms(*duration, problem_);
    return std::nullopt;
  }

  void read_status(model::SpanView& span) {
    const Json* status = member(kStatus);
    if (status == nullptr) return;
    if (!status->is_object()) {
      span.status_code = read_status_code(*status, problem_);
      return;
    }
    if (const Json* code = find_member(*status, kCode, problem_)) {
      span.status_code = read_status_code(*code, problem_);
    }
    if (const Json* message = find_member(*status, kMessage, problem_)) {
      span.status_message = builder_.name(read_text(*message, "status.message", problem_));
    }
  }

  void read_span_attributes(model::SpanView& span) {
    SpanBuilder::Row row = builder_.begin_attributes();
    add_text(row, kOriginalTraceId, original_trace_id_);
    add_text(row, kOriginalSpanId, original_span_id_);
    add_members(row, member(kAttributes), "attributes", {});
    span.attributes = builder_.end_attributes(row);
  }

  void read_resource(model::SpanView& span) {
    SpanBuilder::Row row = builder_.begin_attributes();
    const MemberName name = member(kService) != nullptr ? kService : kServiceName;
    const bool has_service = member(name) != nullptr;
    if (has_service) add_text(row, kServiceKey, text_member(name), true);
    // The member names the service; the attribute of that name would be a second answer.
    add_members(row, member(kResource), "resource", has_service ? kServiceKey : "");
    span.resource = builder_.end_attributes(row);
  }

  void read_scope(model::SpanView& span) {
    const Json* scope = member(kScope);
    if (scope == nullptr) return;
    if (!scope->is_object()) {
      problem_.invalid("scope is not an object");
      return;
    }
    if (const Json* name = find_member(*scope, kName, problem_)) {
      span.scope_name = builder_.name(read_text(*name, "scope.name", problem_));
    }
    if (const Json* version = find_member(*scope, kVersion, problem_)) {
      span.scope_version = builder_.name(read_text(*version, "scope.version", problem_));
    }
  }

  const Json& list_member(MemberName name) {
    static const Json kEmpty = Json::array();
    const Json* found = member(name);
    if (found == nullptr) return kEmpty;
    if (found->is_array()) return *found;
    problem_.invalid(fmt::format("{} is not a list", name.snake));
    return kEmpty;
  }

  void read_events(model::SpanView& span) {
    SpanBuilder::Row row = builder_.begin_events();
    for (const Json& json : list_member(kEvents)) {
      builder_.count_event(row);
      if (!json.is_object()) {
        problem_.invalid("events has an item that is not an object");
        continue;
      }
      model::EventView event;
      event.time_unix_nano =
          time_member(json, kTime, kTimeNanos).value_or(span.start_time_unix_nano);
      if (const Json* name = find_member(json, kName, problem_)) {
        event.name = builder_.name(read_text(*name, "events.name", problem_));
      }
      event.attributes = read_attributes(find_member(json, kAttributes, problem_));
      builder_.add_event(row, event);
    }
    span.events = builder_.end_events(row);
  }

  void read_links(model::SpanView& span) {
    SpanBuilder::Row row = builder_.begin_links();
    for (const Json& json : list_member(kLinks)) {
      builder_.count_link(row);
      if (!json.is_object()) {
        problem_.invalid("links has an item that is not an object");
        continue;
      }
      model::LinkView link;
      link.trace_id = link_id(json, kTraceId, trace_id_of_text);
      link.span_id = link_id(json, kSpanId, span_id_of_text);
      link.attributes = read_attributes(find_member(json, kAttributes, problem_));
      builder_.add_link(row, link);
    }
    span.links = builder_.end_links(row);
  }

  // A link may point nowhere: an absent id is zero.
  template <typename IdType>
  IdType link_id(const Json& json, MemberName name,
                 std::optional<TextId<IdType>> (*parse_id)(std::string_view)) {
    const Json* found = find_member(json, name, problem_);
    const std::string_view text = found == nullptr ? "" : read_text(*found, name.snake, problem_);
    if (text.size() > kTextIdBytesMax) {
      problem_.set(RejectReason::InvalidId,
                   fmt::format("links.{} is longer than 128 bytes", name.snake));
    }
    const auto parsed = parse_id(text);
    return parsed ? parsed->id : IdType{};
  }

  model::AttributesView read_attributes(const Json* json) {
    SpanBuilder::Row row = builder_.begin_attributes();
    add_members(row, json, "attributes", {});
    return builder_.end_attributes(row);
  }

  void add_text(SpanBuilder::Row& row, std::string_view key, std::string_view text,
                bool even_empty = false) {
    if (text.empty() && !even_empty) return;
    builder_.count_attribute(row);
    builder_.add_field(row, key, builder_.string_value(text));
  }

  void add_members(SpanBuilder::Row& row, const Json* json, std::string_view name,
                   std::string_view except) {
    if (json == nullptr) return;
    if (!json->is_object()) {
      problem_.invalid(fmt::format("{} is not an object", name));
      return;
    }
    for (const auto& [key, value] : json->items()) {
      if (!except.empty() && key == except) continue;
      builder_.count_attribute(row);
      const std::string_view kept_key = builder_.key(key);
      builder_.add_field(row, kept_key, read_value(value));
    }
  }

  // Recursion ends at the depth that parse_json allows.
  model::ValueView read_value(const Json& value) {
    switch (value.type()) {
      case Json::value_t::boolean:
        return model::ValueView::boolean(value.get<bool>());
      case Json::value_t::number_integer:
        return model::ValueView::integer(value.get<std::int64_t>());
      case Json::value_t::number_unsigned:
        return unsigned_value(value.get<std::uint64_t>());
      case Json::value_t::number_float:
        return model::ValueView::real(value.get<double>());
      case Json::value_t::string:
        return builder_.string_value(value.get_ref<const std::string&>());
      case Json::value_t::array:
        return list_value(value);
      case Json::value_t::object:
        return map_value(value);
      default:
        return {};
    }
  }

  // A whole number beyond 63 bits is still a number, as 2^64 and larger ones are.
  static model::ValueView unsigned_value(std::uint64_t value) {
    if (value <= static_cast<std::uint64_t>(INT64_MAX)) {
      return model::ValueView::integer(static_cast<std::int64_t>(value));
    }
    return model::ValueView::real(static_cast<double>(value));
  }

  model::ValueView list_value(const Json& json) {
    SpanBuilder::Row row = builder_.begin_list();
    for (const Json& item : json) {
      builder_.count_item(row);
      builder_.add_item(row, read_value(item));
    }
    return builder_.end_list(row);
  }

  model::ValueView map_value(const Json& json) {
    SpanBuilder::Row row = builder_.begin_map();
    for (const auto& [key, value] : json.items()) {
      builder_.count_item(row);
      const std::string_view kept_key = builder_.key(key);
      builder_.add_field(row, kept_key, read_value(value));
    }
    return builder_.end_map(row);
  }

  const Json& json_;
  std::size_t index_;
  const JsonSpanOptions& options_;
  SpanBuilder& builder_;
  SpanProblem problem_;
  std::string_view original_trace_id_;
  std::string_view original_span_id_;
};

}  // namespace

bool is_span_member(std::string_view name) noexcept {
  return std::any_of(kSpanMembers.begin(), kSpanMembers.end(), [name](const MemberName& known) {
    return known.snake == name || known.camel == name;
  });
}

JsonSpanReader::JsonSpanReader(const JsonSpanOptions& options)
    : options_(options), builder_(options.limits) {
  builder_.set_invalid_marker(options.invalid_marker);
}

tl::expected<model::KeptSpan, SpanRejection> JsonSpanReader::read(const Json& json,
                                                                  std::size_t index) {
  builder_.begin();
  SpanParser parser(json, index, options_, builder_);
  model::SpanView span = parser.parse();
  if (parser.problem()) return tl::unexpected<SpanRejection>(*parser.problem());
  const Losses& losses = builder_.losses();
  if (const auto cause = losses.reject_cause()) {
    return tl::unexpected<SpanRejection>(cause.rejection());
  }
  for (std::size_t i = 0; i < kTruncatedPartCount; ++i) truncated_[i] += losses.truncated[i];
  span.cut = losses.any_truncated();
  return model::KeptSpan::copy(span);
}

Result<JsonSpans> read_json_spans(const Json& json, const JsonSpanOptions& options) {
  if (!json.is_array()) return fail(ErrorCode::InvalidArgument, "spans is not a list");
  if (json.size() > options.limits.spans_max) {
    return fail(ErrorCode::LimitExceeded, fmt::format("spans has {} items, the limit is {}",
                                                      json.size(), options.limits.spans_max));
  }
  JsonSpanReader reader(options);
  JsonSpans result;
  for (std::size_t index = 0; index < json.size(); ++index) {
    auto span = reader.read(json[index], index);
    if (span) {
      result.spans.push_back(std::move(*span));
    } else {
      result.rejections.emplace_back(index, span.error());
    }
  }
  result.truncated = reader.truncated();
  return result;
}

}  // namespace betrace::otlp
