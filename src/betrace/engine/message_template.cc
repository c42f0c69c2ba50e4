#include "betrace/engine/message_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "betrace/base/utf8.h"

namespace betrace::engine {
namespace {

using Part = MessagePart;

// One value may be long; a message shows enough of it to recognise it.
constexpr std::size_t kValueBytesMax = 256;

tl::unexpected<Error> refuse(std::string what) {
  return fail(ErrorCode::InvalidArgument, "message: " + std::move(what));
}

tl::unexpected<Error> unknown_field(std::string_view field) {
  return refuse("unknown field {" + quote_excerpt(field) + "}");
}

/// One step of a path: `.name` or `["key"]`.
struct Segment {
  std::string text;
  bool is_index = false;
};

bool is_name_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_';
}

// Reads `span.a.b["c"]` into its segments; false if it is anything else.
bool split_path(std::string_view path, std::vector<Segment>* segments) {
  std::size_t at = 0;
  while (at < path.size()) {
    if (path[at] == '[') {
      const std::size_t end = path.find("\"]", at + 2);
      if (path.substr(at, 2) != "[\"" || end == std::string_view::npos) return false;
      segments->push_back({std::string(path.substr(at + 2, end - at - 2)), true});
      at = end + 2;
      continue;
    }
    if (!segments->empty() && path[at++] != '.') return false;
    const std::size_t begin = at;
    while (at < path.size() && is_name_character(path[at])) ++at;
    if (at == begin) return false;
    segments->push_back({std::string(path.substr(begin, at - begin)), false});
  }
  return !segments->empty() && !segments->front().is_index;
}

using Segments = std::span<const Segment>;

// The key of `attributes["k"]` or `attributes.a.b`, given what follows `attributes`.
std::optional<std::string> key_of(Segments rest) {
  if (rest.empty()) return std::nullopt;
  if (rest.front().is_index) {
    return rest.size() == 1 ? std::optional(rest.front().text) : std::nullopt;
  }
  std::string key;
  for (const Segment& segment : rest) {
    if (segment.is_index) return std::nullopt;
    if (!key.empty()) key += '.';
    key += segment.text;
  }
  return key;
}

bool set_key(Part::Kind kind, Segments rest, Part* part) {
  auto key = key_of(rest);
  if (!key.has_value()) return false;
  part->kind = kind;
  part->text = *std::move(key);
  return true;
}

bool set_span_field(std::string_view name, Part* part) {
  part->kind = Part::Kind::SpanField;
  part->span_field = find_span_field(name);
  return part->span_field != nullptr;
}

// What may follow a span: steps to another span, then a field, an attribute, or the short form
// `span.a.b`, which reads an attribute if `a` is no field.
bool resolve_span(Segments path, Part* part) {
  while (path.size() > 1 && (path.front().text == "parent" || path.front().text == "root")) {
    part->steps.push_back(path.front().text == "parent" ? Part::Step::Parent : Part::Step::Root);
    path = path.subspan(1);
  }
  if (path.empty()) return false;
  const std::string& first = path.front().text;
  const Segments rest = path.subspan(1);
  if (path.front().is_index) return false;
  if (first == "attributes") return set_key(Part::Kind::SpanAttribute, rest, part);
  if (first == "resource") return set_key(Part::Kind::SpanResource, rest, part);
  if (rest.empty()) return set_span_field(first, part);
  if (first == "scope") return rest.size() == 1 && set_span_field("scope." + rest[0].text, part);
  const bool is_field = find_span_field(first) != nullptr || first == "events" || first == "links";
  return !is_field && set_key(Part::Kind::SpanAttribute, path, part);
}

bool resolve_trace(Segments path, Part* part) {
  if (path.size() > 1 && path.front().text == "root") {
    part->base = Part::Base::TraceRoot;
    return resolve_span(path.subspan(1), part);
  }
  if (path.size() != 1) return false;
  part->kind = Part::Kind::TraceField;
  part->trace_field = find_trace_field(path.front().text);
  return part->trace_field != nullptr;
}

bool resolve_rule(Segments path, Part* part) {
  if (path.size() != 1) return false;
  part->kind = Part::Kind::RuleField;
  part->rule_field = find_rule_field(path.front().text);
  return part->rule_field != nullptr;
}

bool resolve(std::string_view path, Part* part) {
  std::vector<Segment> segments;
  if (!split_path(path, &segments)) return false;
  const std::string& base = segments.front().text;
  const Segments rest = Segments(segments).subspan(1);
  if (base == "span") return resolve_span(rest, part);
  if (base == "resource") return set_key(Part::Kind::SpanResource, rest, part);
  if (base == "trace") return resolve_trace(rest, part);
  if (base == "rule") return resolve_rule(rest, part);
  return false;
}

bool needs_every_span(const Part& part) {
  return part.base == Part::Base::TraceRoot || !part.steps.empty() ||
         (part.trace_field != nullptr && part.trace_field->reads_spans);
}

bool needs_trace(const Part& part) {
  return part.kind == Part::Kind::TraceField || needs_every_span(part) ||
         (part.span_field != nullptr && part.span_field->reads_trace);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Position of the brace that closes a field which begins at `at`; quotes may hold braces.
std::size_t closing_brace(std::string_view text, std::size_t at) {
  bool is_quoted = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') is_quoted = !is_quoted;
    if (text[at] == '}' && !is_quoted) return at;
  }
  return std::string_view::npos;
}

std::optional<std::uint32_t> span_of(const Part& part, const MessageFacts& facts) {
  auto span = part.base == Part::Base::Anchor ? facts.anchor : facts.trace.trace_root();
  for (const Part::Step step : part.steps) {
    if (!span.has_value()) break;
    span = step == Part::Step::Parent ? facts.trace.parent(*span) : facts.trace.root_of(*span);
  }
  return span;
}

FieldText value_of(const Part& part, const MessageFacts& facts) {
  if (part.kind == Part::Kind::TraceField) return part.trace_field->text(facts.trace);
  if (part.kind == Part::Kind::RuleField) return part.rule_field->text(facts.rule);
  const auto span = span_of(part, facts);
  if (!span.has_value()) return std::nullopt;
  if (part.kind == Part::Kind::SpanField) return part.span_field->text(facts.trace, *span);
  const model::SpanView& view = facts.trace.span(*span);
  const auto& attributes = part.kind == Part::Kind::SpanAttribute ? view.attributes : view.resource;
  ShownValues room;
  const model::ValueView value = model::find_attribute(attributes, part.text);
  return text_of(facts.redaction.shown(part.text, value, &room));
}

std::string cut(std::string text, std::size_t bytes_max) {
  constexpr std::string_view kEllipsis = "...";
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max - kEllipsis.size();
  // Never inside a character: continuation bytes are 10xxxxxx.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text.append(kEllipsis);
}

}  // namespace

