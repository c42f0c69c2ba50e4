// The checked tree: what a rule means once every name is resolved and every short form is gone.
//
// checker.cc makes it from the syntax tree; naive_evaluator.cc walks it, predicate_network.cc is
// compiled from it. There is nothing left here that can fail but the step budget.
//
// Variables. A condition is evaluated with `span`, `anchor`, `event` and `link` bound or absent.
// Exists and aggregates test each span x of the trace with span := x, anchor := the span outside;
// Structure does so for each other span x with anchor := the resolved S. Event and link conditions
// bind `event` or `link` and leave the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "betrace/rules/diagnostic.h"
#include "betrace/rules/regex.h"

namespace betrace::rules {

struct Condition;
struct Value;

/// `span`, `anchor` or `trace.root`, followed by `.parent` and `.root` steps; may be absent at run
/// time, then fields are nil and methods false.
struct SpanRef {
  enum class Base : std::uint8_t { Span, Anchor, TraceRoot };
  enum class Step : std::uint8_t { Parent, Root };
  Base base = Base::Span;
  std::vector<Step> steps;
};

/// Fields of a span (docs/guide/rule-reference.md, 2.1).
enum class SpanField : std::uint8_t {
  Name,
  Service,
  Kind,
  Status,
  StatusMessage,
  Duration,
  DurationMs,
  StartTime,
  EndTime,
  SpanId,
  TraceId,
  ParentId,
  IsRoot,
  IsOrphan,
  Depth,
  ChildCount,
  ScopeName,
  ScopeVersion,
};

/// Fields of the trace (2.2). `trace.root.x` is a SpanField of SpanRef::Base::TraceRoot.
enum class TraceField : std::uint8_t {
  Id,
  Duration,
  StartTime,
  EndTime,
  SpanCount,
  ErrorCount,
  Services,
  ServiceCount,
};

/// Fields of the event or link under test.
enum class EventField : std::uint8_t { Name, Time };
enum class LinkField : std::uint8_t { TraceId, SpanId };

/// A constant of the rule's text.
struct Literal {
  enum class Type : std::uint8_t { Nil, Bool, Int, Double, Duration, String, List };
  Type type = Type::Nil;
  bool boolean = false;
  std::int64_t integer = 0;  ///< Int, or Duration in ns
  double real = 0;
  std::string text;
  std::vector<Literal> items;
};

enum class AggregateKind : std::uint8_t { Count, Sum, Avg, Min, Max, Percentile, CountDistinct };

struct Value {
  enum class Kind : std::uint8_t {
    Literal,             // literal
    SpanField,           // span, span_field
    SpanAttribute,       // span, key
    SpanAttributes,      // span: all attributes as a map
    ResourceAttribute,   // span, key
    ResourceAttributes,  // span: all resource attributes as a map
    SpanOrResource,  // span, key: the span attribute, else the resource attribute (bare `by` names)
    TraceField,      // trace_field
    EventField,      // event_field
    EventAttribute,  // key
    LinkField,       // link_field
    LinkAttribute,   // key
    EventsCount,     // span, condition (null: all)
    LinksCount,      // span, condition (null: all)
    Add,
    Subtract,
    Multiply,
    Divide,  // operands[0], operands[1]
    Negate,
    Length,
    Lower,
    Upper,      // operands[0]
    IndexKey,   // operands[0], key: element of a map
    IndexItem,  // operands[0], index: element of a list, from 0
    Aggregate,  // aggregate, operands[0] = v (none for Count), percent, condition (null: all)
  };

  Kind kind = Kind::Literal;
  SourceRange range;
  Literal literal;
  SpanRef span;
  SpanField span_field = SpanField::Name;
  TraceField trace_field = TraceField::Id;
  EventField event_field = EventField::Name;
  LinkField link_field = LinkField::TraceId;
  AggregateKind aggregate = AggregateKind::Count;
  double percent = 0;
  std::uint64_t index = 0;
  std::string key;
  std::vector<std::unique_ptr<Value>> operands;
  std::unique_ptr<Condition> condition;
  std::vector<std::unique_ptr<Value>>
      group_by;  ///< Aggregate with `by (...)`: values of the candidate
};

enum class CompareOp : std::uint8_t { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual };

enum class StructureMethod : std::uint8_t {
  HasParent,
  HasChild,
  HasAncestor,
  HasDescendant,
  HasSibling,
  PrecededBy,
  FollowedBy,
  Overlaps,
};

struct Condition {
  enum class Kind : std::uint8_t {
    True,
    False,
    And,
    Or,       // children, two or more
    Not,      // children[0]
    Compare,  // op, left, right; `by` lies in left->group_by
    In,       // left in right
    Contains,
    StartsWith,
    EndsWith,   // left, right
    Matches,    // left, regex
    Truthy,     // left: a value alone as a condition
    Exists,     // children[0]: some span of the trace fits
    Structure,  // span, method, within_ns, children[0]: some other span so related fits
    EventsAny,  // span, children[0]
    LinksAny,   // span, children[0]
  };

  Kind kind = Kind::True;
  SourceRange range;  ///< The text that this condition was written as.
  std::vector<std::unique_ptr<Condition>> children;
  CompareOp op = CompareOp::Equal;
  std::unique_ptr<Value> left;
  std::unique_ptr<Value> right;
  std::unique_ptr<Regex> regex;
  SpanRef span;
  StructureMethod method = StructureMethod::HasParent;
  std::optional<std::int64_t> within_ns;
};

}  // namespace betrace::rules
