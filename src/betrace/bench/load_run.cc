#include "betrace/bench/load_run.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <random>
#include <thread>
#include <vector>

#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/bench/child_server.h"
#include "betrace/bench/epoll_receiver.h"
#include "betrace/bench/load_report.h"
#include "betrace/bench/repeat.h"

namespace betrace::bench {
namespace {

using std::chrono::milliseconds;

constexpr std::uint16_t kApiPort = 12011;
constexpr milliseconds kQuiet{1'500};  // `trace.quiet` of a server of its own
constexpr std::uint32_t kRequestsPerConnection = 4;

// The door of a server of its own that `target` asks for; nothing if it names another server.
std::optional<std::string_view> own_door(std::string_view target) {
  if (target.empty() || target == "http://") return "http";
  if (target == "grpc://") return "grpc";
  return std::nullopt;
}

// Returns what is wrong with the options, or an empty text.
std::string usage_problem(const LoadRunOptions& options) {
  if (options.in_flight_max > options.connections) {
    return fmt::format("--closed {} needs as many connections: --connections {}",
                       options.in_flight_max, options.in_flight_max);
  }
  if (options.in_flight_max > 0 && options.spans_per_second > 0) {
    return "--closed and --open exclude each other";
  }
  const bool has_own_server = own_door(options.target).has_value();
  if (has_own_server && !options.api.empty()) return "--api needs a --target with a host";
  if (!has_own_server && !options.server_flags.empty()) {
    return "--server-flag is for a server of its own, not for a --target with a host";
  }
  if (!has_own_server && (options.times_verdicts || options.held_traces > 0)) {
    return "--verdict-delay and --hold need a server of its own, whose trace.quiet is known";
  }
  if (options.is_bare && (options.is_discarded || !options.server_flags.empty() ||
                          own_door(options.target) != "http")) {
    return "--epoll has no server: no --discard, no --server-flag and no --target";
  }
  if (options.has_storm && options.spans_per_second > 0) return "--storm needs a closed loop";
  if (options.target.starts_with("grpc:") && options.traffic.encoding == Encoding::Json) {
    return "gRPC carries protobuf alone: --encoding proto";
  }
  return "";
}

// An open trace must not close before its next part is sent.
milliseconds idle_for(const LoadRunOptions& options) {
  constexpr milliseconds kIdleMin{5'000};
  if (options.spans_per_second <= 0) return kIdleMin;
  const double spans = static_cast<double>(options.traffic.interleave) *
                       options.traffic.traces.size.most / options.traffic.split;
  const auto gap = static_cast<std::int64_t>(spans / options.spans_per_second * 1e3);
  return std::max(kIdleMin, milliseconds(4 * gap));
}

// Of traces that are held ids alone are to be kept, so no rule may ask for ordinary spans.
RuleMix mix_of(const LoadRunOptions& options) {
  return options.held_traces > 0 ? RuleMix::Plain : RuleMix::Usual;
}

class LoadRun {
 public:
  LoadRun(const LoadRunOptions& options, std::ostream& out, std::ostream& err)
      : options_(with_defaults(options)),
        out_(out),
        err_(err),
        rules_(options.rule_count, options.vocabulary, mix_of(options)) {}

  int run() {
    if (options_.print_rules) {
      out_ << rules_.document(options_.has_storm) << '\n';
      return 0;
    }
    if (const auto done = connect(); !done) return problem(done.error());
    if (!receiver_) {
      if (const auto done = check_rules(); !done) return problem(done.error());
    }
    show("preparing the load");
    traffic_ = std::make_unique<Traffic>(options_.traffic, rules_);
    collect_facts();
    show("");
    fmt::print(out_, "{}\n{}", describe(options_, facts_), table_head());
    out_.flush();
    if (const auto done = run_repeats(); !done) return problem(done.error());
    out_ << table_median(results_);
    facts_.steal_seconds = read_machine_facts().steal_seconds - facts_.machine.steal_seconds;
    return finish();
  }

 private:
  static LoadRunOptions with_defaults(LoadRunOptions options) {
    if (options.is_bare) options.is_discarded = true;
    if (options.held_traces > 0) {
      options.traffic.traces.violation_rate = 0;
      options.repeats = 1;
      // No trace may close.
      options.server_flags.insert(options.server_flags.end(),
                                  {"--trace-quiet=1h", "--trace-idle=2h", "--trace-age-max=3h"});
    }
    if (options.in_flight_max == 0) options.in_flight_max = options.connections;
    options.traffic.requests_min = kRequestsPerConnection * options.connections;
    return options;
  }

  int problem(const Error& error) {
    show("");
    fmt::print(err_, "betrace bench: {}\n", error.message);
    return error.code == ErrorCode::InvalidArgument ? 2 : 1;
  }

  Result<void> connect() {
    if (options_.is_bare) {
      auto started = EpollReceiver::start(std::max(1U, std::thread::hardware_concurrency()));
      if (!started) return fail(started.error());
      receiver_ = std::move(*started);
      target_ = api_ = receiver_->target();
    } else if (const auto door = own_door(options_.target)) {
      show("starting a server");
      ChildServerOptions child;
      child.program = options_.server_program;
      child.rules_document = rules_.document(options_.has_storm);
      child.rule_count = rule_count();
      child.quiet = kQuiet;
      child.idle = idle_for(options_);
      child.flags = options_.server_flags;
      if (options_.has_storm) {
        child.flags.insert(child.flags.end(), {"--violations-rule-rate=100/5000",
                                               "--violations-total-rate=20000/20000"});
      }
      if (options_.is_discarded) child.flags.push_back("--discard");
      auto started = ChildServer::start(child);
      if (!started) return fail(started.error());
      child_ = std::move(*started);
      target_ = *door == "grpc" ? child_->grpc() : child_->http();
      api_ = child_->api();
    } else {
      const auto target = parse_target(options_.target);
      if (!target) return fail(target.error());
      target_ = *target;
      const auto api = options_.api.empty() ? Target{"http", target_.host, kApiPort}
                                            : parse_target(options_.api);
      if (!api) return fail(api.error());
      api_ = *api;
    }
    server_.emplace(api_);
    TransportOptions transport;
    transport.target = target_;
    const auto opened = open_transport(transport);
    return opened ? Result<void>() : fail(opened.error());
  }

  [[nodiscard]] std::size_t rule_count() const {
    return rules_.rules().size() + (options_.has_storm ? 1 : 0);
  }

  // Other rules on the server would be violated or not as they like.
  Result<void> check_rules() {
    const auto loaded = server_->read_rules();
    if (!loaded) {
      return fail(loaded.error().code,
                  fmt::format("{}: {}", text_of(api_), loaded.error().message));
    }
    for (const BenchRule& rule : rules_.rules()) {
      const auto found = loaded->find(rule.id);
      if (found != loaded->end() && found->second == rule.expression) continue;
      return fail(
          ErrorCode::FailedPrecondition,
          fmt::format("the server has not the rule {} as it must be; start it on the rules "
                      "that `betrace bench --print-rules` prints, with --violations-rule-rate "
                      "0 --violations-total-rate 0",
                      rule.id));
    }
    if (loaded->size() == rule_count() &&
        loaded->contains(std::string(kStormRule)) == options_.has_storm)
      return {};
    return fail(ErrorCode::FailedPrecondition,
                fmt::format("the server has {} rules, not the {} of this run", loaded->size(),
                            rule_count()));
  }

  void collect_facts() {
    facts_.machine = read_machine_facts();
    facts_.rules_sha256 = to_hex(sha256(rules_.document(options_.has_storm)));
    facts_.bytes_per_span =
        static_cast<double>(traffic_->byte_count()) / static_cast<double>(traffic_->span_count());
    facts_.has_own_server = child_ != nullptr || receiver_ != nullptr;
    facts_.door = target_.scheme;
  }

  Result<void> run_repeats() {
    RepeatOptions repeat;
    repeat.load.transport = {target_, options_.traffic.encoding, options_.is_gzipped};
    repeat.load.connections = options_.connections;
    repeat.load.in_flight_max = options_.in_flight_max;
    repeat.load.spans_per_second = options_.spans_per_second;
    repeat.warmup = options_.warmup;
    repeat.duration = options_.duration;
    repeat.load.passes =
        (options_.held_traces + traffic_->trace_count() - 1) / traffic_->trace_count();
    repeat.settle_max = options_.settle_max;
    repeat.api = api_;
    repeat.quiet = kQuiet;
    repeat.reload_every = options_.reload_every;
    repeat.times_verdicts = options_.times_verdicts;
    repeat.has_storm = options_.has_storm;
    repeat.is_discarded = options_.is_discarded;
    const std::uint64_t run_key =
        std::uint64_t{std::random_device()()} << 32 ^ traffic_->byte_count();
    std::uint64_t next_pass = 0;
    // A noisy repeat is made again, but not for ever; not one whose traces the server still holds.
    const std::uint32_t tries = options_.held_traces > 0 ? 1 : 2 * options_.repeats;
    for (std::uint32_t i = 0, quiet = 0; quiet < options_.repeats && i < tries; ++i) {
      const auto progress = [&](std::string_view phase, const Load& load) {
        show(fmt::format("repeat {} of {}: {}, {} spans sent", i + 1, options_.repeats, phase,
                         load.sent_now()));
        return !options_.is_interrupted || !options_.is_interrupted();
      };
      auto result = run_repeat(repeat, *traffic_, *server_, run_key, &next_pass, progress);
      if (!result) return fail(result.error());
      show("");
      fmt::print(out_, "{}", table_row(i + 1, *result));
      out_ << delays_row(*result);
      for (const std::string& each : result->problems) fmt::print(out_, "        {}\n", each);
      out_.flush();
      quiet += result->is_noisy() ? 0 : 1;
      results_.push_back(std::move(*result));
      if (!results_.back().problems.empty()) break;
    }
    return {};
  }

  int finish() {
    const Json report = report_json(options_, facts_, results_);
    const bool is_valid = report.at("valid").get<bool>();
    if (!options_.json_path.empty()) {
      std::ofstream file(options_.json_path);
      file << report.dump(2) << '\n';
      if (!file.flush()) {
        fmt::print(err_, "betrace bench: cannot write {}\n", options_.json_path);
        return 1;
      }
    }
    if (!is_valid) {
      fmt::print(out_, "INVALID: the server did not do what it was sent; its rate means nothing\n");
    }
    return is_valid ? 0 : 1;
  }

  // Overwrites the line of progress on a terminal; an empty text clears it.
  void show(std::string_view text) {
    if (!options_.show_progress) return;
    fmt::print(err_, "\r\033[K{}", text);
    err_.flush();
  }

  LoadRunOptions options_;
  std::ostream& out_;
  std::ostream& err_;
  BenchRules rules_;
  std::unique_ptr<ChildServer> child_;       // null if the server is elsewhere,
  std::unique_ptr<EpollReceiver> receiver_;  // or if this is in its place
  std::unique_ptr<Traffic> traffic_;
  std::optional<ServerView> server_;
  Target target_;
  Target api_;
  RunFacts facts_;
  std::vector<RepeatResult> results_;
};

}  // namespace

int run_load(const LoadRunOptions& options, std::ostream& out, std::ostream& err) {
  if (const std::string problem = usage_problem(options); !problem.empty()) {
    fmt::print(err, "betrace bench: {}\n", problem);
    return 2;
  }
  return LoadRun(options, out, err).run();
}

}  // namespace betrace::bench
