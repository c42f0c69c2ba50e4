#include <fmt/format.h>

#include <algorithm>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/field_table.h"
#include "betrace/rules/names.h"
#include "betrace/rules/nearest_word.h"

namespace betrace::rules {
namespace {

Reference value_reference(ValuePointer value) {
  Reference reference;
  reference.kind = Reference::Kind::Value;
  reference.value = std::move(value);
  return reference;
}

Reference plain_reference(Reference::Kind kind, SpanRef span = {}) {
  Reference reference;
  reference.kind = kind;
  reference.span = std::move(span);
  return reference;
}

// attributes, or attributes.a.b: the key begins at `first`.
Reference attributes_reference(Value::Kind all, Value::Kind one, SpanRef span, const Syntax& path,
                               std::size_t first) {
  if (first == path.names.size()) {
    ValuePointer value = make_value(all, path.range);
    value->span = std::move(span);
    return value_reference(std::move(value));
  }
  return value_reference(make_keyed(one, dotted(path, first), path.range, std::move(span)));
}

std::string with_nearest(std::string hint, std::string_view word,
                         const std::vector<std::string_view>& known) {
  const std::string_view nearest = nearest_word(word, known);
  return nearest.empty() ? hint : fmt::format("did you mean '{}'? {}", nearest, hint);
}

}  // namespace

Reference Checker::resolve(const Syntax& path, const Surroundings& around) {
  const std::string_view root = path.names[0];
  if (root == "span") return span_path({}, path, 1);
  if (root == "resource") {
    return attributes_reference(Value::Kind::ResourceAttributes, Value::Kind::ResourceAttribute, {},
                                path, 1);
  }
  if (root == "trace") return trace_path(path);
  if (root == "event") return event_path(path, around);
  if (root == "link") return link_path(path, around);
  if (!around.anchor) {
    refuse_anchor(path, around);
    return {};
  }
  return span_path({SpanRef::Base::Anchor, {}}, path, 1);
}

std::nullptr_t Checker::refuse_anchor(const Syntax& path, const Surroundings& around) {
  const SourceRange word{path.range.offset, 6};
  if (around.at_rule_level) {
    return refuse(Code::E_ANCHOR, word, "'anchor' has no outer span here",
                  "it exists only inside trace.has(...), count(...), span.has_child(...) and the "
                  "like");
  }
  return refuse(Code::E_ANCHOR, word, "'anchor' has no outer span here",
                "the rule has no 'span.' term outside the parentheses");
}

// What follows a span reference; `at` is the first word that does.
Reference Checker::span_path(SpanRef span, const Syntax& path, std::size_t at) {
  for (; at < path.names.size(); ++at) {
    const std::string_view word = path.names[at];
    if (word != "parent" && word != "root") break;
    span.steps.push_back(word == "parent" ? SpanRef::Step::Parent : SpanRef::Step::Root);
  }
  if (at == path.names.size()) return plain_reference(Reference::Kind::Span, std::move(span));
  const std::string_view word = path.names[at];
  if (word == "attributes") {
    return attributes_reference(Value::Kind::SpanAttributes, Value::Kind::SpanAttribute,
                                std::move(span), path, at + 1);
  }
  if (word == "resource") {
    return attributes_reference(Value::Kind::ResourceAttributes, Value::Kind::ResourceAttribute,
                                std::move(span), path, at + 1);
  }
  if (word == "scope") return scope_field(std::move(span), path, at);
  return span_field(std::move(span), path, at);
}

Reference Checker::scope_field(SpanRef span, const Syntax& path, std::size_t at) {
  const bool one_word = path.names.size() == at + 2;
  const SpanFieldRow* row = one_word ? find_scope_field(path.names[at + 1]) : nullptr;
  if (row == nullptr) {
    refuse(Code::E_UNKNOWN_FIELD, path.range,
           fmt::format("unknown field '{}'", excerpt(dotted(path))),
           "the scope has name and version");
    return {};
  }
  return value_reference(make_span_field(std::move(span), row->field, path.range));
}

Reference Checker::span_field(SpanRef span, const Syntax& path, std::size_t at) {
  const std::string_view word = path.names[at];
  const bool one_word = path.names.size() == at + 1;
  if (word == "events" || word == "links") {
    if (one_word) {
      const bool events = word == "events";
      return plain_reference(events ? Reference::Kind::Events : Reference::Kind::Links,
                             std::move(span));
    }
    refuse(Code::E_UNKNOWN_FIELD, path.range,
           fmt::format("unknown field '{}'", excerpt(dotted(path))),
           fmt::format("use {0}.any(...) or {0}.count(...)", word));
    return {};
  }
  const SpanFieldRow* row = find_span_field(word);
  if (row != nullptr && one_word) {
    return value_reference(make_span_field(std::move(span), row->field, path.range));
  }
  if (row == nullptr && !one_word) {
    return value_reference(
        make_keyed(Value::Kind::SpanAttribute, dotted(path, at), path.range, std::move(span)));
  }
  refuse_span_field(path, at);
  return {};
}

std::nullptr_t Checker::refuse_span_field(const Syntax& path, std::size_t at) {
  std::string span;
  for (std::size_t i = 0; i < at; ++i)
    span += fmt::format("{}{}", i == 0 ? "" : ".", path.names[i]);
  const std::string key = excerpt(dotted(path, at));
  std::string hint =
      fmt::format("for an attribute write {}.attributes[\"{}\"]", excerpt(span), key);
  if (path.names.size() == at + 1) hint = with_nearest(hint, path.names[at], span_words());
  return refuse(Code::E_UNKNOWN_FIELD, path.range,
                fmt::format("unknown field '{}'", excerpt(dotted(path))), std::move(hint));
}

Reference Checker::trace_path(const Syntax& path) {
  if (path.names.size() == 1) return plain_reference(Reference::Kind::Trace);
  const std::string_view word = path.names[1];
  if (word == "root") return span_path({SpanRef::Base::TraceRoot, {}}, path, 2);
  const TraceFieldRow* row = path.names.size() == 2 ? find_trace_field(word) : nullptr;
  if (row == nullptr) {
    std::string known;
    for (const std::string_view name : trace_words()) known += fmt::format("{}, ", name);
    refuse(Code::E_UNKNOWN_FIELD, path.range,
           fmt::format("unknown trace field '{}'", excerpt(dotted(path, 1))),
           with_nearest(fmt::format("known: {}root.<field>; quote it if it is a span name", known),
                        word, trace_words()));
    return {};
  }
  ValuePointer value = make_value(Value::Kind::TraceField, path.range);
  value->trace_field = row->field;
  return value_reference(std::move(value));
}

Reference Checker::event_path(const Syntax& path, const Surroundings& around) {
  if (!around.event) {
    refuse(Code::E_EVENT, path.range,
           "'event' exists only inside span.events.any(...) and span.events.count(...)",
           "write span.events.any(event.name == \"exception\")");
    return {};
  }
  if (path.names.size() == 1) return plain_reference(Reference::Kind::Event);
  const std::string_view word = path.names[1];
  if (word == "attributes" && path.names.size() == 2) {
    return plain_reference(Reference::Kind::EventAttributes);
  }
  const EventFieldRow* row = find_event_field(word);
  if (row != nullptr && path.names.size() == 2) {
    ValuePointer value = make_value(Value::Kind::EventField, path.range);
    value->event_field = row->field;
    return value_reference(std::move(value));
  }
  if (row == nullptr && path.names.size() > 2) {
    return value_reference(make_keyed(Value::Kind::EventAttribute,
                                      dotted(path, word == "attributes" ? 2 : 1), path.range));
  }
  refuse(Code::E_UNKNOWN_FIELD, path.range,
         fmt::format("unknown field '{}'", excerpt(dotted(path))),
         "an event has name, time and attributes[\"key\"]");
  return {};
}

Reference Checker::link_path(const Syntax& path, const Surroundings& around) {
  if (!around.link) {
    refuse(Code::E_EVENT, path.range,
           "'link' exists only inside span.links.any(...) and span.links.count(...)",
           "write span.links.any(link.trace_id != span.trace_id)");
    return {};
  }
  if (path.names.size() == 1) return plain_reference(Reference::Kind::Link);
  const std::string_view word = path.names[1];
  if (word == "attributes" && path.names.size() == 2) {
    return plain_reference(Reference::Kind::LinkAttributes);
  }
  const LinkFieldRow* row = find_link_field(word);
  if (row != nullptr && path.names.size() == 2) {
    ValuePointer value = make_value(Value::Kind::LinkField, path.range);
    value->link_field = row->field;
    return value_reference(std::move(value));
  }
  if (row == nullptr && path.names.size() > 2) {
    return value_reference(make_keyed(Value::Kind::LinkAttribute,
                                      dotted(path, word == "attributes" ? 2 : 1), path.range));
  }
  refuse(Code::E_UNKNOWN_FIELD, path.range,
         fmt::format("unknown field '{}'", excerpt(dotted(path))),
         "a link has trace_id, span_id and attributes[\"key\"]");
  return {};
}

}  // namespace betrace::rules
