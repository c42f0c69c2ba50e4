#include "betrace/bench/verdict_delay.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/naive_evaluator.h"

namespace betrace::bench {
namespace {

// The position of the span that alone breaks a rule of span scope.
std::size_t deciding_position(const TraceMaker& maker, const StagedTrace& staged) {
  const MadeTrace made = maker.make(staged.number);
  const auto rule = rules::check_rule(maker.rules().rules()[staged.scene.rule].expression);
  BETRACE_CHECK(rule.has_value());
  const auto breaks = [&rule](const model::KeptSpan& span) {
    const model::SpanView* only[] = {&span.view()};
    return rules::evaluate(*rule, rules::LinkedTrace(only)).matched;
  };
  const auto deciding = std::ranges::find_if(made.spans, breaks);
  BETRACE_CHECK(deciding != made.spans.end());
  return static_cast<std::size_t>(deciding - made.spans.begin());
}

class DelayFinder {
 public:
  DelayFinder(const Traffic& traffic, const Load& load, std::span<const VerdictSeen> seen)
      : traffic_(traffic), load_(load) {
    for (const Sample& sample : load.samples()) {
      if (sample.is_accepted) begins_[sample.number] = sample.begin;
    }
    for (const VerdictSeen& each : seen) {
      seen_.try_emplace({each.violation.trace_id, each.violation.rule_id}, each);
    }
  }

  VerdictDelays find(const IdKeys& first, MonotonicTime from, std::chrono::milliseconds quiet) {
    for (std::size_t index = 0; index < traffic_.staged().size(); ++index) {
      const StagedTrace& staged = traffic_.staged()[index];
      if (!staged.scene.is_broken) continue;
      const BenchRule& rule = traffic_.maker().rules().rules()[staged.scene.rule];
      if (rule.family == RuleFamily::Trace) continue;  // some are decided before the trace closes
      const bool is_span = rule.family == RuleFamily::Span;
      const std::size_t position = is_span ? deciding_position(traffic_.maker(), staged) : 0;
      for (std::uint64_t pass = 0; pass < load_.passes(); ++pass) {
        const IdKeys keys{first.run, first.pass + pass};
        const auto at =
            seen_.find({keys.trace_id(staged.number, traffic_.trace_count()).hex(), rule.id});
        const auto last = last_begin(staged, pass);
        if (at == seen_.end() || !last || *last < from) continue;
        if (is_span) {
          const auto begin = begin_of(pass, staged.request_of_span[position]);
          add(at->second.at - *begin, &delays_.after_span);
        } else {
          add(at->second.at - (*last + quiet), &delays_.after_close);
          add(decided_at(at->second) - (*last + quiet), &delays_.verdict_after_close);
        }
      }
    }
    std::ranges::sort(delays_.after_span);
    std::ranges::sort(delays_.after_close);
    std::ranges::sort(delays_.verdict_after_close);
    return std::move(delays_);
  }

 private:
  static void add(MonotonicTime::duration delay, std::vector<double>* delays) {
    delays->push_back(std::chrono::duration<double, std::milli>(delay).count());
  }

  [[nodiscard]] MonotonicTime decided_at(const VerdictSeen& seen) const {
    return now_.monotonic - std::chrono::nanoseconds(now_.wall - seen.violation.decided);
  }

  [[nodiscard]] std::optional<MonotonicTime> begin_of(std::uint64_t pass,
                                                      std::uint32_t request) const {
    const auto found = begins_.find(pass * traffic_.request_count() + request);
    if (found == begins_.end()) return std::nullopt;
    return found->second;
  }

  // When the last request of a trace began; nothing if one was given up.
  [[nodiscard]] std::optional<MonotonicTime> last_begin(const StagedTrace& staged,
                                                        std::uint64_t pass) const {
    std::optional<MonotonicTime> last;
    for (const std::uint32_t request : staged.request_of_span) {
      const auto begin = begin_of(pass, request);
      if (!begin) return std::nullopt;
      last = last ? std::max(*last, *begin) : *begin;
    }
    return last;
  }

  const Traffic& traffic_;
  const Load& load_;
  const Now now_ = read_clocks();
  std::map<std::uint64_t, MonotonicTime> begins_;  // of accepted requests, by number
  std::map<std::pair<std::string, std::string>, VerdictSeen> seen_;
  VerdictDelays delays_;
};

}  // namespace

VerdictDelays verdict_delays(const Traffic& traffic, const Load& load, const IdKeys& first,
                             MonotonicTime from, std::chrono::milliseconds quiet,
                             std::span<const VerdictSeen> seen) {
  return DelayFinder(traffic, load, seen).find(first, from, quiet);
}

}  // namespace betrace::bench
