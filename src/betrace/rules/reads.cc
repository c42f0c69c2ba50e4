#include "betrace/rules/reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "betrace/rules/field_table.h"
#include "betrace/rules/string_literal.h"
#include "betrace/rules/tree_walk.h"

namespace betrace::rules {
namespace {

// `anchor` is some span too: what is read of it is read of spans.
std::string spelling_of(const SpanRef& span) {
  std::string text = span.base == SpanRef::Base::TraceRoot ? "trace.root" : "span";
  for (const SpanRef::Step step : span.steps) {
    text += step == SpanRef::Step::Parent ? ".parent" : ".root";
  }
  return text;
}

std::string spelling_of_field(const Value& value) {
  const bool scope =
      value.span_field == SpanField::ScopeName || value.span_field == SpanField::ScopeVersion;
  return fmt::format("{}.{}{}", spelling_of(value.span), scope ? "scope." : "",
                     row_of(value.span_field).name);
}

std::string keyed(std::string owner, const std::string& key) {
  return fmt::format("{}[{}]", owner, string_literal(key));
}

// Empty for what is calculated from other values.
std::string spelling_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::SpanField:
      return spelling_of_field(value);
    case Value::Kind::SpanAttribute:
    case Value::Kind::SpanOrResource:
      return keyed(spelling_of(value.span) + ".attributes", value.key);
    case Value::Kind::SpanAttributes:
      return spelling_of(value.span) + ".attributes";
    case Value::Kind::ResourceAttribute:
      return keyed(spelling_of(value.span) + ".resource", value.key);
    case Value::Kind::ResourceAttributes:
      return spelling_of(value.span) + ".resource";
    case Value::Kind::TraceField:
      return fmt::format("trace.{}", row_of(value.trace_field).name);
    case Value::Kind::EventField:
      return fmt::format("event.{}", row_of(value.event_field).name);
    case Value::Kind::EventAttribute:
      return keyed("event.attributes", value.key);
    case Value::Kind::LinkField:
      return fmt::format("link.{}", row_of(value.link_field).name);
    case Value::Kind::LinkAttribute:
      return keyed("link.attributes", value.key);
    case Value::Kind::EventsCount:
      return spelling_of(value.span) + ".events";
    case Value::Kind::LinksCount:
      return spelling_of(value.span) + ".links";
    default:
      return {};
  }
}

// Searching a text, and a search in a search, weigh more than a comparison.
constexpr std::uint64_t kRegexCost = 4;
constexpr std::uint64_t kNestedSearchFactor = 16;
constexpr std::uint64_t kCostMax = 1'000'000;

std::uint64_t weight_of(int level) noexcept {
  std::uint64_t weight = 1;
  for (int i = 1; i < level && weight < kCostMax; ++i) weight *= kNestedSearchFactor;
  return weight;
}

/// Collects while the tree is walked.
class Collector {
 public:
  void visit(const Condition& condition, int level) {
    const bool logic = condition.kind <= Condition::Kind::Not;
    if (!logic) add_cost(condition.regex != nullptr ? kRegexCost : 1, level);
    if (condition.kind == Condition::Kind::EventsAny) {
      fields_.insert(spelling_of(condition.span) + ".events");
    } else if (condition.kind == Condition::Kind::LinksAny) {
      fields_.insert(spelling_of(condition.span) + ".links");
    }
  }

  void visit(const Value& value, int level) {
    if (value.kind != Value::Kind::Literal) add_cost(1, level);
    if (std::string field = spelling_of(value); !field.empty()) fields_.insert(std::move(field));
    const bool keyed_value = value.kind == Value::Kind::SpanAttribute ||
                             value.kind == Value::Kind::ResourceAttribute ||
                             value.kind == Value::Kind::SpanOrResource;
    if (keyed_value) keys_.insert(value.key);
    if (value.kind == Value::Kind::SpanOrResource) {
      fields_.insert(keyed(spelling_of(value.span) + ".resource", value.key));
    }
  }

  [[nodiscard]] Reads result() const {
    return {{fields_.begin(), fields_.end()},
            {keys_.begin(), keys_.end()},
            static_cast<std::uint32_t>(std::clamp<std::uint64_t>(cost_, 1, kCostMax))};
  }

 private:
  void add_cost(std::uint64_t cost, int level) noexcept {
    cost_ = std::min(cost_ + cost * weight_of(level), kCostMax);
  }

  std::set<std::string> fields_;
  std::set<std::string> keys_;
  std::uint64_t cost_ = 0;
};

}  // namespace

Reads reads_of(const Condition& condition) {
  Collector collector;
  TreeVisitor visitor;
  visitor.on_condition = [&collector](const Condition& part, int level) {
    collector.visit(part, level);
  };
  visitor.on_value = [&collector](const Value& part, int level) { collector.visit(part, level); };
  walk(condition, visitor);
  return collector.result();
}

}  // namespace betrace::rules
