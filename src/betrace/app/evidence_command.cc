#include "betrace/app/evidence_command.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <fstream>
#include <ostream>

#include "betrace/account/evidence_report.h"
#include "betrace/account/evidence_report_html.h"
#include "betrace/app/exit_code.h"
#include "betrace/model/control.h"
#include "betrace/storage/log_archive.h"

namespace betrace::app {
namespace {

constexpr std::size_t kDateLength = 10;  // 2026-01-31

Result<UnixNanos> read_report_time(std::string_view name, const std::string& text) {
  auto time = parse_rfc3339(text.size() == kDateLength ? text + "T00:00:00Z" : text);
  if (time) return time;
  return fail_invalid(fmt::format("{}: {}", name, time.error().message));
}

Result<account::ReportRequest> read_report_request(const EvidenceReportOptions& options,
                                                   UnixNanos now) {
  account::ReportRequest request;
  const auto controls = model::controls_of({&options.control, 1});
  if (controls.empty()) return fail_invalid("--control is not of the form framework:control");
  request.control = controls.front();
  request.made = now;
  const auto from = read_report_time("--from", options.from);
  if (!from) return fail(from.error());
  request.from = *from;
  request.to = now;
  if (!options.to.empty()) {
    const auto to = read_report_time("--to", options.to);
    if (!to) return fail(to.error());
    request.to = *to;
  }
  if (request.from >= request.to) return fail_invalid("--from is not before --to");
  return request;
}

std::string state_path_of(const Config& config) {
  const std::string& path = config.text("state.path");
  return path.empty() ? config.text("storage.path") + "/.betrace" : path;
}

Result<std::string> report_text(const std::string& path, const account::ReportRequest& request,
                                bool is_html) {
  auto log = storage::open_log_archive(path);
  if (!log) return fail(log.error());
  const auto report = account::make_evidence_report(**log, request);
  if (!report) return fail(report.error());
  return is_html ? account::report_html(*report) : account::report_json(*report).dump(2) + "\n";
}

}  // namespace

int run_evidence_report(const Config& config, const EvidenceReportOptions& options, UnixNanos now,
                        std::ostream& out, std::ostream& err) {
  const auto request = read_report_request(options, now);
  if (!request) {
    fmt::print(err, "betrace evidence report: {}\n", request.error().message);
    return kExitUsage;
  }
  const auto text = report_text(state_path_of(config), *request, options.format == "html");
  if (!text) {
    fmt::print(err, "betrace evidence report: {}\n", text.error().message);
    return text.error().code == ErrorCode::Unsupported ? kExitNewerFormat : kExitFailed;
  }
  if (options.output.empty()) {
    out << *text;
    return kExitDone;
  }
  std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
  file << *text;
  file.close();
  if (file.good()) return kExitDone;
  fmt::print(err, "betrace evidence report: {} cannot be written\n", options.output);
  return kExitFailed;
}

}  // namespace betrace::app
