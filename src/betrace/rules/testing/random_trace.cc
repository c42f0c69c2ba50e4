#include "betrace/rules/testing/random_trace.h"

#include <deque>
#include <limits>

namespace betrace::rules {
namespace {

constexpr std::size_t kSpansMax = 9;

class TraceMaker {
 public:
  explicit TraceMaker(RandomChoices* choices) : choices_(*choices) {}

  std::vector<model::KeptSpan> next() {
    const std::size_t count = 1 + choices_.below(kSpansMax);
    has_odd_times_ = choices_.chance(4);
    has_odd_parents_ = choices_.chance(25);
    std::vector<model::KeptSpan> spans;
    for (std::size_t i = 1; i <= count; ++i) spans.push_back(span(i, count));
    return spans;
  }

 private:
  model::KeptSpan span(std::size_t number, std::size_t count) {
    model::SpanView span;
    span.trace_id.bytes.back() = 1;
    span.span_id = id(number);
    span.parent_span_id = parent_of(number, count);
    span.name = choices_.one_of(kSpanNames);
    span.kind = static_cast<model::SpanKind>(choices_.below(6));
    span.status_code = static_cast<model::StatusCode>(choices_.below(3));
    if (choices_.chance(20)) span.status_message = choices_.one_of(kTexts);
    span.start_time_unix_nano = time();
    span.end_time_unix_nano =
        choices_.chance(80) ? span.start_time_unix_nano + choices_.below(20) : time();
    span.attributes = attributes(4);
    span.resource = resource();
    span.resource_number = number_of(span.resource);
    if (choices_.chance(30)) {
      span.scope_name = choices_.one_of(kTexts);
      span.scope_version = choices_.one_of(kTexts);
    }
    const std::vector<model::EventView> event_list = events();
    const std::vector<model::LinkView> link_list = links(count);
    span.events = event_list;
    span.links = link_list;
    model::KeptSpan kept = model::KeptSpan::copy(span);
    lists_.clear();
    maps_.clear();
    return kept;
  }

  static model::SpanId id(std::size_t number) {
    model::SpanId id;
    id.bytes.back() = static_cast<std::uint8_t>(number);
    return id;
  }

  // An earlier number, else none; or any: one that is missing, the span itself, a cycle.
  model::SpanId parent_of(std::size_t number, std::size_t count) {
    if (choices_.chance(has_odd_parents_ ? 10 : 90)) return id(choices_.below(number));
    return id(choices_.below(count + 3));
  }

  std::uint64_t time() {
    if (has_odd_times_ && choices_.chance(30)) {
      return std::numeric_limits<std::uint64_t>::max() >> choices_.below(3);
    }
    return choices_.below(40);
  }

  model::ValueView value(std::size_t depth) {
    switch (choices_.below(depth < 2 ? 13 : 10)) {
      case 0:
      case 1:
      case 2:
        return model::ValueView::string(choices_.one_of(kTexts));
      case 3:
      case 4:
      case 5:
        return model::ValueView::integer(static_cast<std::int64_t>(choices_.below(10)) - 1);
      case 6:
        return model::ValueView::real(static_cast<double>(choices_.below(40)) / 4 - 1);
      case 7:
        return model::ValueView::boolean(choices_.chance(50));
      case 8:
        return odd_value();
      case 9:
        return model::ValueView::string(choices_.one_of(kSpanNames));
      case 10:
      case 11:
        return list(depth);
      default:
        return model::ValueView::map(attributes(2, depth + 1));
    }
  }

  model::ValueView odd_value() {
    using Real = std::numeric_limits<double>;
    static constexpr std::string_view kOddTexts[] = {"1e2",
                                                     "5ms",
                                                     "007",
                                                     "-0",
                                                     "true",
                                                     "false",
                                                     "\xc3\x84 \xf0\x9f\x98\x80",
                                                     "9223372036854775808"};
    switch (choices_.below(8)) {
      case 0:
        return {};
      case 1:
        return model::ValueView::bytes(choices_.one_of(kTexts));
      case 2:
        return model::ValueView::integer(std::numeric_limits<std::int64_t>::max());
      case 3:
        return model::ValueView::integer(std::numeric_limits<std::int64_t>::min());
      case 4:
        return model::ValueView::real(Real::quiet_NaN());
      case 5:
        return model::ValueView::real(choices_.chance(50) ? Real::infinity() : -Real::infinity());
      default:
        return model::ValueView::string(choices_.one_of(kOddTexts));
    }
  }

  model::ValueView list(std::size_t depth) {
    std::vector<model::ValueView> items;
    for (std::size_t i = choices_.below(4); i > 0; --i) items.push_back(value(depth + 1));
    return model::ValueView::list(lists_.emplace_back(std::move(items)));
  }

  // Each key at most once.
  model::AttributesView attributes(std::size_t count_max, std::size_t depth = 0) {
    std::vector<model::AttributeView> fields;
    for (const std::string_view key : kKeys) {
      if (fields.size() >= count_max || choices_.chance(50)) continue;
      fields.push_back({key, value(depth)});
    }
    return maps_.emplace_back(std::move(fields));
  }

  model::AttributesView resource() {
    std::vector<model::AttributeView> fields;
    if (choices_.chance(70)) {
      const std::string_view service = choices_.one_of(kServices);
      fields.push_back({"service.name", model::ValueView::string(service)});
    }
    if (choices_.chance(30)) fields.push_back({choices_.one_of(kKeys), value(1)});
    return maps_.emplace_back(std::move(fields));
  }

  // Of a resource that says no more than its service; zero for any other.
  static std::uint64_t number_of(model::AttributesView resource) {
    if (resource.size() != 1 || resource[0].key != "service.name") return 0;
    const auto* const service = std::ranges::find(kServices, resource[0].value.as_text());
    return static_cast<std::uint64_t>(service - std::begin(kServices)) + 1;
  }

  std::vector<model::EventView> events() {
    std::vector<model::EventView> events(choices_.chance(40) ? choices_.below(4) : 0);
    for (model::EventView& event : events) {
      event = {time(), choices_.one_of(kEventNames), attributes(2, 1)};
    }
    return events;
  }

  std::vector<model::LinkView> links(std::size_t count) {
    std::vector<model::LinkView> links(choices_.chance(30) ? choices_.below(3) : 0);
    for (model::LinkView& link : links) {
      link.trace_id.bytes.back() = static_cast<std::uint8_t>(1 + choices_.below(2));
      link.span_id = id(1 + choices_.below(count));
      link.attributes = attributes(2, 1);
    }
    return links;
  }

  RandomChoices& choices_;
  bool has_odd_times_ = false;
  bool has_odd_parents_ = false;
  // What the views of the span under construction refer to.
  std::deque<std::vector<model::ValueView>> lists_;
  std::deque<std::vector<model::AttributeView>> maps_;
};

}  // namespace

std::vector<model::KeptSpan> random_trace(RandomChoices* choices) {
  return TraceMaker(choices).next();
}

}  // namespace betrace::rules