Result<MessageTemplate> MessageTemplate::parse(std::string_view text) {
  MessageTemplate parsed;
  Part literal;
  const auto flush = [&parsed, &literal] {
    if (!literal.text.empty()) parsed.parts_.push_back(std::exchange(literal, Part{}));
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{' || text.substr(at, 2) == "{{") {
      if (text[at] == '{') ++at;
      literal.text += text[at];
      continue;
    }
    const std::size_t end = closing_brace(text, at + 1);
    if (end == std::string_view::npos) return refuse("a '{' is not closed");
    const std::string_view field = trim(text.substr(at + 1, end - at - 1));
    Part part;
    if (!resolve(field, &part)) return unknown_field(field);
    flush();
    parsed.reads_trace_ = parsed.reads_trace_ || needs_trace(part);
    parsed.reads_every_span_ = parsed.reads_every_span_ || needs_every_span(part);
    parsed.parts_.push_back(std::move(part));
    at = end;
  }
  flush();
  return parsed;
}

void MessageTemplate::add_interest(model::SpanInterest* interest) const {
  for (const MessagePart& part : parts_) {
    const bool names_key = part.kind == MessagePart::Kind::SpanAttribute ||
                           part.kind == MessagePart::Kind::SpanResource;
    if (names_key) interest->add_key(part.text);
  }
}

std::string MessageTemplate::render(const MessageFacts& facts) const {
  std::string message;
  for (const Part& part : parts_) {
    if (message.size() > kMessageBytesMax) break;
    message += part.kind == Part::Kind::Text
                   ? part.text
                   : cut(value_of(part, facts).value_or("-"), kValueBytesMax);
  }
  return cut_message(std::move(message));
}

std::string cut_message(std::string text) { return cut(std::move(text), kMessageBytesMax); }

}  // namespace betrace::engine
