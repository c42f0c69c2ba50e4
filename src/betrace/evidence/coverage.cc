#include "betrace/evidence/coverage.h"

#include <array>

#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {
namespace {

struct NumberMember {
  const char* name;
  std::uint64_t Coverage::*number;
  bool is_state = false;  // what stands at the end, not a count
};

constexpr std::array kNumbers = {
    NumberMember{"spans_received", &Coverage::spans_received},
    NumberMember{"spans_ingested", &Coverage::spans_ingested},
    NumberMember{"traces_open", &Coverage::traces_open, true},
    NumberMember{"evaluations_due", &Coverage::evaluations_due},
    NumberMember{"evaluations_not_made", &Coverage::evaluations_not_made},
    NumberMember{"evaluations_skipped", &Coverage::evaluations_skipped},
    NumberMember{"violations_recorded", &Coverage::violations_recorded},
    NumberMember{"violations_suppressed", &Coverage::violations_suppressed},
    NumberMember{"violations_withdrawn", &Coverage::violations_withdrawn},
    NumberMember{"late_window_ms", &Coverage::late_window_ms, true},
    NumberMember{"rules_active", &Coverage::rules_active, true},
};

struct CountsMember {
  const char* name;
  Counts Coverage::*counts;
};

constexpr std::array kCounts = {
    CountsMember{"spans_rejected", &Coverage::spans_rejected},
    CountsMember{"spans_dropped", &Coverage::spans_dropped},
    CountsMember{"spans_late", &Coverage::spans_late},
    CountsMember{"requests_refused", &Coverage::requests_refused},
};

std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
  return now < before ? now : now - before;
}

void add_counts(Counts* sums, const Counts& more) {
  for (const auto& [name, count] : more) (*sums)[name] += count;
}

Counts grown(const Counts& now, const Counts& before) {
  Counts more;
  for (const auto& [name, count] : now) {
    const auto old = before.find(name);
    const std::uint64_t added = grown(count, old == before.end() ? 0 : old->second);
    if (added != 0) more[name] = added;
  }
  return more;
}

Json counts_json(const Counts& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) {
    if (count != 0) json[name] = count;
  }
  return json;
}

bool read_counts(const Json& json, Counts* counts) {
  if (!json.is_object()) return false;
  for (const auto& [name, count] : json.items()) {
    if (!count.is_number_unsigned()) return false;
    (*counts)[name] = count.get<std::uint64_t>();
  }
  return true;
}

}  // namespace

std::uint64_t sum(const Counts& counts) noexcept {
  std::uint64_t all = 0;
  for (const auto& entry : counts) all += entry.second;
  return all;
}

std::uint64_t Coverage::traces_closed_count() const noexcept {
  std::uint64_t all = 0;
  for (const auto& by_grade : traces_closed) all += sum(by_grade.second);
  return all;
}

std::uint64_t Coverage::traces_closed_count(std::string_view grade) const noexcept {
  std::uint64_t all = 0;
  for (const auto& entry : traces_closed) {
    const auto found = entry.second.find(grade);
    if (found != entry.second.end()) all += found->second;
  }
  return all;
}

void Coverage::add(const Coverage& next) {
  if (from == 0) from = next.from;
  to = next.to;
  ruleset = next.ruleset;
  for (const NumberMember& each : kNumbers) {
    this->*each.number = (each.is_state ? 0 : this->*each.number) + next.*each.number;
  }
  for (const CountsMember& each : kCounts) add_counts(&(this->*each.counts), next.*each.counts);
  for (const auto& [reason, by_grade] : next.traces_closed) {
    add_counts(&traces_closed[reason], by_grade);
  }
}

Coverage difference(const Coverage& now, const Coverage& before) {
  Coverage more;
  more.from = now.from;
  more.to = now.to;
  more.ruleset = now.ruleset;
  for (const NumberMember& each : kNumbers) {
    more.*each.number =
        each.is_state ? now.*each.number : grown(now.*each.number, before.*each.number);
  }
  for (const CountsMember& each : kCounts) {
    more.*each.counts = grown(now.*each.counts, before.*each.counts);
  }
  for (const auto& [reason, by_grade] : now.traces_closed) {
    const auto old = before.traces_closed.find(reason);
    Counts added = old == before.traces_closed.end() ? by_grade : grown(by_grade, old->second);
    if (sum(added) != 0) more.traces_closed[reason] = std::move(added);
  }
  return more;
}

Json coverage_members(const Coverage& coverage) {
  Json members = {{"from", format_rfc3339(coverage.from, 9)},
                  {"to", format_rfc3339(coverage.to, 9)},
                  {"ruleset", coverage.ruleset}};
  for (const NumberMember& each : kNumbers) members[each.name] = coverage.*each.number;
  for (const CountsMember& each : kCounts) members[each.name] = counts_json(coverage.*each.counts);
  Json& closed = members["traces_closed"] = Json::object();
  for (const auto& [reason, by_grade] : coverage.traces_closed) {
    closed[reason] = counts_json(by_grade);
  }
  return members;
}

Result<Coverage> coverage_of(const Json& object) {
  PayloadMembers members(object);
  Coverage coverage;
  coverage.from = members.time("from");
  coverage.to = members.time("to");
  coverage.ruleset = members.text("ruleset");
  for (const NumberMember& each : kNumbers) coverage.*each.number = members.integer(each.name);
  for (const CountsMember& each : kCounts) {
    if (!read_counts(members.get(each.name), &(coverage.*each.counts))) members.reject(each.name);
  }
  const Json& closed = members.get("traces_closed");
  if (!closed.is_object()) members.reject("traces_closed");
  for (const auto& [reason, by_grade] : closed.items()) {
    if (!read_counts(by_grade, &coverage.traces_closed[reason])) members.reject("traces_closed");
  }
  if (members.is_good()) return coverage;
  return fail(ErrorCode::Corrupt, "payload member " + members.wrong_member() + " is wrong");
}

Result<Coverage> read_coverage(std::string_view payload) {
  const auto json = read_canonical_json(payload);
  if (!json) return fail(json.error());
  if (PayloadMembers(*json).text("type") != "coverage") {
    return fail(ErrorCode::Corrupt, "not a coverage payload");
  }
  return coverage_of(*json);
}

}  // namespace betrace::evidence
