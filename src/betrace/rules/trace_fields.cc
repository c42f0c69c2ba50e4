#include "betrace/rules/trace_fields.h"

#include <algorithm>

namespace betrace::rules {

const TraceFields::Times& TraceFields::times() {
  if (times_) return *times_;
  times_ = Times{0, 0};
  if (trace_->size() == 0) return *times_;
  times_->start = trace_->span(0).start_time_unix_nano;
  for (std::uint32_t i = 0; i < trace_->size(); ++i) {
    times_->end = std::max(times_->end, trace_->span(i).corrected_end());
  }
  return *times_;
}

std::uint64_t TraceFields::error_count() {
  if (error_count_) return *error_count_;
  error_count_ = 0;
  for (std::uint32_t i = 0; i < trace_->size(); ++i) {
    if (trace_->span(i).status_code == model::StatusCode::Error) ++*error_count_;
  }
  return *error_count_;
}

const std::vector<std::string_view>& TraceFields::services() {
  if (services_) return *services_;
  services_.emplace();
  for (std::uint32_t i = 0; i < trace_->size(); ++i) {
    const std::string_view service = model::service_of(trace_->span(i));
    if (!service.empty()) services_->push_back(service);
  }
  std::ranges::sort(*services_);
  services_->erase(std::unique(services_->begin(), services_->end()), services_->end());
  return *services_;
}

RuntimeValue TraceFields::read(TraceField field) {
  if (trace_ == nullptr) return {};
  const bool is_empty = trace_->size() == 0;
  switch (field) {
    case TraceField::Id:
      return is_empty ? RuntimeValue() : RuntimeValue::owned_string(trace_->span(0).trace_id.hex());
    case TraceField::Duration: {
      const auto length = RuntimeValue::unsigned_integer(times().end - times().start);
      return RuntimeValue::duration(length.as_integer());
    }
    case TraceField::StartTime:
      return is_empty ? RuntimeValue() : RuntimeValue::unsigned_integer(times().start);
    case TraceField::EndTime:
      return RuntimeValue::unsigned_integer(times().end);
    case TraceField::SpanCount:
      return RuntimeValue::unsigned_integer(trace_->size());
    case TraceField::ErrorCount:
      return RuntimeValue::unsigned_integer(error_count());
    case TraceField::Services:
      return RuntimeValue::texts(services());
    case TraceField::ServiceCount:
      break;
  }
  return RuntimeValue::unsigned_integer(services().size());
}

}  // namespace betrace::rules
