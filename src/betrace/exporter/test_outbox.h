// Records of the violation log as the exporter reads them, for its tests.
#pragma once

#include <cstdint>
#include <string>

#include "betrace/base/sha256.h"
#include "betrace/exporter/delivery.h"
#include "betrace/storage/violation_tail.h"

namespace betrace::exporter {

inline constexpr UnixNanos kTestTime = 1'769'841'600'000'000'000;  // 2026-01-31T06:40:00Z

/// A witness in the service `service`.
inline model::Witness test_witness(const model::TraceId& trace, std::uint8_t id,
                                   const std::string& service) {
  const model::AttributeView resource{"service.name", model::ValueView::string(service)};
  model::SpanView span;
  span.trace_id = trace;
  span.span_id.bytes.fill(id);
  span.name = "POST /pay";
  span.resource = {&resource, 1};
  return {"span.duration > 1s", model::KeptSpan::copy(span)};
}

/// A violation of severity HIGH with two witnesses, the first of which is the anchor.
inline storage::TailRecord test_record(std::uint64_t sequence) {
  storage::TailRecord record;
  record.sequence = sequence;
  record.byte_count = 1'000;
  record.time = kTestTime + sequence;
  model::Violation& violation = record.record.violation;
  violation.key.digest = sha256("violation " + std::to_string(sequence));
  violation.rule_id = "slow";
  violation.rule_name = "slow requests";
  violation.severity = model::Severity::High;
  violation.message = "it was slow";
  violation.trace_id.bytes.fill(0xAB);
  violation.span_id.bytes.fill(1);
  violation.timestamp = record.time;
  violation.witnesses.push_back(test_witness(violation.trace_id, 1, "checkout"));
  violation.witnesses.push_back(test_witness(violation.trace_id, 2, ""));
  return record;
}

inline OutboxItem test_item(std::uint64_t sequence) {
  const storage::TailRecord record = test_record(sequence);
  return {sequence, record.byte_count, record.time, Spans{make_violation_span(record, {})}};
}

}  // namespace betrace::exporter
