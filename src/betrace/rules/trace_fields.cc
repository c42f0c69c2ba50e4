#include "betrace/rules/trace_fields.h"

#include <algorithm>

namespace betrace::rules {

const std::vector<std::string_view>& TraceFields::services() {
  if (services_) return *services_;
  services_.emplace();
  if (trace_ == nullptr) return *services_;
  for (std::uint32_t i = 0; i < trace_->size(); ++i) {
    const std::string_view service = model::service_of(trace_->span(i));
    if (!service.empty()) services_->push_back(service);
  }
  std::ranges::sort(*services_);
  services_->erase(std::unique(services_->begin(), services_->end()), services_->end());
  return *services_;
}

RuntimeValue TraceFields::read(TraceField field) {
  if (totals_ == nullptr) return {};
  const bool is_empty = totals_->span_count == 0;
  switch (field) {
    case TraceField::Id:
      return is_empty ? RuntimeValue() : RuntimeValue::owned_string(totals_->trace_id.hex());
    case TraceField::Duration: {
      const auto length = RuntimeValue::unsigned_integer(totals_->end - totals_->start);
      return RuntimeValue::duration(length.as_integer());
    }
    case TraceField::StartTime:
      return is_empty ? RuntimeValue() : RuntimeValue::unsigned_integer(totals_->start);
    case TraceField::EndTime:
      return RuntimeValue::unsigned_integer(totals_->end);
    case TraceField::SpanCount:
      return RuntimeValue::unsigned_integer(totals_->span_count);
    case TraceField::ErrorCount:
      return RuntimeValue::unsigned_integer(totals_->error_count);
    case TraceField::Services:
      return RuntimeValue::texts(services());
    case TraceField::ServiceCount:
      break;
  }
  return RuntimeValue::unsigned_integer(services().size());
}

}  // namespace betrace::rules
