#include "betrace/storage/log_record.h"

#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/check.h"
#include "betrace/base/hex.h"
#include "betrace/base/json.h"
#include "betrace/base/utf8.h"
#include "betrace/base/version.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"
#include "betrace/evidence/violation_payload.h"
#include "betrace/storage/rule_object.h"

namespace betrace::storage {
namespace {

constexpr std::string_view kRecordedRulePrefix = "rule/";
constexpr std::size_t kSealBytesMax = 32;  // by which seal() makes a payload longer

LogRecordType type_of(model::RecordType type) {
  switch (type) {
    case model::RecordType::Violation:
      return LogRecordType::Violation;
    case model::RecordType::Final:
      return LogRecordType::Final;
    case model::RecordType::Revision:
      return LogRecordType::Revision;
  }
  return LogRecordType::Violation;
}

Json head(std::string_view type, const std::string& log_id, UnixNanos time) {
  return {{"v", 1},
          {"type", type},
          {"log", log_id},
          {"engine", fmt::format("betrace/{}", version())},
          {"timestamp", format_rfc3339(time, 9)},
          {"unsigned", true}};
}

LogRecord record_of(LogRecordType type, const Json& payload, UnixNanos time) {
  LogRecord record;
  record.type = type;
  record.time = time;
  auto text = evidence::canonical_json(payload);
  BETRACE_CHECK(text.has_value());  // bounded_text() let nothing else in
  record.payload = *std::move(text);
  return record;
}

// Texts of clients are cut, and invalid bytes of theirs cannot stop a record.
Json bounded_text(const std::string& text) {
  if (text.empty()) return nullptr;
  if (!is_utf8(text)) return quote_excerpt(text, 64);
  return std::string(utf8_prefix(text, evidence::kTextBytesMax));
}

// The columns of a violation.
LogRecord violation_columns(const model::ViolationRecord& source) {
  const model::Violation& violation = source.violation;
  LogRecord record;
  record.type = type_of(source.type);
  record.time = violation.timestamp;
  record.rule_id = violation.rule_id;
  record.severity = static_cast<std::int64_t>(violation.severity);
  if (!violation.service.empty()) record.service = violation.service;
  if (violation.completeness) {
    record.completeness = static_cast<std::int64_t>(*violation.completeness);
  }
  record.flags = (violation.early ? kFlagEarly : 0) | (violation.late ? kFlagLate : 0) |
                 (violation.status == model::ViolationStatus::Withdrawn ? kFlagWithdrawn : 0);
  record.trace_id = violation.trace_id;
  record.violation_id = violation_id_bytes(violation.key);
  return record;
}

// The type that a payload which is no violation names.
std::optional<LogRecordType> type_of_word(std::string_view word) {
  for (int number = 1; number < 16; ++number) {
    const auto type = static_cast<LogRecordType>(number);
    if (!word.empty() && name_of(type) == word) return type;
  }
  return std::nullopt;
}

}  // namespace

ViolationIdBytes violation_id_bytes(const model::ViolationKey& key) noexcept {
  ViolationIdBytes bytes;
  std::copy_n(key.digest.begin(), bytes.size(), bytes.begin());
  return bytes;
}

LogRecord make_violation_record(const model::ViolationRecord& source, const std::string& log_id,
                                const std::string& rule_sha256, const evidence::RecordKey* key) {
  LogRecord record = violation_columns(source);
  record.payload =
      evidence::violation_payload(source, {log_id, rule_sha256, key != nullptr ? key->kid() : ""});
  if (key != nullptr) record.mac = key->mac(record.payload);
  return record;
}

LogRecord make_rule_change_record(const RuleChangeRecord& change, const std::string& log_id) {
  Json payload = head("rule_change", log_id, change.time);
  payload["rule_id"] = change.rule_id;
  payload["change"] = bounded_text(change.change);
  payload["source"] = bounded_text(change.source);
  payload["actor"] = bounded_text(change.actor);
  payload["address"] = bounded_text(change.address);
  payload["request_id"] = bounded_text(change.request_id);
  payload["revision"] = change.revision;
  payload["previous_revision"] = change.previous_revision;
  payload["rule_sha256"] = bounded_text(change.sha256);
  payload["previous_sha256"] = bounded_text(change.previous_sha256);
  payload["rule"] = change.rule ? Json(rule_object(*change.rule)) : Json();
  LogRecord record = record_of(LogRecordType::RuleChange, payload, change.time);
  if (record.payload.size() > evidence::kCanonicalBytesMax - kSealBytesMax) {
    payload["rule"] = nullptr;
    record = record_of(LogRecordType::RuleChange, payload, change.time);
  }
  record.rule_id = change.rule_id;
  record.state_name = recorded_rule_name(change.rule_id);
  record.state_value = fmt::format("{} {}", change.revision, change.sha256);
  return record;
}

LogRecord make_gap_record(const GapRecord& gap, const std::string& log_id, UnixNanos now) {
  Json payload = head("gap", log_id, now);
  payload["cause"] = bounded_text(gap.gap.cause);
  payload["count"] = gap.gap.count;
  payload["first_time"] = format_rfc3339(gap.gap.first_time, 9);
  payload["last_time"] = format_rfc3339(gap.gap.last_time, 9);
  payload["rule_id"] = bounded_text(gap.gap.rule_id);
  payload["file"] = bounded_text(gap.file);
  payload["ranges"] = Json::array();
  if (gap.first_seq != 0) payload["ranges"].push_back({gap.first_seq, gap.last_seq});
  for (const SequenceRange& range : gap.further) {
    payload["ranges"].push_back({range.first, range.last});
  }
  LogRecord record = record_of(LogRecordType::Gap, payload, now);
  if (!gap.gap.rule_id.empty()) record.rule_id = gap.gap.rule_id;
  return record;
}

LogRecord make_retention_record(const evidence::Retention& retention, const std::string& file,
                                const std::string& log_id, UnixNanos now) {
  Json payload = head(evidence::kRetentionType, log_id, now);
  evidence::add_retention(retention, &payload);
  payload["file"] = bounded_text(file);
  LogRecord record = record_of(LogRecordType::Retention, payload, now);
  record.state_name = kRetentionState;
  record.state_value = std::to_string(retention.last_seq);
  return record;
}

std::string salvaged_name(std::string_view file) { return fmt::format("salvaged/{}", file); }

LogRecord make_start_record(const StartFacts& facts, const std::string& log_id, UnixNanos now) {
  Json payload = head("start", log_id, now);
  payload["crash"] = facts.has_crashed;
  if (facts.is_insecure) payload["insecure"] = true;
  return record_of(LogRecordType::Start, payload, now);
}

LogRecord make_stop_record(const std::string& log_id, UnixNanos now) {
  return record_of(LogRecordType::Stop, head("stop", log_id, now), now);
}

LogRecord make_statement_record(LogRecordType type, const Json& members, const std::string& log_id,
                                UnixNanos now) {
  Json payload = head(name_of(type), log_id, now);
  payload.update(members);
  return record_of(type, payload, now);
}

LogRecord make_key_event_record(const evidence::KeyEvent& event, const std::string& log_id,
                                UnixNanos now) {
  Json payload = head(evidence::kKeyEventType, log_id, now);
  evidence::add_key_event(event, &payload);
  return record_of(LogRecordType::KeyEvent, payload, now);
}

Result<LogRecord> derive_columns(std::string_view payload) {
  if (const auto read = evidence::read_violation_payload(payload); read) {
    return violation_columns(read->record);
  }
  const auto json = evidence::read_canonical_json(payload);
  if (!json) return fail(json.error());
  evidence::PayloadMembers members(*json);
  const auto type = type_of_word(members.text("type"));
  if (!type) return fail(ErrorCode::Unsupported, "a payload of a type that is not known");
  LogRecord record;
  record.type = *type;
  record.time = members.time("timestamp");
  const bool is_of_rule = *type == LogRecordType::RuleChange || *type == LogRecordType::Gap;
  if (is_of_rule && members.has("rule_id")) record.rule_id = members.text("rule_id");
  if (members.is_good()) return record;
  return fail(ErrorCode::Corrupt,
              fmt::format("payload member {} is wrong", members.wrong_member()));
}

SealedRecord seal(const LogRecord& record, const evidence::RecordKey& key) {
  auto payload = evidence::read_canonical_json(record.payload);
  BETRACE_CHECK(payload.has_value() && payload->erase("unsigned") == 1);
  (*payload)["key_id"] = key.kid();
  SealedRecord sealed;
  sealed.payload = evidence::canonical_json(*payload).value();
  sealed.mac = key.mac(sealed.payload);
  return sealed;
}

Result<RuleChangeRecord> read_rule_change(std::string_view payload) {
  const auto json = evidence::read_canonical_json(payload);
  if (!json) return fail(json.error());
  evidence::PayloadMembers members(*json);
  RuleChangeRecord change;
  if (members.text("type") != "rule_change") members.reject("type");
  change.rule_id = members.text("rule_id");
  change.change = members.text("change");
  change.source = members.text("source");
  change.actor = members.text("actor");
  change.address = members.text("address");
  change.request_id = members.text("request_id");
  change.time = members.time("timestamp");
  change.revision = members.integer("revision");
  change.previous_revision = members.integer("previous_revision");
  change.sha256 = members.text("rule_sha256");
  change.previous_sha256 = members.text("previous_sha256");
  if (members.has("rule")) {
    auto input = read_rule_object(members.get("rule"), RuleDialect::Api);
    if (!input) return fail(ErrorCode::Corrupt, "payload: rule: " + input.error().message);
    change.rule = std::move(input->rule);
  }
  if (members.is_good()) return change;
  return fail(ErrorCode::Corrupt,
              fmt::format("payload member {} is wrong", members.wrong_member()));
}

std::string recorded_rule_name(std::string_view rule_id) {
  return fmt::format("{}{}", kRecordedRulePrefix, rule_id);
}

Result<RecordedRule> read_recorded_rule(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return fail(ErrorCode::Corrupt, "state of a recorded rule");
  RecordedRule recorded;
  for (const char c : value.substr(0, space)) {
    if (c < '0' || c > '9') return fail(ErrorCode::Corrupt, "revision of a recorded rule");
    recorded.revision = recorded.revision * 10 + static_cast<std::uint64_t>(c - '0');
  }
  recorded.sha256 = value.substr(space + 1);
  return recorded;
}

}  // namespace betrace::storage
