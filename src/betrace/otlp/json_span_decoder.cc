#include "betrace/otlp/json_span_decoder.h"

namespace betrace::otlp {
namespace {

model::SpanKind kind_of(std::int64_t number) {
  return number >= 0 && number <= 5 ? static_cast<model::SpanKind>(number)
                                    : model::SpanKind::Unspecified;
}

}  // namespace

// All members are found first: the last of a name counts, and problems have an order of their own.
model::SpanView& JsonSpanDecoder::decode(JsonElement json) {
  take_members(json);
  span_.name = values_.name(name_, "name");
  span_.trace_id = id<model::TraceId>(trace_id_, "trace_id");
  span_.span_id = id<model::SpanId>(span_id_, "span_id");
  span_.parent_span_id = id<model::SpanId>(parent_span_id_, "parent_span_id");
  span_.kind = kind_of(json_enum(kind_, "kind", problem_));
  span_.start_time_unix_nano = json_uint64(start_time_, "startTimeUnixNano", problem_);
  span_.end_time_unix_nano = json_uint64(end_time_, "endTimeUnixNano", problem_);
  span_.attributes = values_.attributes(attributes_);
  take_events();
  take_links();
  take_status();
  return span_;
}

void JsonSpanDecoder::take_members(JsonElement json) {
  const JsonElement end = json.end();
  JsonElement at = json.inner();
  // Most senders write them in this order, where each guess is right and easy to foresee. What
  // stands behind a value is a name or the end.
  const auto guess = [&at](const auto& name, JsonElement* member) {
    if (at.type() != JsonType::String || !is_same(at.as_text(), name)) return;
    *member = at.inner();
    at = member->next();
  };
  guess("traceId", &trace_id_);
  guess("spanId", &span_id_);
  guess("parentSpanId", &parent_span_id_);
  guess("name", &name_);
  guess("kind", &kind_);
  guess("startTimeUnixNano", &start_time_);
  guess("endTimeUnixNano", &end_time_);
  guess("attributes", &attributes_);
  while (at.is_before(end)) {
    const JsonElement element = at.inner();
    take(at.as_text(), element);
    at = element.next();
  }
}

void JsonSpanDecoder::take(std::string_view name, JsonElement element) {
  switch (name.size()) {
    case 4:
      if (is_same(name, "name")) name_ = element;
      if (is_same(name, "kind")) kind_ = element;
      break;
    case 5:
      if (is_same(name, "links")) links_ = element;
      break;
    case 6:
      if (is_same(name, "spanId")) span_id_ = element;
      if (is_same(name, "events")) events_ = element;
      if (is_same(name, "status")) status_ = element;
      break;
    case 7:
      if (is_same(name, "traceId")) trace_id_ = element;
      break;
    case 10:
      if (is_same(name, "attributes")) attributes_ = element;
      break;
    case 12:
      if (is_same(name, "parentSpanId")) parent_span_id_ = element;
      break;
    case 15:
      if (is_same(name, "endTimeUnixNano")) end_time_ = element;
      break;
    case 17:
      if (is_same(name, "startTimeUnixNano")) start_time_ = element;
      break;
    default:
      break;
  }
}

template <typename IdType>
IdType JsonSpanDecoder::id(JsonElement hex, const char* name) {
  IdType id;
  const std::string_view text = json_text(hex, name, problem_);
  if (!text.empty() && !IdType::parse(text, &id)) {
    invalid_id_ = name;
    return IdType{};
  }
  return id;
}

void JsonSpanDecoder::take_events() {
  SpanBuilder::Row row = builder_.begin_events();
  for_each_object(events_, "events", problem_, [&](JsonElement json) {
    builder_.count_event(row);
    builder_.add_event(row, event(json));
  });
  span_.events = builder_.end_events(row);
}

model::EventView JsonSpanDecoder::event(JsonElement json) {
  JsonElement event_time;
  JsonElement event_name;
  JsonElement attributes;
  for_each_member(json, [&](std::string_view name, JsonElement element) {
    if (is_same(name, "timeUnixNano")) event_time = element;
    if (is_same(name, "name")) event_name = element;
    if (is_same(name, "attributes")) attributes = element;
  });
  model::EventView event;
  event.time_unix_nano = json_uint64(event_time, "timeUnixNano", problem_);
  event.name = values_.name(event_name, "name");
  event.attributes = values_.attributes(attributes);
  return event;
}

void JsonSpanDecoder::take_links() {
  SpanBuilder::Row row = builder_.begin_links();
  for_each_object(links_, "links", problem_, [&](JsonElement json) {
    builder_.count_link(row);
    builder_.add_link(row, link(json));
  });
  span_.links = builder_.end_links(row);
}

model::LinkView JsonSpanDecoder::link(JsonElement json) {
  JsonElement trace_id;
  JsonElement span_id;
  JsonElement attributes;
  for_each_member(json, [&](std::string_view name, JsonElement element) {
    if (is_same(name, "traceId")) trace_id = element;
    if (is_same(name, "spanId")) span_id = element;
    if (is_same(name, "attributes")) attributes = element;
  });
  model::LinkView link;
  link.trace_id = id<model::TraceId>(trace_id, "link trace_id");
  link.span_id = id<model::SpanId>(span_id, "link span_id");
  link.attributes = values_.attributes(attributes);
  return link;
}

void JsonSpanDecoder::take_status() {
  if (!is_object(status_, "status", problem_)) return;
  JsonElement code;
  JsonElement message;
  for_each_member(status_, [&](std::string_view name, JsonElement element) {
    if (is_same(name, "code")) code = element;
    if (is_same(name, "message")) message = element;
  });
  span_.status_message = values_.name(message, "status.message");
  const std::int64_t number = json_enum(code, "status.code", problem_);
  span_.status_code = number >= 0 && number <= 2 ? static_cast<model::StatusCode>(number)
                                                 : model::StatusCode::Unset;
}

}  // namespace betrace::otlp
