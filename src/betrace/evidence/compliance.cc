#include "betrace/evidence/compliance.h"

#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {

std::string_view Compliance::outcome() const noexcept {
  if (verdict.violations + verdict.suppressed != 0) return "violations";
  const bool is_seen = coverage_records != 0 && verdict.evaluated() != 0;
  return is_seen ? "no_violation" : "not_evaluated";
}

Json compliance_members(const Compliance& compliance) {
  const Compliance::Verdict& verdict = compliance.verdict;
  return {{"framework", compliance.control.framework},
          {"control", compliance.control.name},
          {"outcome", compliance.outcome()},
          {"rules", compliance.rules},
          {"rule_count", compliance.rule_count},
          {"evaluations_due", verdict.evaluations_due},
          {"evaluations_not_made", verdict.evaluations_not_made},
          {"violations", verdict.violations},
          {"suppressed", verdict.suppressed},
          {"coverage_records", compliance.coverage_records},
          {"coverage", coverage_members(compliance.coverage)}};
}

Result<Compliance> read_compliance(std::string_view payload) {
  const auto json = read_canonical_json(payload);
  if (!json) return fail(json.error());
  PayloadMembers members(*json);
  Compliance compliance;
  if (members.text("type") != "compliance") members.reject("type");
  compliance.control = {members.text("framework"), members.text("control")};
  compliance.rules = members.texts("rules");
  compliance.rule_count = members.integer("rule_count");
  Compliance::Verdict& verdict = compliance.verdict;
  verdict.evaluations_due = members.integer("evaluations_due");
  verdict.evaluations_not_made = members.integer("evaluations_not_made");
  verdict.violations = members.integer("violations");
  verdict.suppressed = members.integer("suppressed");
  compliance.coverage_records = members.integer("coverage_records");
  auto coverage = coverage_of(members.get("coverage"));
  if (!coverage) return fail(coverage.error());
  compliance.coverage = *std::move(coverage);
  if (verdict.evaluations_not_made > verdict.evaluations_due) {
    members.reject("evaluations_not_made");
  }
  if (members.text("outcome") != compliance.outcome()) members.reject("outcome");
  if (members.is_good()) return compliance;
  return fail(ErrorCode::Corrupt, "payload member " + members.wrong_member() + " is wrong");
}

}  // namespace betrace::evidence
