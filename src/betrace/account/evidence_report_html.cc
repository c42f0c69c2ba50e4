#include "betrace/account/evidence_report_html.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>

#include "betrace/base/html.h"

namespace betrace::account {
namespace {

constexpr std::string_view kHead = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>BeTrace evidence report</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;color:#1a1d21;max-width:62rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p.lead{font-size:1.05rem}.note{color:#555}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d9dde2;vertical-align:top}
th{color:#444;font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}
.bad{color:#a11}.good{color:#176b34}code{font-size:.85em;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}}
</style></head><body>
)html";

std::string shown_time(UnixNanos time) { return format_rfc3339(time, 0); }

std::string shown_proof(const Proof& proof) {
  if (proof.first_sequence == 0) return "none";
  if (proof.first_sequence == proof.last_sequence) return fmt::format("{}", proof.first_sequence);
  return fmt::format("{} to {}", proof.first_sequence, proof.last_sequence);
}

std::string shown_length(UnixNanos from, UnixNanos to) {
  const std::uint64_t seconds = (to - from) / kNanosPerSecond;
  return fmt::format("{} h {:02} min {:02} s", seconds / 3'600, seconds / 60 % 60, seconds % 60);
}

/// A table that is written row by row; texts are escaped here.
class HtmlTable {
 public:
  explicit HtmlTable(std::initializer_list<std::string_view> heads) {
    html_ = "<table><thead><tr>";
    for (const std::string_view head : heads) html_ += fmt::format("<th>{}</th>", head);
    html_ += "</tr></thead><tbody>\n";
  }
  void row(std::initializer_list<std::string> cells) {
    html_ += "<tr>";
    for (const std::string& cell : cells) html_ += fmt::format("<td>{}</td>", escape_html(cell));
    html_ += "</tr>\n";
    is_empty_ = false;
  }
  /// `none` if there was no row.
  [[nodiscard]] std::string take(std::string_view none) {
    if (is_empty_) return fmt::format("<p class=\"note\">{}</p>\n", none);
    return std::move(html_) + "</tbody></table>\n";
  }

 private:
  std::string html_;
  bool is_empty_ = true;
};

std::string lead(const EvidenceReport& report) {
  const std::string_view outcome = report.outcome();
  std::string text;
  if (outcome == "violations") {
    text = fmt::format("<p class=\"lead bad\">{} violations were recorded, {} were held back.</p>",
                       report.violation_count, report.verdict.suppressed);
  } else if (outcome == "no_violation") {
    text = "<p class=\"lead good\">No violation was found in what was seen.</p>";
  } else {
    text = "<p class=\"lead bad\">No rule of this control was evaluated: nothing follows.</p>";
  }
  text += report.is_complete()
              ? "<p class=\"good\">Every minute is covered and nothing was lost.</p>\n"
              : "<p class=\"bad\">The account is not complete: see \"Time without coverage\" and "
                "\"Losses\".</p>\n";
  return text;
}

std::string figures(const EvidenceReport& report) {
  const evidence::Coverage& seen = report.coverage;
  const auto number = [](std::uint64_t value) { return fmt::format("{}", value); };
  const std::string coverage = shown_proof(report.coverage_proof);
  const std::string periods = shown_proof(report.periods_proof);
  HtmlTable table({"Figure", "Value", "Proven by records"});
  table.row({"Violations", number(report.violation_count), shown_proof(report.violations_proof)});
  table.row({"Evaluations of its rules due", number(report.verdict.evaluations_due), periods});
  table.row({"Of these not made", number(report.verdict.evaluations_not_made), periods});
  table.row(
      {"Violations held back by the noise bound", number(report.verdict.suppressed), periods});
  table.row({"Spans received", number(seen.spans_received), coverage});
  table.row({"Spans added to a trace", number(seen.spans_ingested), coverage});
  table.row({"Traces judged", number(seen.traces_closed_count()), coverage});
  table.row({"Of these complete", number(seen.traces_closed_count("complete")), coverage});
  table.row({"Evaluations of all rules due", number(seen.evaluations_due), coverage});
  table.row({"Of these not made", number(seen.evaluations_not_made), coverage});
  return table.take("");
}

std::string violation_rows(const EvidenceReport& report) {
  HtmlTable table({"Time", "Rule", "Severity", "Trace was", "Violation", "Record"});
  for (const EvidenceReport::Violation& each : report.violations) {
    table.row(
        {shown_time(each.time), each.rule_id, each.severity,
         each.completeness.empty() ? "open" : each.completeness,
         each.id +
             (each.withdrawn_by == 0 ? "" : fmt::format(" (withdrawn by {})", each.withdrawn_by)),
         fmt::format("{}", each.sequence)});
  }
  std::string html = table.take("None.");
  if (report.violation_count > report.violations.size()) {
    html += fmt::format("<p class=\"note\">The first {} of {}.</p>\n", report.violations.size(),
                        report.violation_count);
  }
  return html;
}

std::string uncovered_rows(const EvidenceReport& report) {
  HtmlTable table({"From", "To", "Length", "Between records"});
  const auto side = [](std::uint64_t sequence, std::string_view none) {
    return sequence == 0 ? std::string(none) : fmt::format("{}", sequence);
  };
  for (const EvidenceReport::Uncovered& each : report.uncovered) {
    table.row({shown_time(each.from), shown_time(each.to), shown_length(each.from, each.to),
               side(each.after_sequence, "the beginning") + " and " +
                   side(each.before_sequence, "the end")});
  }
  return table.take("None: a coverage record speaks of every instant.");
}

std::string loss_rows(const EvidenceReport& report) {
  HtmlTable table({"Cause", "Rule", "Count", "From", "To", "Records"});
  for (const EvidenceReport::Loss& each : report.losses) {
    table.row({each.cause, each.rule_id, fmt::format("{}", each.count), shown_time(each.first_time),
               shown_time(each.last_time), shown_proof(each.proof)});
  }
  return table.take("None.");
}

std::string change_rows(const EvidenceReport& report) {
  HtmlTable table({"Time", "Rule", "Revision", "Change", "By", "Record"});
  for (const EvidenceReport::RuleChange& each : report.rule_changes) {
    table.row({shown_time(each.time), each.rule_id, fmt::format("{}", each.revision), each.change,
               each.actor, fmt::format("{}", each.sequence)});
  }
  return table.take("None.");
}

std::string run_rows(const EvidenceReport& report) {
  HtmlTable table({"Time", "What", "Record"});
  for (const EvidenceReport::Run& each : report.runs) {
    table.row({shown_time(each.time), each.what, fmt::format("{}", each.sequence)});
  }
  return table.take("The service ran all the time, or not at all.");
}

std::string rule_names(const EvidenceReport& report) {
  std::string names;
  for (const std::string& id : report.rules) {
    names += fmt::format("{}<code>{}</code>", names.empty() ? "" : ", ", escape_html(id));
  }
  return names.empty() ? "none" : names;
}

}  // namespace

std::string report_html(const EvidenceReport& report) {
  std::string html(kHead);
  html += fmt::format("<h1>Evidence for {}</h1>\n", escape_html(report.request.control.tag()));
  html +=
      fmt::format("<p class=\"note\">{} to {}, made {}. Log <code>{}</code>. Rules: {}.</p>\n",
                  shown_time(report.request.from), shown_time(report.request.to),
                  shown_time(report.request.made), escape_html(report.log_id), rule_names(report));
  html += lead(report);
  html += "<h2>Figures</h2>\n" + figures(report);
  html += "<h2>Violations</h2>\n" + violation_rows(report);
  html += "<h2>Time without coverage</h2>\n" + uncovered_rows(report);
  html += "<h2>Losses</h2>\n" + loss_rows(report);
  html += "<h2>Changes of its rules</h2>\n" + change_rows(report);
  html += "<h2>Starts and stops</h2>\n" + run_rows(report);
  html +=
      "<p class=\"note\">Numbers of records are sequences of the violation log; each record "
      "can be verified there.</p>\n</body></html>\n";
  return html;
}

}  // namespace betrace::account
