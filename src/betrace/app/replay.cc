#include "betrace/app/replay.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "betrace/app/exit_code.h"
#include "betrace/app/settled_violations.h"
#include "betrace/engine/active_rules.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/ingest/file_reader.h"

namespace betrace::app {
namespace {

// A span may claim to end in the year 2554; clocks of 64 bits with a sign end in 2262, and
// deadlines lie behind the time they are reckoned from.
constexpr UnixNanos kClockMax = UnixNanos{1} << 62;

engine::ShardOptions shard_options(const ReplayOptions& options) {
  engine::ShardOptions shard = options.engine;
  shard.noise.enabled = false;
  return shard;
}

// The engine, driven by the times in the record.
class Replay {
 public:
  Replay(const ReplayOptions& options, ReplayReport& report)
      : options_(options),
        report_(report),
        violations_(options.engine.table.late_max,
                    [&report](const model::Violation& violation) { report.violation(violation); }),
        shard_(shard_options(options), rules_, violations_) {}

  void use(std::vector<engine::ActiveRulePtr> rules) { rules_.publish(std::move(rules)); }

  Result<void> read(const std::string& file) {
    ++input_.files;
    ingest::FileReaderOptions reader;
    reader.message_bytes_max = options_.request_bytes_max;
    return ingest::read_trace_file(
        file, reader, [this](ingest::FileRequest request) { judge(std::move(request)); });
  }

  void finish() {
    const std::chrono::nanoseconds idle = options_.engine.table.closure.idle_max;
    now_ += static_cast<UnixNanos>(idle.count());
    shard_.advance(clock());
    shard_.end();
    violations_.finish();
    report_.summary(input_, shard_.statistics());
  }

 private:
  void judge(ingest::FileRequest request) {
    input_.add(request.summary);
    now_ = std::max(now_, std::min(request.latest_end, kClockMax));
    if (!request.spans.empty()) {
      shard_.add(engine::batch_of(rules_, request.spans, "http_json"), clock());
    }
    violations_.advance(now_);
    report_.progress(request.bytes_done, request.bytes_total, input_.spans.spans_decoded);
  }

  [[nodiscard]] Now clock() const { return {MonotonicTime(std::chrono::nanoseconds(now_)), now_}; }

  const ReplayOptions& options_;
  ReplayReport& report_;
  engine::ActiveRules rules_;
  SettledViolations violations_;
  engine::Shard shard_;
  ReplayInput input_;
  UnixNanos now_ = 0;
};

// Returns what is wrong with the options, or an empty text.
std::string usage_problem(const ReplayOptions& options) {
  if (options.rules.paths.empty() && options.rules.expressions.empty()) {
    return "no rules: give --rules PATH or --rule EXPRESSION";
  }
  if (options.files.empty()) return "no files to replay; - is standard input";
  const auto limits = traces::validate(options.engine.table.closure);
  return limits ? "" : limits.error().message;
}

}  // namespace

int run_replay(const ReplayOptions& options, std::ostream& out, std::ostream& err) {
  const std::string problem = usage_problem(options);
  if (!problem.empty()) {
    err << "betrace replay: " << problem << '\n';
    return kExitUsage;
  }
  std::vector<engine::ActiveRulePtr> rules;
  if (read_replay_rules(options.rules, &rules, err) != 0) return kExitFailed;
  std::erase_if(rules, [&options](const engine::ActiveRulePtr& active) {
    return !options.rule_group.holds(active->rule.id);
  });
  ReplayReport report(options.format, options.show_progress, out, err);
  Replay replay(options, report);
  replay.use(std::move(rules));
  for (const std::string& file : options.files) {
    if (const auto read = replay.read(file); !read) {
      report.clear_progress();
      err << read.error().message << '\n';
      return kExitFailed;
    }
  }
  replay.finish();
  if (!out.flush()) {
    err << "betrace replay: cannot write the result\n";
    return kExitFailed;
  }
  const bool is_met = options.fail_on && report.worst() && *report.worst() >= *options.fail_on;
  return is_met ? kExitViolated : kExitDone;
}

}  // namespace betrace::app
