#include "betrace/bench/draft_trace.h"

#include <algorithm>
#include <utility>

namespace betrace::bench {

void DraftSpan::set(std::string_view key, model::ValueView value) {
  for (model::AttributeView& attribute : attributes) {
    if (attribute.key == key) {
      attribute.value = value;
      return;
    }
  }
  attributes.push_back({key, value});
}

void DraftSpan::remove(std::string_view key) {
  std::erase_if(attributes, [key](const model::AttributeView& each) { return each.key == key; });
}

void DraftSpan::set_duration(std::chrono::nanoseconds duration) {
  view.end_time_unix_nano =
      view.start_time_unix_nano + static_cast<std::uint64_t>(duration.count());
}

DraftSpan& DraftTrace::leaf(std::size_t number) noexcept {
  return spans_[spans_.size() - 1 - number];
}

std::string_view DraftTrace::keep(std::string text) { return texts_.emplace_back(std::move(text)); }

model::ValueView DraftTrace::keep_text(std::string text) {
  return model::ValueView::string(keep(std::move(text)));
}

model::ValueView DraftTrace::keep_list(std::vector<model::ValueView> items) {
  return model::ValueView::list(lists_.emplace_back(std::move(items)));
}

model::ValueView DraftTrace::keep_map(std::vector<model::AttributeView> fields) {
  return model::ValueView::map(keep_attributes(std::move(fields)));
}

model::AttributesView DraftTrace::keep_attributes(std::vector<model::AttributeView> fields) {
  return maps_.emplace_back(std::move(fields));
}

std::vector<model::KeptSpan> DraftTrace::finish() {
  std::vector<model::KeptSpan> kept;
  kept.reserve(spans_.size());
  for (DraftSpan& span : spans_) {
    span.view.attributes = span.attributes;
    span.view.events = span.events;
    span.view.links = span.links;
    kept.push_back(model::KeptSpan::copy(span.view));
  }
  return kept;
}

}  // namespace betrace::bench
