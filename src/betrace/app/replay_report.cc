#include "betrace/app/replay_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "betrace/app/counted.h"
#include "betrace/base/json.h"
#include "betrace/model/violation_json.h"

namespace betrace::app {
namespace {

// A name comes from the wire and must not steer the terminal.
std::string harmless(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; }, ' ');
  return text;
}

std::string_view grade_of(const model::Violation& violation) {
  return violation.completeness ? model::name_of(*violation.completeness) : "early";
}

std::string text_line(const model::Violation& violation) {
  const std::string span = violation.span_id.is_zero() ? "-" : violation.span_id.hex();
  return fmt::format("{}  {:<8}  {}  {}  trace {}  span {}  {}  {}\n",
                     format_rfc3339(violation.timestamp, 3), model::name_of(violation.severity),
                     violation.rule_id, violation.key.id(), violation.trace_id.hex(), span,
                     grade_of(violation), harmless(violation.message));
}

// The object of the API without its place in a log, of which there is none, and with its proof.
std::string json_line(const model::Violation& violation) {
  OrderedJson json =
      model::violation_json(violation, model::ViolationPlace{0, violation.timestamp, "", ""});
  for (const char* name : {"sequence", "key_id", "signature", "unsigned"}) json.erase(name);
  json.update(model::violation_proof_json(violation));
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

// `480 complete, 17 idle`, or `none`.
class Parts {
 public:
  void add(std::uint64_t count, std::string_view name) {
    if (count == 0) return;
    text_ += fmt::format("{}{} {}", text_.empty() ? "" : ", ", grouped(count), name);
  }
  [[nodiscard]] std::string text() const { return text_.empty() ? "none" : text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace

void ReplayInput::add(const otlp::ReadSummary& summary) {
  ++requests;
  spans.spans_decoded += summary.spans_decoded;
  for (std::size_t i = 0; i < otlp::kRejectReasonCount; ++i) {
    spans.rejected[i] += summary.rejected[i];
  }
  for (std::size_t i = 0; i < otlp::kTruncatedPartCount; ++i) {
    spans.truncated[i] += summary.truncated[i];
  }
}

void ReplayReport::violation(const model::Violation& violation) {
  RuleCount& count = rules_[violation.rule_id];
  count.severity = violation.severity;
  const bool is_confirmed = violation.status == model::ViolationStatus::Confirmed;
  ++(is_confirmed ? count.confirmed : count.withdrawn);
  if (is_confirmed) worst_ = std::max(worst_.value_or(violation.severity), violation.severity);
  clear_progress();
  if (format_ == ReplayFormat::Json) {
    out_ << json_line(violation);
  } else if (is_confirmed) {
    out_ << text_line(violation);
  }
}

void ReplayReport::progress(std::uint64_t done, std::uint64_t total, std::uint64_t spans) {
  if (!show_progress_) return;
  constexpr int kWidth = 40;
  constexpr std::uint64_t kSpansStep = 100'000;
  const int percent =
      total == 0 ? 0
                 : static_cast<int>(static_cast<double>(done) * 100 / static_cast<double>(total));
  if (is_drawn_ && percent == percent_ && spans - spans_drawn_ < kSpansStep) return;
  percent_ = percent;
  spans_drawn_ = spans;
  is_drawn_ = true;
  const int filled = std::clamp(percent, 0, 100) * kWidth / 100;
  const std::string bar =
      total == 0 ? ""
                 : fmt::format("[{:-<{}}] {:3}%  ",
                               std::string(static_cast<std::size_t>(filled), '#'), kWidth, percent);
  err_ << fmt::format("\r{}{}\x1b[K", bar, counted(spans, "span")) << std::flush;
}

void ReplayReport::clear_progress() {
  if (!is_drawn_) return;
  err_ << "\r\x1b[K" << std::flush;
  is_drawn_ = false;
}

void ReplayReport::summary(const ReplayInput& input, const engine::ShardStatistics& statistics) {
  clear_progress();
  std::ostream& to = format_ == ReplayFormat::Json ? err_ : out_;
  to << fmt::format("{} in {} of {}\n", counted(input.spans.spans_decoded, "span"),
                    counted(input.requests, "request"), counted(input.files, "file"));
  traces(to, statistics);
  losses(to, input, statistics);
  rules(to, statistics);
}

void ReplayReport::traces(std::ostream& to, const engine::ShardStatistics& statistics) const {
  Parts reasons;
  for (std::size_t i = 1; i <= engine::kCloseReasonCount; ++i) {
    const auto reason = static_cast<model::CloseReason>(i);
    reasons.add(statistics.closed(reason), model::name_of(reason));
  }
  Parts grades;
  for (std::size_t i = engine::kCompletenessCount; i > 0; --i) {
    const auto grade = static_cast<model::Completeness>(i);
    grades.add(statistics.closed(grade), model::name_of(grade));
  }
  to << fmt::format("{} closed: {}\n", counted(statistics.closed(), "trace"), reasons.text());
  to << fmt::format("  graded: {}\n", grades.text());
}

void ReplayReport::losses(std::ostream& to, const ReplayInput& input,
                          const engine::ShardStatistics& statistics) const {
  Parts rejected;
  for (std::size_t i = 0; i < otlp::kRejectReasonCount; ++i) {
    rejected.add(input.spans.rejected[i], otlp::name_of(static_cast<otlp::RejectReason>(i)));
  }
  Parts cut;
  for (std::size_t i = 0; i < otlp::kTruncatedPartCount; ++i) {
    cut.add(input.spans.truncated[i], otlp::name_of(static_cast<otlp::TruncatedPart>(i)));
  }
  Parts dropped;
  dropped.add(statistics.spans_duplicate, "duplicate");
  dropped.add(statistics.spans_own, "own");
  dropped.add(statistics.spans_trace_limit, "trace_limit");
  dropped.add(statistics.spans_memory, "memory");
  Parts late;
  late.add(statistics.spans_late_redecided, "redecided");
  late.add(statistics.spans_late_reopened, "reopened");
  if (!rejected.empty()) to << "  spans rejected: " << rejected.text() << '\n';
  if (!cut.empty()) to << "  parts cut at a limit: " << cut.text() << '\n';
  if (!dropped.empty()) to << "  spans dropped: " << dropped.text() << '\n';
  if (!late.empty()) to << "  late spans: " << late.text() << '\n';
}

void ReplayReport::rules(std::ostream& to, const engine::ShardStatistics& statistics) const {
  std::uint64_t confirmed = 0;
  std::uint64_t withdrawn = 0;
  for (const auto& entry : rules_) {
    confirmed += entry.second.confirmed;
    withdrawn += entry.second.withdrawn;
  }
  to << fmt::format("{}{}\n", counted(confirmed, "violation"),
                    withdrawn == 0 ? "" : fmt::format(", {} withdrawn", grouped(withdrawn)));
  for (const auto& [rule_id, counts] : statistics.rules) {
    const auto found = rules_.find(rule_id);
    const RuleCount count = found == rules_.end() ? RuleCount{} : found->second;
    Parts rest;
    rest.add(count.withdrawn, "withdrawn");
    rest.add(counts.error, "errors");
    rest.add(counts.skipped, "skipped");
    rest.add(counts.not_made, "not made");
    to << fmt::format("  {:>9}  {}{}\n", grouped(count.confirmed), rule_id,
                      rest.empty() ? "" : fmt::format("  ({})", rest.text()));
  }
}

}  // namespace betrace::app
