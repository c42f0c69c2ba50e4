#include "betrace/exporter/alertmanager.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/model/violation_json.h"

namespace betrace::exporter {
namespace {

// Labels say which alert it is, so they must be the same in all that is said of a violation.
OrderedJson labels(const model::Violation& violation) {
  OrderedJson labels = {{"alertname", "BeTraceViolation"},
                        {"rule_id", violation.rule_id},
                        {"severity", model::name_of(violation.severity)},
                        {"violation_id", violation.key.id()}};
  if (!violation.service.empty()) labels["service"] = violation.service;  // an empty one is none
  return labels;
}

OrderedJson annotations(const model::Violation& violation) {
  OrderedJson texts = {{"summary", violation.message},
                       {"rule_name", violation.rule_name},
                       {"trace_id", violation.trace_id.hex()},
                       {"status", model::name_of(violation.status)}};
  const auto add = [&texts](std::string_view name, std::string_view text) {
    if (!text.empty()) texts[std::string(name)] = text;
  };
  add("span_id", violation.span_id.is_zero() ? "" : violation.span_id.hex());
  add("span_name", violation.anchor_name);
  if (violation.completeness) add("completeness", model::name_of(*violation.completeness));
  if (violation.close_reason) add("close_reason", model::name_of(*violation.close_reason));
  add("tags", fmt::format("{}", fmt::join(violation.tags, ", ")));
  return texts;
}

}  // namespace

std::optional<Telling> AlertmanagerForm::tell(const storage::TailRecord& record) const {
  const model::Violation& violation = record.record.violation;
  OrderedJson alert = {{"labels", labels(violation)},
                       {"annotations", annotations(violation)},
                       {"startsAt", format_rfc3339(record.place.created_at)}};
  if (violation.status == model::ViolationStatus::Withdrawn) {
    // Never before it began, whatever the clock did.
    alert["endsAt"] = format_rfc3339(std::max(record.time, record.place.created_at));
  }
  return dump(alert);
}

std::string AlertmanagerForm::write(const std::vector<OutboxItem>& items) const {
  std::string text = "[";
  for (const OutboxItem& item : items) {
    if (text.size() > 1) text += ',';
    text += std::get<std::string>(item.telling);
  }
  return text + "]";
}

}  // namespace betrace::exporter
