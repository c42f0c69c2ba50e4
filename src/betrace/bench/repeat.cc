#include "betrace/bench/repeat.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>
#include <utility>

#include "betrace/bench/rule_reloader.h"
#include "betrace/bench/spin.h"

namespace betrace::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStep{100};
constexpr double kDriftMax = 1.15;

MonotonicTime time_now() { return read_clocks().monotonic; }

double seconds_between(MonotonicTime begin, MonotonicTime end) {
  return std::chrono::duration<double>(end - begin).count();
}

double per_million(double seconds, std::uint64_t spans) {
  return seconds * 1e6 / std::max<double>(1, static_cast<double>(spans));
}

// A reading of the metrics, and when it was taken.
struct TimedReading {
  MetricsReading metrics;
  MonotonicTime at;
};

class Repeat {
 public:
  Repeat(const RepeatOptions& options, Traffic& traffic, ServerView& server,
         const Progress& progress)
      : options_(options), traffic_(traffic), server_(server), progress_(progress) {}

  Result<RepeatResult> run(std::uint64_t run_key, std::uint64_t* next_pass) {
    result_.spin_before_ns = spin_nanoseconds();
    auto before = read();
    if (!before) return fail(before.error());
    if (!options_.is_discarded) {
      if (auto done = server_.skip_violations(); !done) return fail(done.error());
    }
    resident_before_ = before->metrics.sum(kResident);
    if (options_.times_verdicts) watch_.emplace(options_.api);
    if (options_.reload_every.count() > 0) {
      reloader_.emplace(options_.api, traffic_.maker().rules(), options_.reload_every);
    }
    Load load(options_.load, traffic_, run_key, *next_pass);
    if (auto done = measure(load); !done) return fail(done.error());
    if (auto done = load.finish(); !done) return fail(done.error());
    if (reloader_) {
      const auto reloads = reloader_->finish();
      if (!reloads) return fail(reloads.error());
      result_.reloads = *reloads;
    }
    auto after = settle(load);
    if (!after) return fail(after.error());
    result_.spin_after_ns = spin_nanoseconds();
    use_samples(load);
    const double cpu_seconds = after->metrics.sum(kCpu) - before->metrics.sum(kCpu);
    if (options_.is_discarded) {
      result_.cpu_per_million = per_million(cpu_seconds, result_.totals.accepted);
      result_.problems = unanswered(result_.totals, before->metrics, after->metrics);
      *next_pass += load.passes();
      return result_;
    }
    result_.account = account_between(before->metrics, after->metrics);
    result_.cpu_per_million = per_million(cpu_seconds, result_.account.ingested);
    if (options_.load.passes > 0) use_held(load, after->metrics);
    const IdKeys first{run_key, *next_pass};
    if (const auto done = compare(load, first); !done) return fail(done.error());
    *next_pass += load.passes();
    return result_;
  }

 private:
  static constexpr std::string_view kCpu = "process_cpu_seconds_total";
  static constexpr std::string_view kResident = "process_resident_memory_bytes";
  static constexpr std::string_view kIngested = "betrace_spans_ingested_total";

  Result<TimedReading> read() {
    const MonotonicTime asked = time_now();
    auto metrics = server_.read_metrics();
    if (!metrics) return fail(metrics.error());
    result_.resident_megabytes =
        std::max(result_.resident_megabytes, metrics->sum(kResident) / 1e6);
    return TimedReading{std::move(*metrics), asked + (time_now() - asked) / 2};
  }

