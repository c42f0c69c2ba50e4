#include "betrace/bench/load_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "betrace/base/version.h"

namespace betrace::bench {
namespace {

// A number of a repeat that is summed up over all of them.
struct Column {
  const char* name;
  double RepeatResult::*value;
};

constexpr Column kColumns[] = {
    {"spans_per_second", &RepeatResult::spans_per_second},
    {"gigabytes_per_second", &RepeatResult::gigabytes_per_second},
    {"server_cpu_seconds_per_million_spans", &RepeatResult::cpu_per_million},
    {"p50_ms", &RepeatResult::p50_ms},
    {"p99_ms", &RepeatResult::p99_ms},
    {"p999_ms", &RepeatResult::p999_ms},
    {"resident_megabytes", &RepeatResult::resident_megabytes},
};

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

Spread spread_of(std::span<const RepeatResult> results, double RepeatResult::*value) {
  const bool are_all_noisy = std::ranges::all_of(results, &RepeatResult::is_noisy);
  std::vector<double> values;
  for (const RepeatResult& result : results) {
    if (are_all_noisy || !result.is_noisy()) values.push_back(result.*value);
  }
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

std::string loop_text(const LoadRunOptions& options) {
  return options.spans_per_second > 0
             ? fmt::format("open loop at {:.0f} spans/s", options.spans_per_second)
             : fmt::format("closed loop of {}", options.in_flight_max);
}

std::string encoding_text(const LoadRunOptions& options, const RunFacts& facts) {
  return fmt::format("{}{} over {}",
                     options.traffic.encoding == Encoding::Protobuf ? "protobuf" : "JSON",
                     options.is_gzipped ? " in gzip-6" : "", facts.door);
}

Json delays_json(const std::vector<double>& delays) {
  return {{"count", delays.size()},
          {"p50_ms", quantile(delays, 0.5)},
          {"p99_ms", quantile(delays, 0.99)},
          {"p999_ms", quantile(delays, 0.999)}};
}

Json repeat_json(const RepeatResult& result) {
  Json json = {{"sent", result.totals.sent},
               {"accepted", result.totals.accepted},
               {"refused", result.totals.refused},
               {"requests", result.totals.requests},
               {"received", result.account.received},
               {"ingested", result.account.ingested},
               {"rejected", result.account.rejected},
               {"dropped", result.account.dropped},
               {"suppressed", result.account.suppressed},
               {"reloads", result.reloads},
               {"traces_open", result.traces_open},
               {"violations_expected", result.violations_expected},
               {"violations_found", result.violations_found},
               {"spin_before_ns", result.spin_before_ns},
               {"spin_after_ns", result.spin_after_ns},
               {"noisy", result.is_noisy()},
               {"problems", result.problems}};
  if (!result.problems.empty()) return json;
  for (const Column& column : kColumns) json[column.name] = result.*column.value;
  json["resident_growth_megabytes"] = result.resident_growth_megabytes;
  if (!result.delays.after_span.empty()) {
    json["after_span"] = delays_json(result.delays.after_span);
    json["after_close"] = delays_json(result.delays.after_close);
    json["verdict_after_close"] = delays_json(result.delays.verdict_after_close);
  }
  return json;
}

Json machine_json(const RunFacts& facts) {
  return {{"processor", facts.machine.processor},   {"cores", facts.machine.cores},
          {"kernel", facts.machine.kernel},         {"load_average", facts.machine.load_average},
          {"steal_seconds", facts.steal_seconds},   {"compiler", facts.machine.compiler},
          {"optimized", facts.machine.is_optimized}};
}

Json load_json(const LoadRunOptions& options, const RunFacts& facts) {
  const TrafficOptions& traffic = options.traffic;
  Json json = {{"shape", name_of(traffic.traces.shape)},
               {"bytes_per_span", facts.bytes_per_span},
               {"spans_per_request", traffic.spans_per_request},
               {"spans_per_trace", text_of(traffic.traces.size)},
               {"interleave", traffic.interleave},
               {"split", traffic.split},
               {"connections", options.connections},
               {"encoding", traffic.encoding == Encoding::Protobuf ? "proto" : "json"},
               {"door", facts.door},
               {"gzip", options.is_gzipped},
               {"discarded", options.is_discarded},
               {"bare", options.is_bare},
               {"server_flags", options.server_flags},
               {"violation_rate", traffic.traces.violation_rate},
               {"seed", traffic.traces.seed},
               {"rules", options.rule_count},
               {"vocabulary", name_of(options.vocabulary)},
               {"rules_sha256", facts.rules_sha256},
               {"warmup_ms", options.warmup.count()},
               {"duration_ms", options.duration.count()},
               {"held_traces", options.held_traces},
               {"reload_ms", options.reload_every.count()},
               {"storm", options.has_storm}};
  if (options.spans_per_second > 0) {
    json["loop"] = "open";
    json["offered_spans_per_second"] = options.spans_per_second;
  } else {
    json["loop"] = "closed";
    json["in_flight"] = options.in_flight_max;
  }
  return json;
}

}  // namespace

std::string describe(const LoadRunOptions& options, const RunFacts& facts) {
  const TrafficOptions& traffic = options.traffic;
  return fmt::format(
      "{}: {:.0f} bytes/span, {} spans/request, {} spans/trace in {} parts, {} traces interleaved, "
      "{}\n{} on {} connections, {} rules ({} vocabulary), {:g} % of the traces broken, {}\n",
      name_of(traffic.traces.shape), facts.bytes_per_span, traffic.spans_per_request,
      text_of(traffic.traces.size), traffic.split, traffic.interleave,
      encoding_text(options, facts), loop_text(options), options.connections, options.rule_count,
      name_of(options.vocabulary), traffic.traces.violation_rate * 100,
      facts.has_own_server ? "server and generator share this machine"
                           : "server elsewhere, or started by somebody else");
}

std::string table_head() {
  return fmt::format("{:<8}{:>11}{:>9}{:>9}{:>9}{:>9}{:>8}{:>11}{:>10}{:>13}\n", "repeat",
                     "spans/s", "CPU-s/M", "p50 ms", "p99 ms", "p999 ms", "RSS MB", "accepted",
                     "refused", "violations");
}

std::string table_row(std::size_t number, const RepeatResult& result) {
  const auto violations = fmt::format("{}/{}", result.violations_found, result.violations_expected);
  if (!result.problems.empty()) {
    return fmt::format("{:<8}{:>11}{:>53}{:>11}{:>10}{:>13}\n", number, "INVALID", "",
                       result.totals.accepted, result.totals.refused, violations);
  }
  return fmt::format("{:<8}{:>11.0f}{:>9.3f}{:>9.2f}{:>9.2f}{:>9.2f}{:>8.0f}{:>11}{:>10}{:>13}{}\n",
                     number, result.spans_per_second, result.cpu_per_million, result.p50_ms,
                     result.p99_ms, result.p999_ms, result.resident_megabytes,
                     result.totals.accepted, result.totals.refused, violations,
                     result.is_noisy() ? " noisy" : "");
}

std::string delays_row(const RepeatResult& result) {
  std::string text;
  for (const auto& [what, delays] :
       {std::pair{"violation seen after the span that decides it", &result.delays.after_span},
        std::pair{"violation seen after the trace was due to close", &result.delays.after_close},
        std::pair{"verdict after the trace was due to close",
                  &result.delays.verdict_after_close}}) {
    if (delays->empty()) continue;
    text += fmt::format("        {}: p50 {:.1f}, p99 {:.1f}, p999 {:.1f} ms of {}\n", what,
                        quantile(*delays, 0.5), quantile(*delays, 0.99), quantile(*delays, 0.999),
                        delays->size());
  }
  return text;
}

std::string table_median(std::span<const RepeatResult> results) {
  if (results.size() < 2) return "";
  std::string text;
  const auto row = [&](const char* name, double Spread::*part) {
    const auto value = [&](double RepeatResult::*column) {
      return spread_of(results, column).*part;
    };
    text +=
        fmt::format("{:<8}{:>11.0f}{:>9.3f}{:>9.2f}{:>9.2f}{:>9.2f}{:>8.0f}\n", name,
                    value(&RepeatResult::spans_per_second), value(&RepeatResult::cpu_per_million),
                    value(&RepeatResult::p50_ms), value(&RepeatResult::p99_ms),
                    value(&RepeatResult::p999_ms), value(&RepeatResult::resident_megabytes));
  };
  row("median", &Spread::median);
  row("least", &Spread::least);
  row("most", &Spread::most);
  return text;
}

Json report_json(const LoadRunOptions& options, const RunFacts& facts,
                 std::span<const RepeatResult> results) {
  Json json = {{"schema", 1},
               {"version", version()},
               {"machine", machine_json(facts)},
               {"load", load_json(options, facts)},
               {"repeats", Json::array()}};
  bool is_valid = !results.empty();
  for (const RepeatResult& result : results) {
    json["repeats"].push_back(repeat_json(result));
    is_valid = is_valid && result.problems.empty();
  }
  json["valid"] = is_valid;
  if (!is_valid) return json;
  for (const Column& column : kColumns) {
    const Spread spread = spread_of(results, column.value);
    json["summary"][column.name] = {
        {"median", spread.median}, {"min", spread.least}, {"max", spread.most}};
  }
  return json;
}

}  // namespace betrace::bench
