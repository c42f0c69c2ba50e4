#include "betrace/engine/witness_filter.h"

#include <algorithm>
#include <utility>

namespace betrace::engine {
namespace {

// Needed to say which service a witness is of.
constexpr std::string_view kServiceKey = "service.name";

bool reads_status_message(const ActiveRule& rule) {
  const auto& fields = rule.checked.fields;
  return std::any_of(fields.begin(), fields.end(), [](const std::string& field) {
    return field.find("status_message") != std::string::npos;
  });
}

}  // namespace

WitnessFilter::WitnessFilter(std::vector<std::string> allowed_keys) {
  for (std::string& key : allowed_keys) {
    if (key.ends_with('*')) {
      key.pop_back();
      prefixes_.push_back(std::move(key));
    } else {
      keys_.push_back(std::move(key));
    }
  }
}

bool WitnessFilter::is_allowed(std::string_view key) const noexcept {
  return key == kServiceKey || std::find(keys_.begin(), keys_.end(), key) != keys_.end() ||
         std::any_of(prefixes_.begin(), prefixes_.end(),
                     [key](const std::string& prefix) { return key.starts_with(prefix); });
}

std::vector<model::AttributeView> WitnessFilter::filter(const ActiveRule& rule,
                                                        model::AttributesView attributes) const {
  const auto& read = rule.checked.attribute_keys;
  std::vector<model::AttributeView> kept;
  for (const model::AttributeView& attribute : attributes) {
    const bool is_read = std::binary_search(read.begin(), read.end(), attribute.key);
    if (is_read || is_allowed(attribute.key)) kept.push_back(attribute);
  }
  return kept;
}

model::KeptSpan WitnessFilter::copy(const ActiveRule& rule, const model::SpanView& span) const {
  const std::vector<model::AttributeView> attributes = filter(rule, span.attributes);
  const std::vector<model::AttributeView> resource = filter(rule, span.resource);
  model::SpanView shown = span;
  shown.attributes = attributes;
  shown.resource = resource;
  shown.events = {};
  shown.links = {};
  if (!reads_status_message(rule)) shown.status_message = {};
  return model::KeptSpan::copy(shown);
}

}  // namespace betrace::engine
