#include "betrace/rules/testing/rule_promises.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "betrace/rules/monotone.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/testing/conformance_spans.h"
#include "betrace/rules/testing/explained_rule.h"
#include "betrace/rules/testing/plain_evaluator.h"
#include "betrace/rules/testing/tree_facts.h"
#include "betrace/rules/tree_text.h"

namespace betrace::rules {
namespace {

using Spans = std::vector<const model::KeptSpan*>;

constexpr double kPlainTestsMax = 20'000;

bool is_same_verdict(const Evaluation& a, const Evaluation& b) {
  return a.evaluated == b.evaluated && a.matched == b.matched && a.violating == b.violating;
}

bool is_same(const Evaluation& a, const Evaluation& b) {
  return is_same_verdict(a, b) && a.witnesses == b.witnesses;
}

// Canonical order, each once, all of them in the trace.
bool is_set_of_spans(const std::vector<std::uint32_t>& spans, const LinkedTrace& trace) {
  return std::ranges::is_sorted(spans) && std::ranges::adjacent_find(spans) == spans.end() &&
         (spans.empty() || spans.back() < trace.size());
}

template <typename Item>
void shuffle(std::vector<Item>* items, RandomChoices* choices) {
  for (std::size_t i = items->size(); i > 1; --i) {
    std::swap((*items)[i - 1], (*items)[choices->below(i)]);
  }
}

// The meaning as one expression, so that it can be a part of another rule.
std::string expression_of(const CheckedRule& rule) {
  return rule.normalized.starts_with("when {") ? tree_text(*rule.condition) : rule.normalized;
}

// The ids of what a rule is true of: spans, or the trace itself under the id zero.
std::set<model::SpanId> true_ids(const Evaluation& evaluation, const LinkedTrace& trace) {
  std::set<model::SpanId> ids;
  for (const std::uint32_t span : evaluation.violating) ids.insert(trace.span(span).span_id);
  if (evaluation.matched && evaluation.violating.empty()) ids.insert(model::SpanId());
  return ids;
}

class PromiseCheck {
 public:
  PromiseCheck(const CheckedRule& rule, const std::vector<model::KeptSpan>& spans,
               RandomChoices* choices)
      : rule_(rule), choices_(*choices), trace_(link(spans)), first_(evaluate(rule, trace_)) {
    for (const model::KeptSpan& span : spans) spans_.push_back(&span);
  }

  std::string first_broken() {
    std::string broken = budget();
    if (!broken.empty() || !first_.evaluated) return broken;
    for (const auto promise :
         {&PromiseCheck::plain_reading, &PromiseCheck::repetition, &PromiseCheck::arrival,
          &PromiseCheck::result, &PromiseCheck::other_texts, &PromiseCheck::negation,
          &PromiseCheck::growth, &PromiseCheck::explanation, &PromiseCheck::single_spans}) {
      broken = (this->*promise)();
      if (!broken.empty()) break;
    }
    return broken;
  }

 private:
  // Witnesses have a budget of their own, and `or` is decided again to find them.
  std::string budget() {
    const double tests = tests_of_plain_loops();
    if (static_cast<double>(first_.steps) > tests && first_.evaluated) {
      return fmt::format("{} steps where plain loops need {}", first_.steps, tests);
    }
    if (!first_.evaluated && tests * 8 < static_cast<double>(kStepsMax)) {
      return "the budget was spent where plain loops do not spend it";
    }
    return {};
  }

  [[nodiscard]] double tests_of_plain_loops() const {
    std::size_t events = 0;
    for (const model::KeptSpan* span : spans_) {
      events = std::max({events, span->view().events.size(), span->view().links.size()});
    }
    const double tests = rules::tests_of_plain_loops(*rule_.condition, trace_.size(), events);
    return rule_.scope == Scope::Trace ? tests : (tests + 1) * static_cast<double>(trace_.size());
  }

  std::string plain_reading() {
    if (tests_of_plain_loops() > kPlainTestsMax) return {};
    return is_same(PlainEvaluator(trace_).evaluate(rule_), first_)
               ? ""
               : "a plain reading of the rule gives another result";
  }

  std::string repetition() {
    const Evaluation again = evaluate(rule_, trace_);
    if (!is_same(again, first_) || again.steps != first_.steps)
      return "a second evaluation differs";
    const Evaluation poor = evaluate(rule_, trace_, choices_.below(64));
    const bool says_nothing = !poor.matched && poor.violating.empty() && poor.witnesses.empty();
    if (poor.evaluated ? !is_same(poor, first_) : !says_nothing) {
      return "a small budget gives another result";
    }
    return {};
  }

  std::string arrival() {
    Spans spans = spans_;
    spans.push_back(spans_[choices_.below(spans_.size())]);
    shuffle(&spans, &choices_);
    return is_same(evaluate(rule_, link(spans)), first_)
               ? ""
               : "the order or the repetition of spans changes the result";
  }

  std::string result() {
    if (!is_set_of_spans(first_.violating, trace_)) return "violating spans are no set of spans";
    if (!is_set_of_spans(first_.witnesses, trace_)) return "witnesses are no set of spans";
    if (!first_.matched) {
      return first_.violating.empty() && first_.witnesses.empty() ? "" : "spans without a match";
    }
    if ((rule_.scope == Scope::Trace) != first_.violating.empty()) {
      return "a match of a wrong scope";
    }
    if (rule_.scope == Scope::Span && first_.witnesses != first_.violating) {
      return "span scope does not cite the violating spans";
    }
    return first_.witnesses.empty() && always_cites(*rule_.condition) ? "nothing is cited" : "";
  }

