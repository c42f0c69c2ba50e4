#include "betrace/app/scenario_span.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "betrace/app/scenario.h"
#include "betrace/app/scenario_time.h"
#include "betrace/otlp/json_span_reader.h"
#include "betrace/otlp/text_ids.h"

namespace betrace::app {
namespace {

using std::chrono::nanoseconds;

constexpr std::string_view kDefaultTrace = "trace";

// A parent with a label that begins so is one that never arrives.
constexpr std::string_view kMissing = "missing";

// Written order is canonical order unless a test says otherwise.
constexpr nanoseconds kDefaultStep = std::chrono::milliseconds(1);
constexpr nanoseconds kRepetitionStep = std::chrono::microseconds(1);
constexpr nanoseconds kDefaultTook = std::chrono::milliseconds(1);

constexpr std::array<std::string_view, 5> kPassedOn = {"service", "kind", "status", "attributes",
                                                       "resource"};

std::string unix_text(nanoseconds time) {
  return std::to_string(kScenarioStart + static_cast<UnixNanos>(time.count()));
}

Json read_scope(const Json& scope) { return scope.is_string() ? Json{{"name", scope}} : scope; }

Json read_event(const Json& event, std::string place, nanoseconds start,
                ScenarioMembers* span_members) {
  if (event.is_string()) return {{"name", event}, {"time_unix_nano", unix_text(start)}};
  ScenarioMembers members(event, std::move(place));
  Json flat = {{"name", members.text("name").value_or("")},
               {"time_unix_nano", unix_text(members.time("at").value_or(start))}};
  if (const Json* attributes = members.find("attributes")) flat["attributes"] = *attributes;
  if (auto done = members.finish(); !done) span_members->fail(done.error());
  return flat;
}

template <typename Read>
void read_list(ScenarioMembers* members, std::string_view name, Json* flat, Read read) {
  const Json* list = members->find(name);
  if (list == nullptr) return;
  if (!list->is_array()) return members->fail(name, "is not a list");
  Json& items = (*flat)[std::string(name)] = Json::array();
  for (const Json& item : *list) {
    items.push_back(read(item, fmt::format("{}: {}[{}]", members->place(), name, items.size())));
  }
}

model::KeptSpan as_cut(const model::KeptSpan& span) {
  model::SpanView view = span.view();
  view.cut = true;
  return model::KeptSpan::copy(view);
}

}  // namespace

std::string ScenarioSpans::trace_of(ScenarioMembers* members) {
  return members->text("trace").value_or(std::string(kDefaultTrace));
}

std::string ScenarioSpans::label_of(ScenarioMembers* members, std::size_t position) {
  if (members->has("id")) return members->text("id").value_or("");
  return fmt::format("#{}", position + 1);
}

void ScenarioSpans::declare(ScenarioMembers* members, std::size_t position) {
  Declared& trace = traces_[trace_of(members)];
  const std::string label = label_of(members, position);
  if (trace.first.empty()) trace.first = label;
  trace.spans.insert(label);
}

std::string ScenarioSpans::span_hex(const std::string& label) {
  const auto id = otlp::span_id_of_text(label);
  if (!id.has_value()) return {};
  std::string hex = id->id.hex();
  labels_[hex] = label;
  return hex;
}

std::string ScenarioSpans::trace_hex(const std::string& label) {
  const auto id = otlp::trace_id_of_text(label);
  if (!id.has_value()) return {};
  std::string hex = id->id.hex();
  labels_[hex] = label;
  return hex;
}

std::string ScenarioSpans::parent_of(ScenarioMembers* members, const std::string& trace,
                                     const std::string& label) {
  const Declared& declared = traces_[trace];
  const Json* written = members->find("parent");
  if (written == nullptr) return label == declared.first ? "" : span_hex(declared.first);
  if (written->is_null() || *written == "none") return {};
  const std::string parent = members->text("parent").value_or("");
  if (!declared.spans.contains(parent) && !parent.starts_with(kMissing)) {
    members->fail("parent",
                  fmt::format("'{}' is no span of this trace; one that never arrives is called "
                              "'missing...'",
                              parent));
  }
  return span_hex(parent);
}

std::optional<model::KeptSpan> ScenarioSpans::read(ScenarioMembers* members, std::size_t position,
                                                   std::size_t repetition) {
  const std::string trace = trace_of(members);
  const std::string first_label = label_of(members, position);
  const std::string label =
      repetition == 0 ? first_label : fmt::format("{}.{}", first_label, repetition + 1);
  const auto order = static_cast<nanoseconds::rep>(position);
  const nanoseconds start = members->time("start").value_or(order * kDefaultStep) +
                            static_cast<nanoseconds::rep>(repetition) * kRepetitionStep;
  const nanoseconds took = members->time("took").value_or(kDefaultTook);
  const nanoseconds end = members->time("end").value_or(start + took);
  Json flat = {{"trace_id", trace_hex(trace)},
               {"span_id", span_hex(label)},
               {"parent_span_id", parent_of(members, trace, label)},
               {"name", members->text("name").value_or("")},
               {"start_time_unix_nano", unix_text(start)},
               {"end_time_unix_nano", unix_text(end)}};
  if (!members->has("name")) members->fail("name", "is missing");
  for (const std::string_view name : kPassedOn) {
    if (const Json* value = members->find(name)) flat[std::string(name)] = *value;
  }
  if (const Json* scope = members->find("scope")) flat["scope"] = read_scope(*scope);
  read_list(members, "events", &flat, [&](const Json& event, std::string place) {
    return read_event(event, std::move(place), start, members);
  });
  read_list(members, "links", &flat, [](const Json& link, const std::string&) { return link; });

  otlp::JsonSpanReader reader(otlp::JsonSpanOptions{});
  auto span = reader.read(flat, position);
  if (!span.has_value()) {
    members->fail("span", "cannot be read: " + span.error().message);
    return std::nullopt;
  }
  if (members->flag("cut").value_or(false)) return as_cut(*span);
  return *std::move(span);
}

}  // namespace betrace::app
