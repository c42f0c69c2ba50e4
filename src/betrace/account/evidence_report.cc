#include "betrace/account/evidence_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"
#include "betrace/evidence/violation_payload.h"
#include "betrace/storage/log_record.h"

namespace betrace::account {
namespace {

using storage::LogRecordType;
using storage::StoredRecord;

// A record of the last minute is written after it, and the writer may be late.
constexpr UnixNanos kWrittenLate = 600 * kNanosPerSecond;
constexpr std::size_t kPageRecords = 1'000;

/// Reads records one after the other, and collects what they say.
class ReportReader {
 public:
  explicit ReportReader(const ReportRequest& request) { report_.request = request; }

  Result<EvidenceReport> read(storage::LogReader& log) {
    storage::RecordQuery query;
    query.is_newest_first = false;
    query.start_time = report_.request.from;
    query.end_time = report_.request.to + kWrittenLate;
    query.limit = kPageRecords;
    do {
      const auto page = log.records(query);
      if (!page) return fail(page.error());
      for (const StoredRecord& record : page->records) {
        if (auto done = take(record); !done) return fail(done.error());
      }
      query.cursor = page->next_cursor;
    } while (!query.cursor.empty());
    finish();
    return std::move(report_);
  }

 private:
  [[nodiscard]] bool is_within(UnixNanos time) const noexcept {
    return report_.request.from <= time && time < report_.request.to;
  }
  [[nodiscard]] bool overlaps(const evidence::Coverage& coverage) const noexcept {
    return coverage.from < report_.request.to && coverage.to > report_.request.from;
  }
  [[nodiscard]] bool names_control(std::span<const std::string> tags) const {
    return std::ranges::find(tags, report_.request.control.tag()) != tags.end();
  }

  Result<void> take(const StoredRecord& record) {
    if (report_.log_id.empty()) {
      const auto json = evidence::read_canonical_json(record.payload);
      if (!json) return fail(json.error());
      report_.log_id = evidence::PayloadMembers(*json).text("log");
    }
    switch (record.type) {
      case LogRecordType::Coverage:
        return take_coverage(record);
      case LogRecordType::Compliance:
        return take_period(record);
      default:
        break;
    }
    if (!is_within(record.time)) return {};
    switch (record.type) {
      case LogRecordType::Violation:
      case LogRecordType::Revision:
        return take_violation(record);
      case LogRecordType::Gap:
        return take_gap(record);
      case LogRecordType::RuleChange:
        return take_rule_change(record);
      case LogRecordType::Start:
      case LogRecordType::Stop:
        return take_run(record);
      default:
        return {};
    }
  }

  Result<void> take_coverage(const StoredRecord& record) {
    const auto coverage = evidence::read_coverage(record.payload);
    if (!coverage) return fail(coverage.error());
    if (!overlaps(*coverage)) return {};
    if (coverage->from > covered_to()) {
      report_.uncovered.push_back(
          {covered_to(), coverage->from, report_.coverage_proof.last_sequence, record.sequence});
    }
    covered_to_ = std::max(covered_to_, coverage->to);
    report_.coverage.add(*coverage);
    ++report_.coverage_records;
    report_.coverage_proof.add(record.sequence);
    return {};
  }

  [[nodiscard]] UnixNanos covered_to() const noexcept {
    return std::max(covered_to_, report_.request.from);
  }

  Result<void> take_period(const StoredRecord& record) {
    const auto period = evidence::read_compliance(record.payload);
    if (!period) return fail(period.error());
    if (period->control != report_.request.control || !overlaps(period->coverage)) return {};
    report_.verdict.evaluations_due += period->verdict.evaluations_due;
    report_.verdict.evaluations_not_made += period->verdict.evaluations_not_made;
    report_.verdict.suppressed += period->verdict.suppressed;
    rules_.insert(period->rules.begin(), period->rules.end());
    report_.periods.push_back({record.sequence, period->coverage.from, period->coverage.to,
                               std::string(period->outcome())});
    report_.periods_proof.add(record.sequence);
    return {};
  }

