#include "betrace/app/command_line_load.h"

#include <charconv>
#include <map>

namespace betrace::app {
namespace {

// `500000` or `500000/s`
double parse_rate_per_second(std::string_view text) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc{} || end != text.data() + text.size() || !(rate > 0)) {
    throw CLI::ValidationError("--open", "spans a second, for example 500000/s");
  }
  return rate;
}

CLI::Option* add_time(CLI::App& command, const char* name, std::uint64_t& value, const char* text) {
  return command.add_option(name, value, text)
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint64_t>{{"ms", 1}, {"s", 1'000}, {"m", 60'000}}));
}

}  // namespace

void BenchFlags::add_to(CLI::App& bench) {
  bench.add_flag("--serve", has_own_server_,
                 "Start a server for it on free ports and a temporary folder (default)");
  bench.add_option("--target", options_.target,
                   "http://HOST:PORT or grpc://HOST:PORT; http:// or grpc:// alone: that door of a "
                   "server of its own [http://]");
  bench.add_option("--api", options_.api, "Its API [port 12011 of the same host]");
  bench.add_option("--rules-count", options_.rule_count, "Rules: 40 % span, 40 % trace scope")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  bench.add_option("--vocabulary", vocabulary_, "Keys that the rules read: spread or own")
      ->check(CLI::IsMember({"spread", "own"}))
      ->capture_default_str();
  bench.add_option("--server-flag", options_.server_flags,
                   "Flag for a server of its own, --server-flag=--workers=1; may be repeated");
  bench.add_flag("--discard", options_.is_discarded,
                 "The server reads and drops requests: what its door alone can do");
  bench.add_flag("--epoll", options_.is_bare,
                 "No server but a bare receiver: what sockets alone can do");
  bench.add_flag("--print-rules", options_.print_rules,
                 "Print the rules, for the server that --target names, and end");
  add_load(bench);
  add_run(bench);
  add_kinds(bench);
}

void BenchFlags::add_load(CLI::App& bench) {
  bench::TrafficOptions& traffic = options_.traffic;
  bench.add_option("--shape", shape_, "10a, 3a (attributes of a span) or mixed")
      ->check(CLI::IsMember({"10a", "3a", "mixed"}))
      ->capture_default_str()
      ->group("Load");
  bench.add_option("--spans-per-request", traffic.spans_per_request, "Spans of one request")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str()
      ->group("Load");
  bench.add_option("--spans-per-trace", trace_size_, "A number, or zipf:1..1000")
      ->capture_default_str()
      ->group("Load");
  bench.add_option("--interleave", traffic.interleave, "Traces that are sent side by side")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group("Load");
  bench.add_option("--split", traffic.split, "Parts of a trace, each in other requests")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->group("Load");
  bench.add_option("--violations", traffic.traces.violation_rate, "Share of broken traces")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str()
      ->group("Load");
  bench.add_option("--encoding", encoding_, "proto or json")
      ->check(CLI::IsMember({"proto", "json"}))
      ->capture_default_str()
      ->group("Load");
  bench.add_flag("--gzip", options_.is_gzipped, "Compress, level 6, while sending")->group("Load");
  bench.add_option("--seed", traffic.traces.seed, "Of the spans")
      ->capture_default_str()
      ->group("Load");
}

void BenchFlags::add_run(CLI::App& bench) {
  bench.add_option("--connections", options_.connections, "Connections")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str()
      ->group("Run");
  bench.add_option("--closed", options_.in_flight_max, "Requests under way [one a connection]")
      ->check(CLI::Range(1, 1'000))
      ->group("Run");
  bench.add_option("--open", open_, "Spans a second to offer, whatever comes back: 500000/s")
      ->group("Run");
  add_time(bench, "--warmup", warmup_ms_, "Before each measurement [2s]")->group("Run");
  add_time(bench, "--duration", duration_ms_, "Of each measurement [10s]")->group("Run");
  bench.add_option("--repeat", options_.repeats, "Measurements")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str()
      ->group("Run");
  bench.add_option("--json", options_.json_path, "File for the result as JSON")->group("Run");
}

void BenchFlags::add_kinds(CLI::App& bench) {
  bench
      .add_option("--hold", options_.held_traces,
                  "Send so many traces and keep them open: what do they take?")
      ->group("Run");
  add_time(bench, "--reload", reload_ms_, "Publish a rule anew so often; 0 = never")->group("Run");
  bench.add_flag("--storm", options_.has_storm, "A rule more, which every span breaks")
      ->group("Run");
  bench
      .add_flag("--verdict-delay", options_.times_verdicts,
                "Watch the violations: time from the span to its verdict")
      ->group("Run");
}

bench::LoadRunOptions BenchFlags::options() const {
  bench::LoadRunOptions options = options_;
  if (has_own_server_ && !options.target.empty()) {
    throw CLI::ValidationError("--serve", "starts a server, --target names one");
  }
  options.traffic.traces.shape = *bench::parse_shape(shape_);
  const auto size = bench::parse_trace_size(trace_size_);
  if (!size) {
    throw CLI::ValidationError("--spans-per-trace", "a number up to 10000, or zipf:1..1000");
  }
  options.traffic.traces.size = *size;
  options.traffic.encoding =
      encoding_ == "json" ? bench::Encoding::Json : bench::Encoding::Protobuf;
  options.vocabulary = *bench::parse_vocabulary(vocabulary_);
  if (!open_.empty()) options.spans_per_second = parse_rate_per_second(open_);
  options.warmup = std::chrono::milliseconds(warmup_ms_);
  options.reload_every = std::chrono::milliseconds(reload_ms_);
  options.duration = std::chrono::milliseconds(duration_ms_);
  return options;
}

}  // namespace betrace::app