  // Nothing when `text` is beyond a limit or says `anchor` where it cannot (tree_text.h).
  std::string outcome_of(const std::string& text, bool with_witnesses) {
    const auto other = check_rule(text);
    if (!other) {
      const Code code = other.error().code;
      return code == Code::E_LIMIT || code == Code::E_ANCHOR ? "" : "it does not load: " + text;
    }
    if (other->scope != rule_.scope) return "another scope: " + text;
    const Evaluation evaluation = evaluate(*other, trace_);
    if (!evaluation.evaluated) return {};
    const bool same =
        with_witnesses ? is_same(evaluation, first_) : is_same_verdict(evaluation, first_);
    return same ? "" : "another result: " + text;
  }

  // One of the texts that mean the same.
  std::string other_texts() {
    const std::string text = expression_of(rule_);
    const std::string_view forms[] = {"not not ({0})",  "({0}) and ({0})",
                                      "({0}) or ({0})", "false or ({0})",
                                      "true and ({0})", "when {{ true }} never {{ {0} }}"};
    switch (choices_.below(4)) {
      case 0:
        return long_form();
      case 1:
        return outcome_of(rule_.normalized, true);
      case 2:
        return outcome_of(fmt::format("when {{ {} }} always {{ false }}", text), false);
      default:
        return outcome_of(fmt::format(fmt::runtime(choices_.one_of(forms)), text), true);
    }
  }

  std::string long_form() {
    const std::string text = tree_text(*rule_.condition);
    const auto again = check_rule(text);
    if (again && tree_text(*again->condition) != text) return "another tree: " + text;
    return outcome_of(text, true);
  }

  std::string negation() {
    const auto opposite = check_rule(fmt::format("not ({})", expression_of(rule_)));
    if (!opposite) return {};  // beyond a limit, or `anchor` where it cannot be
    const Evaluation evaluation = evaluate(*opposite, trace_);
    if (!evaluation.evaluated) return {};
    if (rule_.scope == Scope::Trace) {
      return evaluation.matched != first_.matched ? "" : "'not' does not turn the verdict around";
    }
    std::vector<std::uint32_t> all = first_.violating;
    all.insert(all.end(), evaluation.violating.begin(), evaluation.violating.end());
    std::ranges::sort(all);
    return all.size() == trace_.size() && is_set_of_spans(all, trace_)
               ? ""
               : "'not' does not turn the violating spans around";
  }

  // Spans arrive one by one: what is monotone stays true, what is antitone stays false.
  std::string growth() {
    const Direction direction = direction_of(*rule_.condition);
    if (rule_.monotone != (rule_.scope == Scope::Span || direction.monotone)) {
      return "monotone is not what the table says";
    }
    if (!direction.monotone && !direction.antitone) return {};
    Spans arrivals = spans_;
    shuffle(&arrivals, &choices_);
    std::set<model::SpanId> before;
    std::set<model::SpanId> present;  // the trace itself is there from the first span on
    Spans arrived;
    for (const model::KeptSpan* span : arrivals) {
      arrived.push_back(span);
      const LinkedTrace trace = link(arrived);
      const Evaluation evaluation = evaluate(rule_, trace);
      if (!evaluation.evaluated) return {};
      const std::set<model::SpanId> now = true_ids(evaluation, trace);
      if (direction.monotone && !std::ranges::includes(now, before)) {
        return "a monotone rule was true and is no longer";
      }
      for (const model::SpanId& id : now) {
        if (direction.antitone && present.contains(id) && !before.contains(id)) {
          return "an antitone rule was false and is no longer";
        }
      }
      present.insert(span->view().span_id);
      present.insert(model::SpanId());
      before = now;
    }
    return {};
  }

  // The clauses of each span must make up the verdict, and what they cite the witnesses.
  std::string explanation() {
    std::vector<bool> cited(trace_.size());
    for (std::uint32_t anchor = 0; anchor < trace_.size(); ++anchor) {
      const ExplainedRule explained(rule_, explain(rule_, trace_, anchor));
      if (!explained.is_evaluated()) return {};
      for (const ClauseResult& clause : explained.clauses()) {
        if (!is_set_of_spans(clause.spans, trace_)) return "a clause cites no set of spans";
      }
      const bool truth = rule_.scope == Scope::Trace
                             ? first_.matched
                             : std::ranges::binary_search(first_.violating, anchor);
      if (explained.truth() != truth) return "the clauses do not make up the verdict";
      if (!truth) continue;
      for (const std::uint32_t span : explained.cited()) cited[span] = true;
      if (rule_.scope == Scope::Trace) break;
    }
    if (rule_.scope == Scope::Span) return {};
    std::vector<std::uint32_t> all;
    for (std::uint32_t span = 0; span < trace_.size(); ++span) {
      if (cited[span]) all.push_back(span);
    }
    return all == first_.witnesses ? "" : "the clauses do not cite the witnesses";
  }

  std::string single_spans() {
    if (rule_.scope != Scope::Span) return {};
    for (std::uint32_t span = 0; span < trace_.size(); ++span) {
      if (matches_span(rule_, trace_.span(span)) !=
          std::ranges::binary_search(first_.violating, span)) {
        return "a span alone is judged otherwise than in its trace";
      }
    }
    return {};
  }

  const CheckedRule& rule_;
  RandomChoices& choices_;
  LinkedTrace trace_;
  Evaluation first_;
  Spans spans_;
};

}  // namespace

std::string broken_promise(const CheckedRule& rule, const std::vector<model::KeptSpan>& spans,
                           RandomChoices* choices) {
  return PromiseCheck(rule, spans, choices).first_broken();
}

}  // namespace betrace::rules
