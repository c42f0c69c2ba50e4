#include "betrace/otlp/json_span_decoder.h"

namespace betrace::otlp {
namespace {

model::SpanKind kind_of(std::int64_t number) {
  return number >= 0 && number <= 5 ? static_cast<model::SpanKind>(number)
                                    : model::SpanKind::Unspecified;
}

}  // namespace

model::SpanView JsonSpanDecoder::decode(Object json) {
  for (const auto& [name, element] : json) take(name, element);
  span_.name = values_.name(name_, "name");
  span_.trace_id = id<model::TraceId>(trace_id_, "trace_id");
  span_.span_id = id<model::SpanId>(span_id_, "span_id");
  span_.parent_span_id = id<model::SpanId>(parent_span_id_, "parent_span_id");
  if (kind_.is_there()) span_.kind = kind_of(json_enum(kind_.element(), "kind", problem_));
  span_.start_time_unix_nano = time(start_time_, "startTimeUnixNano");
  span_.end_time_unix_nano = time(end_time_, "endTimeUnixNano");
  span_.attributes = values_.attributes(attributes_);
  take_events();
  take_links();
  take_status();
  return span_;
}

void JsonSpanDecoder::take(std::string_view name, JsonElement element) {
  if (name == "traceId") trace_id_.set(element);
  if (name == "spanId") span_id_.set(element);
  if (name == "parentSpanId") parent_span_id_.set(element);
  if (name == "name") name_.set(element);
  if (name == "kind") kind_.set(element);
  if (name == "startTimeUnixNano") start_time_.set(element);
  if (name == "endTimeUnixNano") end_time_.set(element);
  if (name == "attributes") attributes_.set(element);
  if (name == "events") events_.set(element);
  if (name == "links") links_.set(element);
  if (name == "status") status_.set(element);
}

template <typename IdType>
IdType JsonSpanDecoder::id(const JsonMember& member, const char* name) {
  IdType id;
  const std::string_view text =
      member.is_there() ? json_text(member.element(), name, problem_) : "";
  if (!text.empty() && !IdType::parse(text, &id)) {
    invalid_id_ = name;
    return IdType{};
  }
  return id;
}

std::uint64_t JsonSpanDecoder::time(const JsonMember& member, std::string_view name) {
  return member.is_there() ? json_uint64(member.element(), name, problem_) : 0;
}

void JsonSpanDecoder::take_events() {
  SpanBuilder::Row row = builder_.begin_events();
  if (events_.is_there()) {
    for_each_object(events_.element(), "events", problem_, [&](Object json) {
      builder_.count_event(row);
      builder_.add_event(row, event(json));
    });
  }
  span_.events = builder_.end_events(row);
}

model::EventView JsonSpanDecoder::event(Object json) {
  JsonMember event_time;
  JsonMember event_name;
  JsonMember attributes;
  for (const auto& [name, element] : json) {
    if (name == "timeUnixNano") event_time.set(element);
    if (name == "name") event_name.set(element);
    if (name == "attributes") attributes.set(element);
  }
  model::EventView event;
  event.time_unix_nano = time(event_time, "timeUnixNano");
  event.name = values_.name(event_name, "name");
  event.attributes = values_.attributes(attributes);
  return event;
}

void JsonSpanDecoder::take_links() {
  SpanBuilder::Row row = builder_.begin_links();
  if (links_.is_there()) {
    for_each_object(links_.element(), "links", problem_, [&](Object json) {
      builder_.count_link(row);
      builder_.add_link(row, link(json));
    });
  }
  span_.links = builder_.end_links(row);
}

model::LinkView JsonSpanDecoder::link(Object json) {
  JsonMember trace_id;
  JsonMember span_id;
  JsonMember attributes;
  for (const auto& [name, element] : json) {
    if (name == "traceId") trace_id.set(element);
    if (name == "spanId") span_id.set(element);
    if (name == "attributes") attributes.set(element);
  }
  model::LinkView link;
  link.trace_id = id<model::TraceId>(trace_id, "link trace_id");
  link.span_id = id<model::SpanId>(span_id, "link span_id");
  link.attributes = values_.attributes(attributes);
  return link;
}

void JsonSpanDecoder::take_status() {
  if (!status_.is_there()) return;
  if (!status_.element().is_object()) return problem_.set("status", "is not an object");
  JsonMember code;
  JsonMember message;
  const Object json = status_.element().get_object().value_unsafe();
  for (const auto& [name, element] : json) {
    if (name == "code") code.set(element);
    if (name == "message") message.set(element);
  }
  span_.status_message = values_.name(message, "status.message");
  const std::int64_t number =
      code.is_there() ? json_enum(code.element(), "status.code", problem_) : 0;
  span_.status_code = number >= 0 && number <= 2 ? static_cast<model::StatusCode>(number)
                                                 : model::StatusCode::Unset;
}

}  // namespace betrace::otlp
