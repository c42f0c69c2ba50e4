#include "betrace/rules/testing/conformance_spans.h"

#include <deque>
#include <string>

namespace betrace::rules {
namespace {

using model::AttributesView;
using model::AttributeView;
using model::ValueView;

// Holds what views refer to until the span has been copied.
struct Store {
  std::deque<std::string> texts;
  std::deque<std::vector<ValueView>> lists;
  std::deque<std::vector<AttributeView>> maps;
  std::vector<model::EventView> events;
  std::vector<model::LinkView> links;

  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }
};

AttributesView attributes_of(const Json& object, Store* store);

ValueView value_of(const Json& json, Store* store) {
  if (json.is_boolean()) return ValueView::boolean(json.get<bool>());
  if (json.is_number_integer()) return ValueView::integer(json.get<std::int64_t>());
  if (json.is_number_float()) return ValueView::real(json.get<double>());
  if (json.is_string()) return ValueView::string(store->keep(json.get<std::string>()));
  if (json.is_object()) return ValueView::map(attributes_of(json, store));
  if (!json.is_array()) return {};
  std::vector<ValueView> items;
  for (const Json& item : json) items.push_back(value_of(item, store));
  return ValueView::list(store->lists.emplace_back(std::move(items)));
}

AttributesView attributes_of(const Json& object, Store* store) {
  std::vector<AttributeView> fields;
  for (const auto& [key, value] : object.items()) {
    fields.push_back({store->keep(key), value_of(value, store)});
  }
  return store->maps.emplace_back(std::move(fields));
}

Json member(const Json& object, const char* name) {
  return object.contains(name) ? object[name] : Json();
}

std::string text_member(const Json& object, const char* name) {
  return object.value(name, std::string());
}

template <typename Id>
Id id_member(const Json& object, const char* name) {
  Id id;
  (void)Id::parse(text_member(object, name), &id);
  return id;
}

void add_events(const Json& events, Store* store) {
  for (const Json& event : events) {
    store->events.push_back({event.value("time_unix_nano", std::uint64_t{0}),
                             store->keep(text_member(event, "name")),
                             attributes_of(member(event, "attributes"), store)});
  }
}

void add_links(const Json& links, Store* store) {
  for (const Json& link : links) {
    store->links.push_back({id_member<model::TraceId>(link, "trace_id"),
                            id_member<model::SpanId>(link, "span_id"),
                            attributes_of(member(link, "attributes"), store)});
  }
}

model::KeptSpan span_of_json(const Json& json) {
  Store store;
  model::SpanView span;
  span.trace_id = id_member<model::TraceId>(json, "trace_id");
  if (span.trace_id.is_zero()) span.trace_id.bytes.back() = 1;
  span.span_id = id_member<model::SpanId>(json, "span_id");
  span.parent_span_id = id_member<model::SpanId>(json, "parent_span_id");
  span.name = store.keep(text_member(json, "name"));
  span.kind = static_cast<model::SpanKind>(json.value("kind", 0));
  const Json status = member(json, "status");
  if (status.is_object()) {
    span.status_code = static_cast<model::StatusCode>(status.value("code", 0));
    span.status_message = store.keep(text_member(status, "message"));
  }
  span.start_time_unix_nano = json.value("start_time_unix_nano", std::uint64_t{0});
  span.end_time_unix_nano = json.value("end_time_unix_nano", std::uint64_t{0});
  span.attributes = attributes_of(member(json, "attributes"), &store);
  span.resource = attributes_of(member(json, "resource"), &store);
  const Json scope = member(json, "scope");
  if (scope.is_object()) {
    span.scope_name = store.keep(text_member(scope, "name"));
    span.scope_version = store.keep(text_member(scope, "version"));
  }
  add_events(member(json, "events"), &store);
  add_links(member(json, "links"), &store);
  span.events = store.events;
  span.links = store.links;
  return model::KeptSpan::copy(span);
}

}  // namespace

std::vector<model::KeptSpan> spans_of_json(const Json& array) {
  std::vector<model::KeptSpan> spans;
  for (const Json& json : array) spans.push_back(span_of_json(json));
  return spans;
}

LinkedTrace link(const std::vector<const model::KeptSpan*>& spans) {
  std::vector<const model::SpanView*> views;
  for (const model::KeptSpan* span : spans) views.push_back(&span->view());
  return LinkedTrace(views);
}

LinkedTrace link(const std::vector<model::KeptSpan>& spans) {
  std::vector<const model::SpanView*> views;
  for (const model::KeptSpan& span : spans) views.push_back(&span.view());
  return LinkedTrace(views);
}

}  // namespace betrace::rules
