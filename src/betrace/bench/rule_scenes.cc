#include "betrace/bench/rule_scenes.h"

#include <fmt/format.h>

#include <chrono>

namespace betrace::bench {
namespace {

using std::chrono::milliseconds;

using model::SpanKind;
using model::StatusCode;
using model::ValueView;

constexpr std::size_t kSpansMin = 6;  // a root and leaves enough

// `span.attributes["app.key_3"]`
std::string attribute(const RuleWords& words) {
  return fmt::format("span.attributes[\"{}\"]", words.key);
}

// `span.attributes["app.key_3"] == "case-c7"`
std::string is_marked(const RuleWords& words) {
  return fmt::format("{} == \"case-{}\"", attribute(words), words.tag);
}

// `gate and `, or nothing
std::string gated(const RuleWords& words) { return words.gate.empty() ? "" : words.gate + " and "; }

std::string name(std::string_view verb, const RuleWords& words) {
  return fmt::format("{}.{}", verb, words.tag);
}

void set_mark(const RuleWords& words, DraftTrace& trace, DraftSpan& span,
              std::string_view tail = "") {
  span.set(trace.keep(words.key), trace.keep_text(fmt::format("case-{}{}", words.tag, tail)));
}

void set_name(std::string_view verb, const RuleWords& words, DraftTrace& trace, DraftSpan& span) {
  span.view.name = trace.keep(name(verb, words));
}

constexpr RuleKind kSpanKinds[] = {
    {RuleFamily::Span, 1, [](const RuleWords& words) { return is_marked(words); },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(0), is_broken ? "" : "-not");
     }},
    {RuleFamily::Span, 1,
     [](const RuleWords& words) {
       return "span.kind == \"server\" and span.duration > 2s and " + is_marked(words);
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       DraftSpan& span = trace.leaf(0);
       set_mark(words, trace, span);
       span.view.kind = SpanKind::Server;
       span.set_duration(milliseconds(is_broken ? 2'500 : 2'000));
     }},
    {RuleFamily::Span, 1,
     [](const RuleWords& words) {
       return fmt::format("{} starts_with \"case-{}/\" and span.status == \"error\"",
                          attribute(words), words.tag);
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(0), "/payment");
       trace.leaf(0).view.status_code = is_broken ? StatusCode::Error : StatusCode::Ok;
     }},
    {RuleFamily::Span, 1,
     [](const RuleWords& words) {
       return fmt::format(
           "span.attributes[\"http.response.status_code\"] >= 500 and {0} in [\"case-{1}\", "
           "\"other-{1}\"]",
           attribute(words), words.tag);
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(0));
       trace.leaf(0).set("http.response.status_code", ValueView::integer(is_broken ? 503 : 404));
     }},
    {RuleFamily::Span, 1,
     [](const RuleWords& words) {
       return fmt::format("span.name == \"{}\" and not {}", name("job", words), attribute(words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_name("job", words, trace, trace.leaf(0));
       trace.leaf(0).remove(words.key);
       if (!is_broken) set_mark(words, trace, trace.leaf(0));
     }},
};

constexpr RuleKind kTraceKinds[] = {
    {RuleFamily::Trace, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format("when {{ {}trace.has({}) }} always {{ trace.has(span.name == \"{}\") }}",
                          gated(words), is_marked(words), name("check", words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(0));
       if (!is_broken) set_name("check", words, trace, trace.leaf(1));
     }},
    {RuleFamily::Trace, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format("{}count(\"{}\") > 3", gated(words), name("retry", words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       for (std::size_t i = 0; i < (is_broken ? 4u : 3u); ++i) {
         set_name("retry", words, trace, trace.leaf(i));
       }
     }},
    {RuleFamily::Trace, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format(
           "{}trace.has({} and span.status == \"error\") and not trace.has(span.name == \"{}\")",
           gated(words), is_marked(words), name("audit", words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(0));
       trace.leaf(0).view.status_code = StatusCode::Error;
       if (!is_broken) set_name("audit", words, trace, trace.leaf(2));
     }},
    {RuleFamily::Trace, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format("{}trace.max(span.duration, {}) > 1s", gated(words), is_marked(words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(1));
       trace.leaf(1).set_duration(milliseconds(is_broken ? 1'001 : 1'000));
     }},
    {RuleFamily::Trace, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format("{}count_distinct(span.status, {}) >= 2", gated(words), is_marked(words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(0));
       set_mark(words, trace, trace.leaf(3));
       trace.leaf(0).view.status_code = StatusCode::Ok;
       trace.leaf(3).view.status_code = is_broken ? StatusCode::Error : StatusCode::Ok;
     }},
};

constexpr RuleKind kStructureKinds[] = {
    {RuleFamily::Structure, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format("{}span.name == \"{}\" and not span.has_ancestor(\"{}\")", gated(words),
                          name("access", words), name("auth", words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_name("access", words, trace, trace.leaf(0));
       set_name("auth", words, trace, trace.leaf(1));
       if (!is_broken) trace.leaf(0).view.parent_span_id = trace.leaf(1).view.span_id;
     }},
    {RuleFamily::Structure, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format(
           "when {{ {}span.name == \"{}\" }} always {{ span.preceded_by(\"{}\", 5s) }}",
           gated(words), name("ship", words), name("pay", words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       DraftSpan& ship = trace.leaf(0);
       DraftSpan& pay = trace.leaf(1);
       set_name("ship", words, trace, ship);
       set_name("pay", words, trace, pay);
       const std::uint64_t gap = (is_broken ? 7'000u : 4'000u) * std::uint64_t{1'000'000};
       pay.view.start_time_unix_nano = ship.view.start_time_unix_nano - gap;
       pay.set_duration(milliseconds(10));
     }},
    {RuleFamily::Structure, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format(
           "{}span.name == \"{}\" and not trace.has(span.name == \"{}\" and "
           "span.attributes[\"user.id\"] == anchor.attributes[\"user.id\"])",
           gated(words), name("read", words), name("log", words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_name("read", words, trace, trace.leaf(0));
       set_name("log", words, trace, trace.leaf(2));
       trace.leaf(0).set("user.id", ValueView::string("u-reader"));
       trace.leaf(2).set("user.id", ValueView::string(is_broken ? "u-other" : "u-reader"));
     }},
    {RuleFamily::Structure, kSpansMin,
     [](const RuleWords& words) {
       return fmt::format("{}{} and span.has_child(span.status == \"error\")", gated(words),
                          is_marked(words));
     },
     [](const RuleWords& words, bool is_broken, DraftTrace& trace) {
       set_mark(words, trace, trace.leaf(0));
       trace.leaf(1).view.parent_span_id = trace.leaf(0).view.span_id;
       trace.leaf(1).view.status_code = is_broken ? StatusCode::Error : StatusCode::Ok;
     }},
};

}  // namespace

std::span<const RuleKind> rule_kinds(RuleFamily family) noexcept {
  switch (family) {
    case RuleFamily::Span:
      return kSpanKinds;
    case RuleFamily::Trace:
      return kTraceKinds;
    case RuleFamily::Structure:
      break;
  }
  return kStructureKinds;
}

}  // namespace betrace::bench
