// Violations for tests of the log: small, and each different in what a test asks for.
#pragma once

#include <cstdint>
#include <string>

#include "betrace/base/sha256.h"
#include "betrace/model/violation.h"

namespace betrace::storage {

inline constexpr UnixNanos kTestTime = 1'769'841'600'000'000'000;  // 2026-01-31T06:40:00Z
inline constexpr UnixNanos kTestSecond = 1'000'000'000;

/// The violation number `number` of `rule_id`, decided that many seconds after kTestTime.
inline model::Violation test_violation(std::uint64_t number, const std::string& rule_id = "rule") {
  model::Violation violation;
  violation.key.digest = sha256(rule_id + "/" + std::to_string(number));
  violation.rule_id = rule_id;
  violation.rule_name = "name of " + rule_id;
  violation.severity = model::Severity::High;
  violation.message = "violation " + std::to_string(number);
  violation.trace_id.bytes.fill(static_cast<std::uint8_t>(number % 250 + 1));
  violation.span_id.bytes.fill(7);
  violation.service = "checkout";
  violation.anchor_name = "POST /pay";
  violation.timestamp = kTestTime + number * kTestSecond;
  violation.completeness = model::Completeness::Complete;
  violation.close_reason = model::CloseReason::Complete;
  violation.spans_seen = 3;
  violation.witness_count = 1;
  model::SpanView span;
  span.trace_id = violation.trace_id;
  span.span_id = violation.span_id;
  span.name = "POST /pay";
  violation.witnesses.push_back({"span.duration > 1s", model::KeptSpan::copy(span)});
  violation.explanation = {"it was slow", "trace", 3, {{"span.duration > 1s", true, {}}}};
  return violation;
}

inline model::ViolationRecord first_record(model::Violation violation) {
  return {model::RecordType::Violation, std::move(violation)};
}

/// An early violation, as recorded first.
inline model::Violation early_violation(std::uint64_t number) {
  model::Violation violation = test_violation(number, "early");
  violation.early = true;
  violation.completeness.reset();
  violation.close_reason.reset();
  return violation;
}

/// The record that the closing of its trace adds.
inline model::ViolationRecord final_record(std::uint64_t number) {
  model::Violation violation = test_violation(number, "early");
  violation.early = true;
  violation.completeness = model::Completeness::Orphans;
  violation.spans_seen = 12;
  return {model::RecordType::Final, std::move(violation)};
}

/// The record that late spans add when the violation no longer holds.
inline model::ViolationRecord withdrawal(std::uint64_t number, const std::string& rule_id) {
  model::Violation violation = test_violation(number, rule_id);
  violation.status = model::ViolationStatus::Withdrawn;
  return {model::RecordType::Revision, std::move(violation)};
}

}  // namespace betrace::storage