  Result<void> wait(std::string_view phase, milliseconds time, const Load& load) {
    for (const MonotonicTime end = time_now() + time; time_now() < end && !load.has_failed();) {
      if (!progress_(phase, load)) return fail(ErrorCode::Unavailable, "stopped");
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(
          kStep, std::max(end - time_now(), MonotonicTime::duration())));
    }
    return {};
  }

  Result<void> measure(const Load& load) {
    const bool has_passes = options_.load.passes > 0;
    if (auto done = wait("warm up", has_passes ? milliseconds(0) : options_.warmup, load); !done) {
      return done;
    }
    const auto begin = read();
    if (!begin) return fail(begin.error());
    do {
      const milliseconds time = has_passes ? kStep : options_.duration;
      if (auto done = wait("measure", time, load); !done) return done;
    } while (has_passes && !load.has_ended() && !load.has_failed());
    const auto end = read();
    if (!end) return fail(end.error());
    begin_ = begin->at;
    end_ = end->at;
    result_.traces_open = static_cast<std::uint64_t>(end->metrics.sum("betrace_traces_open"));
    const double spans = end->metrics.sum(kIngested) - begin->metrics.sum(kIngested);
    result_.spans_per_second = spans / seconds_between(begin_, end_);
    return {};
  }

  // Waits until no trace is open and nothing is queued, as long as something still changes.
  Result<TimedReading> settle(const Load& load) {
    double last_state = -1;
    for (MonotonicTime changed = time_now();;) {
      auto reading = read();
      if (!reading) return reading;
      const MetricsReading& metrics = reading->metrics;
      const double open = metrics.sum("betrace_traces_open");
      const double waiting = metrics.sum("betrace_spans_received_total") -
                             metrics.sum("betrace_spans_rejected_total") -
                             metrics.sum("betrace_spans_dropped_total") - metrics.sum(kIngested);
      const double pending = metrics.sum("betrace_log_pending");
      const bool is_held = options_.load.passes > 0;
      if ((open == 0 || is_held) && waiting == 0 && pending == 0) return reading;
      const double state = open + waiting + pending;
      if (state != last_state) changed = time_now();
      last_state = state;
      if (time_now() - changed > options_.settle_max)
        return reading;  // the oracle says what is wrong
      if (auto done = wait("settle", kStep, load); !done) return fail(done.error());
    }
  }

  void use_samples(const Load& load) {
    result_.totals = load.totals();
    std::vector<double> times;
    std::uint64_t spans = 0;
    for (const Sample& sample : load.samples()) {
      if (!sample.is_accepted || sample.end < begin_ || sample.end > end_) continue;
      times.push_back(seconds_between(sample.begin, sample.end) * 1e3);
      spans += sample.span_count;
    }
    if (options_.is_discarded) {
      result_.spans_per_second = static_cast<double>(spans) / seconds_between(begin_, end_);
    }
    result_.gigabytes_per_second = result_.spans_per_second *
                                   static_cast<double>(traffic_.byte_count()) /
                                   static_cast<double>(traffic_.span_count()) / 1e9;
    std::ranges::sort(times);
    result_.p50_ms = quantile(times, 0.5);
    result_.p99_ms = quantile(times, 0.99);
    result_.p999_ms = quantile(times, 0.999);
  }

  void use_held(const Load& load, const MetricsReading& metrics) {
    result_.resident_growth_megabytes = (metrics.sum(kResident) - resident_before_) / 1e6;
    result_.traces_open = static_cast<std::uint64_t>(metrics.sum("betrace_traces_open"));
    const std::uint64_t sent = load.passes() * traffic_.trace_count();
    if (result_.traces_open == sent) return;
    result_.problems.push_back(fmt::format("{} traces are open, of {}", result_.traces_open, sent));
  }

  Result<void> compare(const Load& load, const IdKeys& first) {
    auto found = server_.new_violations();
    if (!found) return fail(found.error());
    if (watch_) {
      const auto done = time_verdicts(load, first, *found);
      if (!done) return done;
    }
    if (options_.has_storm) {
      for (std::string& each : take_storm(result_.totals.accepted, result_.account, &*found)) {
        result_.problems.push_back(std::move(each));
      }
    }
    const ViolationCounts expected = expected_violations(traffic_, load, first.run, first.pass);
    for (const auto& [pair, count] : expected) result_.violations_expected += count;
    result_.violations_found = found->size();
    for (std::string& each : mismatches(result_.totals, result_.account, expected, *found)) {
      result_.problems.push_back(std::move(each));
    }
    return {};
  }

  // What no look showed counts as seen now.
  Result<void> time_verdicts(const Load& load, const IdKeys& first,
                             const std::vector<SeenViolation>& found) {
    auto seen = watch_->finish();
    if (!seen) return fail(seen.error());
    for (const SeenViolation& each : found) seen->push_back({each, time_now()});
    result_.delays = verdict_delays(traffic_, load, first, begin_, options_.quiet, *seen);
    return {};
  }

  const RepeatOptions& options_;
  Traffic& traffic_;
  ServerView& server_;
  const Progress& progress_;
  RepeatResult result_;
  double resident_before_ = 0;
  std::optional<VerdictWatch> watch_;
  std::optional<RuleReloader> reloader_;
  MonotonicTime begin_;
  MonotonicTime end_;
};

}  // namespace

bool RepeatResult::is_noisy() const noexcept {
  return spin_after_ns > spin_before_ns * kDriftMax || spin_before_ns > spin_after_ns * kDriftMax;
}

double quantile(std::span<const double> values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

Result<RepeatResult> run_repeat(const RepeatOptions& options, Traffic& traffic, ServerView& server,
                                std::uint64_t run_key, std::uint64_t* next_pass,
                                const Progress& progress) {
  return Repeat(options, traffic, server, progress).run(run_key, next_pass);
}

}  // namespace betrace::bench
