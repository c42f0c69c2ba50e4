#include "betrace/exporter/own_span.h"

#include <deque>

#include "betrace/base/version.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::exporter {

std::string write_own_spans(std::span<const OwnSpan> spans, const SpanOptions& options) {
  std::vector<model::AttributeView> resource;
  for (const auto& [key, text] : options.resource) {
    resource.push_back({key, model::ValueView::string(text)});
  }
  std::deque<std::vector<model::AttributeView>> attributes;  // views stay where they are
  std::vector<model::SpanView> views;
  for (const OwnSpan& span : spans) {
    std::vector<model::AttributeView>& made = attributes.emplace_back();
    for (const auto& [key, text] : span.texts) {
      made.push_back({key, model::ValueView::string(text)});
    }
    for (const auto& [key, number] : span.numbers) {
      made.push_back({key, model::ValueView::integer(number)});
    }
    model::SpanView& view = views.emplace_back();
    view.trace_id = span.trace_id;
    view.span_id = span.span_id;
    view.parent_span_id = span.parent_span_id;
    view.name = span.name;
    view.kind = model::SpanKind::Server;
    view.status_code = span.is_error ? model::StatusCode::Error : model::StatusCode::Unset;
    view.start_time_unix_nano = span.start_time;
    view.end_time_unix_nano = span.end_time;
    view.attributes = made;
    view.resource = resource;
    view.scope_name = kOwnScope;
    view.scope_version = version();
  }
  return otlp::write_protobuf(views);
}

}  // namespace betrace::exporter
