#include "betrace/account/attribute_sample.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace betrace::account {
namespace {

constexpr std::array<std::string_view, 8> kTypeNames = {"nil",    "bool",  "int",  "double",
                                                        "string", "bytes", "list", "map"};

// What stands for itself in a rule.
std::optional<Json> example_of(const model::ValueView& value, std::size_t bytes_max) {
  switch (value.type()) {
    case model::ValueType::Bool:
      return value.as_bool();
    case model::ValueType::Int:
      return value.as_int();
    case model::ValueType::Double:
      return value.as_double();
    case model::ValueType::String:
      if (value.as_text().size() > bytes_max) return std::nullopt;
      return value.as_text();
    default:
      return std::nullopt;
  }
}

}  // namespace

void AttributeSample::note(const model::SpanView& span) {
  const std::string_view service = model::service_of(span);
  const std::lock_guard lock(mutex_);
  note_all(span.attributes, false, service);
  note_all(span.resource, true, service);
}

void AttributeSample::note_all(model::AttributesView attributes, bool is_resource,
                               std::string_view service) {
  for (const model::AttributeView& attribute : attributes) {
    Place place(attribute.key, is_resource);
    auto found = seen_.find(place);
    if (found == seen_.end()) {
      if (seen_.size() >= limits_.keys_max) continue;
      SeenAttribute fresh;
      fresh.key = attribute.key;
      fresh.is_resource = is_resource;
      found = seen_.emplace(std::move(place), std::move(fresh)).first;
    }
    SeenAttribute& seen = found->second;
    seen.types.emplace(kTypeNames[static_cast<std::size_t>(attribute.value.type())]);
    if (!service.empty() && seen.services.size() < limits_.services_max) {
      seen.services.emplace(service);
    }
    note_example(attribute.value, &seen);
  }
}

void AttributeSample::note_example(const model::ValueView& value, SeenAttribute* seen) const {
  if (seen->examples.size() >= limits_.examples_max) return;
  auto example = example_of(value, limits_.example_bytes_max);
  if (!example || std::ranges::find(seen->examples, *example) != seen->examples.end()) return;
  seen->examples.push_back(std::move(*example));
}

std::vector<SeenAttribute> AttributeSample::list(std::string_view prefix, std::string_view service,
                                                 std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<SeenAttribute> listed;
  for (auto at = seen_.lower_bound(Place(prefix, false)); at != seen_.end(); ++at) {
    if (!at->first.first.starts_with(prefix) || listed.size() == limit) break;
    if (service.empty() || at->second.services.contains(service)) listed.push_back(at->second);
  }
  return listed;
}

}  // namespace betrace::account
