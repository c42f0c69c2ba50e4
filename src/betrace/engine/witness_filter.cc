#include "betrace/engine/witness_filter.h"

#include <algorithm>
#include <string>
#include <vector>

namespace betrace::engine {
namespace {

bool reads_status_message(const ActiveRule& rule) {
  const auto& fields = rule.checked.fields;
  return std::any_of(fields.begin(), fields.end(), [](const std::string& field) {
    return field.find("status_message") != std::string::npos;
  });
}

std::vector<model::AttributeView> filter(const ActiveRule& rule, model::AttributesView attributes,
                                         const Redaction& redaction, ShownValues* room) {
  const auto& read = rule.checked.attribute_keys;
  std::vector<model::AttributeView> kept;
  for (const auto& [key, value] : attributes) {
    const bool is_read = std::binary_search(read.begin(), read.end(), key);
    if (is_read || redaction.is_allowed(key)) {
      kept.push_back({key, redaction.shown(key, value, room)});
    }
  }
  return kept;
}

}  // namespace

model::KeptSpan copy_witness(const ActiveRule& rule, const model::SpanView& span,
                             const Redaction& redaction) {
  ShownValues room;
  const std::vector<model::AttributeView> attributes =
      filter(rule, span.attributes, redaction, &room);
  const std::vector<model::AttributeView> resource = filter(rule, span.resource, redaction, &room);
  model::SpanView shown = span;
  shown.attributes = attributes;
  shown.resource = resource;
  shown.events = {};
  shown.links = {};
  if (!reads_status_message(rule)) shown.status_message = {};
  return model::KeptSpan::copy(shown);
}

}  // namespace betrace::engine
