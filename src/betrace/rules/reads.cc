#include "betrace/rules/reads.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "betrace/rules/string_literal.h"
#include "betrace/rules/tree_text.h"
#include "betrace/rules/tree_walk.h"

namespace betrace::rules {
namespace {

// How a source of data is written; empty for what is calculated from other values. `anchor` is some
// span too: what is read of it is read of spans.
std::string spelling_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::SpanField:
    case Value::Kind::SpanAttribute:
    case Value::Kind::SpanAttributes:
    case Value::Kind::ResourceAttribute:
    case Value::Kind::ResourceAttributes:
    case Value::Kind::TraceField:
    case Value::Kind::EventField:
    case Value::Kind::EventAttribute:
    case Value::Kind::LinkField:
    case Value::Kind::LinkAttribute:
      break;
    default:
      return {};
  }
  const std::string text = tree_text(value);
  constexpr std::string_view kAnchor = "anchor.";
  return text.starts_with(kAnchor) ? "span." + text.substr(kAnchor.size()) : text;
}

std::string list_of(const SpanRef& span, std::string_view list) {
  const std::string owner = span_text(span);
  const bool anchor = span.base == SpanRef::Base::Anchor;
  return fmt::format("{}.{}", anchor ? "span" + owner.substr(6) : owner, list);
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
      fields_.insert(list_of(condition.span, "events"));
    } else if (condition.kind == Condition::Kind::LinksAny) {
      fields_.insert(list_of(condition.span, "links"));
    }
  }

  void visit(const Value& value, int level) {
    if (value.kind != Value::Kind::Literal) add_cost(1, level);
    if (std::string field = spelling_of(value); !field.empty()) fields_.insert(std::move(field));
    switch (value.kind) {
      case Value::Kind::SpanAttribute:
      case Value::Kind::ResourceAttribute:
        keys_.insert(value.key);
        break;
      case Value::Kind::SpanOrResource:
        keys_.insert(value.key);
        fields_.insert(fmt::format("span.attributes[{}]", string_literal(value.key)));
        fields_.insert(fmt::format("span.resource[{}]", string_literal(value.key)));
        break;
      case Value::Kind::EventsCount:
        fields_.insert(list_of(value.span, "events"));
        break;
      case Value::Kind::LinksCount:
        fields_.insert(list_of(value.span, "links"));
        break;
      default:
        break;
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