  Result<void> take_violation(const StoredRecord& record) {
    const auto payload = evidence::read_violation_payload(record.payload);
    if (!payload) return fail(payload.error());
    const model::Violation& violation = payload->record.violation;
    if (!names_control(violation.tags)) return {};
    if (record.type == LogRecordType::Revision) {
      if (violation.status != model::ViolationStatus::Withdrawn) return {};
      const auto at = listed_.find(violation.key.id());
      if (at != listed_.end()) report_.violations[at->second].withdrawn_by = record.sequence;
      return {};
    }
    ++report_.violation_count;
    ++report_.verdict.violations;
    report_.violations_proof.add(record.sequence);
    if (report_.violations.size() == EvidenceReport::kViolationsMax) return {};
    listed_[violation.key.id()] = report_.violations.size();
    report_.violations.push_back(
        {record.sequence, violation.key.id(), violation.rule_id,
         std::string(model::name_of(violation.severity)),
         violation.completeness ? std::string(model::name_of(*violation.completeness)) : "",
         violation.timestamp, 0});
    return {};
  }

  Result<void> take_gap(const StoredRecord& record) {
    const auto json = evidence::read_canonical_json(record.payload);
    if (!json) return fail(json.error());
    evidence::PayloadMembers members(*json);
    const std::string cause = members.text("cause");
    const std::string rule_id = members.text("rule_id");
    EvidenceReport::Loss& loss = losses_[{cause, rule_id}];
    loss.cause = cause;
    loss.rule_id = rule_id;
    loss.count += members.integer("count");
    if (loss.records++ == 0) loss.first_time = members.time("first_time");
    loss.last_time = members.time("last_time");
    loss.proof.add(record.sequence);
    if (members.is_good()) return {};
    return fail(ErrorCode::Corrupt, "a gap record without its " + members.wrong_member());
  }

  Result<void> take_rule_change(const StoredRecord& record) {
    const auto change = storage::read_rule_change(record.payload);
    if (!change) return fail(change.error());
    if (!change->rule || !names_control(change->rule->tags)) return {};
    report_.rule_changes.push_back({record.sequence, change->rule_id, change->change, change->actor,
                                    change->revision, change->time});
    return {};
  }

  Result<void> take_run(const StoredRecord& record) {
    const auto json = evidence::read_canonical_json(record.payload);
    if (!json) return fail(json.error());
    const bool is_start = record.type == LogRecordType::Start;
    const bool is_crash = is_start && evidence::PayloadMembers(*json).boolean("crash");
    report_.runs.push_back({record.sequence, record.time,
                            is_crash   ? "start after a crash"
                            : is_start ? "start"
                                       : "stop"});
    return {};
  }

  void finish() {
    if (covered_to() < report_.request.to) {
      report_.uncovered.push_back(
          {covered_to(), report_.request.to, report_.coverage_proof.last_sequence, 0});
    }
    for (auto& entry : losses_) report_.losses.push_back(std::move(entry.second));
    report_.rules.assign(rules_.begin(), rules_.end());
  }

  EvidenceReport report_;
  UnixNanos covered_to_ = 0;
  std::set<std::string> rules_;
  std::map<std::string, std::size_t> listed_;  // violation id -> index
  std::map<std::pair<std::string, std::string>, EvidenceReport::Loss> losses_;
};

Json proof_json(const Proof& proof) {
  if (proof.first_sequence == 0) return nullptr;
  return {{"first_seq", proof.first_sequence}, {"last_seq", proof.last_sequence}};
}

Json violations_json(const EvidenceReport& report) {
  Json listed = Json::array();
  for (const EvidenceReport::Violation& each : report.violations) {
    Json row = {{"seq", each.sequence},
                {"id", each.id},
                {"rule_id", each.rule_id},
                {"severity", each.severity},
                {"time", format_rfc3339(each.time)}};
    row["completeness"] = each.completeness.empty() ? Json() : Json(each.completeness);
    row["withdrawn_by"] = each.withdrawn_by == 0 ? Json() : Json(each.withdrawn_by);
    listed.push_back(std::move(row));
  }
  return {{"count", report.violation_count},
          {"suppressed", report.verdict.suppressed},
          {"listed", std::move(listed)},
          {"proof", proof_json(report.violations_proof)}};
}

Json coverage_json(const EvidenceReport& report) {
  Json uncovered = Json::array();
  for (const EvidenceReport::Uncovered& each : report.uncovered) {
    uncovered.push_back(
        {{"from", format_rfc3339(each.from)},
         {"to", format_rfc3339(each.to)},
         {"seconds", (each.to - each.from) / kNanosPerSecond},
         {"after_seq", each.after_sequence == 0 ? Json() : Json(each.after_sequence)},
         {"before_seq", each.before_sequence == 0 ? Json() : Json(each.before_sequence)}});
  }
  return {{"records", report.coverage_records},
          {"sums", evidence::coverage_members(report.coverage)},
          {"uncovered", std::move(uncovered)},
          {"proof", proof_json(report.coverage_proof)}};
}

Json losses_json(const EvidenceReport& report) {
  Json losses = Json::array();
  for (const EvidenceReport::Loss& each : report.losses) {
    losses.push_back({{"cause", each.cause},
                      {"rule_id", each.rule_id.empty() ? Json() : Json(each.rule_id)},
                      {"count", each.count},
                      {"records", each.records},
                      {"first_time", format_rfc3339(each.first_time)},
                      {"last_time", format_rfc3339(each.last_time)},
                      {"proof", proof_json(each.proof)}});
  }
  return losses;
}

Json rule_changes_json(const EvidenceReport& report) {
  Json changes = Json::array();
  for (const EvidenceReport::RuleChange& each : report.rule_changes) {
    changes.push_back({{"seq", each.sequence},
                       {"rule_id", each.rule_id},
                       {"revision", each.revision},
                       {"change", each.change},
                       {"actor", each.actor},
                       {"time", format_rfc3339(each.time)}});
  }
  return changes;
}

Json periods_json(const EvidenceReport& report) {
  Json listed = Json::array();
  for (const EvidenceReport::Period& each : report.periods) {
    listed.push_back({{"seq", each.sequence},
                      {"from", format_rfc3339(each.from)},
                      {"to", format_rfc3339(each.to)},
                      {"outcome", each.outcome}});
  }
  return {{"count", report.periods.size()},
          {"evaluations_due", report.verdict.evaluations_due},
          {"evaluations_not_made", report.verdict.evaluations_not_made},
          {"listed", std::move(listed)},
          {"proof", proof_json(report.periods_proof)}};
}

Json runs_json(const EvidenceReport& report) {
  Json runs = Json::array();
  for (const EvidenceReport::Run& each : report.runs) {
    runs.push_back(
        {{"seq", each.sequence}, {"time", format_rfc3339(each.time)}, {"what", each.what}});
  }
  return runs;
}

}  // namespace

void Proof::add(std::uint64_t sequence) noexcept {
  if (first_sequence == 0) first_sequence = sequence;
  first_sequence = std::min(first_sequence, sequence);
  last_sequence = std::max(last_sequence, sequence);
}

std::string_view EvidenceReport::outcome() const noexcept {
  if (verdict.violations + verdict.suppressed != 0) return "violations";
  return coverage_records != 0 && verdict.evaluated() != 0 ? "no_violation" : "not_evaluated";
}

Result<EvidenceReport> make_evidence_report(storage::LogReader& log, const ReportRequest& request) {
  return ReportReader(request).read(log);
}

Json report_json(const EvidenceReport& report) {
  return {{"control", report.request.control.tag()},
          {"from", format_rfc3339(report.request.from)},
          {"to", format_rfc3339(report.request.to)},
          {"made", format_rfc3339(report.request.made)},
          {"log", report.log_id.empty() ? Json() : Json(report.log_id)},
          {"outcome", report.outcome()},
          {"complete", report.is_complete()},
          {"rules", report.rules},
          {"violations", violations_json(report)},
          {"periods", periods_json(report)},
          {"coverage", coverage_json(report)},
          {"gaps", losses_json(report)},
          {"rule_changes", rule_changes_json(report)},
          {"runs", runs_json(report)}};
}

}  // namespace betrace::account
