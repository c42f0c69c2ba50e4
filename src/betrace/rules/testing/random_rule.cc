#include "betrace/rules/testing/random_rule.h"

namespace betrace::rules {
namespace {

constexpr std::string_view kQuantifiers[] = {"has", "any", "none", "missing", "all"};
constexpr std::string_view kChosenRelations[] = {"has_parent",     "has_child",   "has_ancestor",
                                                 "has_descendant", "has_sibling", "overlaps"};
constexpr std::string_view kOrders[] = {"preceded_by", "followed_by"};

}  // namespace

std::string RandomRule::next() {
  has_rule_level_span_ = choices_.chance(55);
  if (choices_.chance(25)) {
    const std::string when = block("when");
    switch (choices_.below(4)) {
      case 0:
        return when + block("always");
      case 1:
        return when + block("never");
      case 2:
        return joined({when, block("never"), block("always")});
      default:
        return joined({when, block("always"), block("never")});
    }
  }
  const Place place;
  if (!has_rule_level_span_) return condition(place);
  if (choices_.chance(30)) return condition_of_span(place);
  return joined({condition_of_span(place), " ", choices_.chance(60) ? "and" : "or", " (",
                 condition(place), ")"});
}

std::string RandomRule::block(std::string_view word) {
  const Place place;
  const bool begins = has_rule_level_span_ && word == "when";
  return joined({word, " { ", begins ? condition_of_span(place) : condition(place), " } "});
}

// What the parentheses of a quantifier, an aggregate or a relation make of their surroundings.
RandomRule::Place RandomRule::inside(const Place& place, Place::Kind kind) const {
  Place inside = place;
  inside.kind = kind;
  inside.outside = false;
  inside.anchor = !place.outside || has_rule_level_span_;
  inside.depth = place.depth == 0 ? 0 : place.depth - 1;
  return inside;
}

std::string RandomRule::condition(const Place& place) {
  switch (choices_.below(8)) {
    case 0:
      return joined({small_condition(place), " and ", small_condition(place)});
    case 1:
      return joined({small_condition(place), " or ", small_condition(place)});
    case 2:
      return "not " + small_condition(place);
    case 3:
      return joined({"!(", small_condition(place), " ", choices_.chance(50) ? "or" : "and", " ",
                     small_condition(place), ")"});
    case 4:
      return joined({"(", small_condition(place), " or not ", small_condition(place), ") and ",
                     small_condition(place)});
    default:
      return small_condition(place);
  }
}

std::string RandomRule::small_condition(const Place& place) {
  if (choices_.chance(2)) return choices_.chance(50) ? "true" : "false";
  switch (place.kind) {
    case Place::Kind::Rule:
      return condition_of_rule(place);
    case Place::Kind::Candidate:
      return condition_of_candidate(place);
    case Place::Kind::Where:
      return condition_in_where(place);
    case Place::Kind::Event:
      return condition_of_event(place);
    case Place::Kind::Link:
      return condition_of_link(place);
  }
  return {};
}

std::string RandomRule::condition_of_rule(const Place& place) {
  switch (choices_.below(has_rule_level_span_ ? 12 : 8)) {
    case 0:
      return quoted(choices_.one_of(kSpanNames));
    case 1:
      return selector(place);
    case 2:
      return "pay." + attribute_test(std::string(choices_.one_of(kKeys)));
    case 3:
    case 4:
      return quantifier(place);
    case 5:
    case 6:
      return aggregate_test(place);
    case 7:
      return trace_test(place);
    default:
      return condition_of_span(place);
  }
}

std::string RandomRule::condition_of_candidate(const Place& place) {
  switch (choices_.below(11)) {
    case 0:
      return choices_.chance(50) ? "db.query" : quoted(choices_.one_of(kSpanNames));
    case 1:
      return attribute_test(std::string(choices_.one_of(kKeys)));
    case 2:
      return place.depth > 0 ? selector(place) : test(place);
    case 3:
      return place.depth > 0 ? quantifier(place) : test(place);
    case 4:
      return place.depth > 0 ? aggregate_test(place) : test(place);
    case 5:
    case 6:
      return join(place);
    default:
      return condition_of_span(place);
  }
}

// The candidate beside what the parentheses were opened for.
std::string RandomRule::join(const Place& place) {
  static constexpr std::string_view kFields[] = {"name",       "status",   "attributes.user",
                                                 "start_time", "end_time", "service"};
  if (place.event && choices_.chance(60)) {
    return choices_.chance(50) ? "event.name ends_with span.attributes.user"
                               : joined({"event.time ", order(), " span.start_time"});
  }
  if (place.link && choices_.chance(60)) {
    return joined({"link.span_id ", choices_.chance(50) ? "==" : "!=", " span.span_id"});
  }
  if (!place.anchor) return test(place);
  const std::string_view field = choices_.one_of(kFields);
  return joined({"span.", field, " ", order(), " anchor.", field});
}

std::string RandomRule::condition_in_where(const Place& place) {
  switch (choices_.below(7)) {
    case 0:
      return std::string(choices_.one_of(kKeys));
    case 1:
    case 2:
      return attribute_test(std::string(choices_.one_of(kKeys)));
    case 3:
      return attribute_test("\"http.code\"");
    case 4:
      return joined({"amount * ", number_literal(), " ", order(), " user - duration"});
    case 5:
      return place.depth > 0 ? quantifier(place) : test(place);
    default:
      return condition_of_span(place);
  }
}

std::string RandomRule::condition_of_event(const Place& place) {
  switch (choices_.below(7)) {
    case 0:
      return std::string(choices_.one_of(kEventNames));
    case 1:
      return attribute_test(std::string(choices_.one_of(kKeys)));
    case 2:
      return joined({"event.name ", choices_.chance(50) ? "==" : "contains", " ",
                     quoted(choices_.one_of(kEventNames))});
    case 3:
      return joined({"event.time ", order(), " ", span(place), ".end_time"});
    case 4:
      return joined({"event.attributes[\"", choices_.one_of(kKeys), "\"]"});
    case 5:
      return place.depth > 0 ? quantifier(place) : test(place);
    default:
      return condition_of_span(place);
  }
}

std::string RandomRule::condition_of_link(const Place& place) {
  switch (choices_.below(6)) {
    case 0:
      return attribute_test(std::string(choices_.one_of(kKeys)));
    case 1:
      return joined(
          {"link.span_id ", choices_.chance(70) ? "!=" : "==", " ", span(place), ".span_id"});
    case 2:
      return joined({"link.trace_id == ", span(place), ".trace_id"});
    case 3:
      return joined({"link.attributes[\"", choices_.one_of(kKeys), "\"]"});
    case 4:
      return place.depth > 0 ? quantifier(place) : test(place);
    default:
      return condition_of_span(place);
  }
}

// Requires: `span` may stand here, or anything that is no condition on a span comes out.
std::string RandomRule::condition_of_span(const Place& place) {
  Place list = place;
  list.depth = place.depth == 0 ? 0 : place.depth - 1;
  switch (choices_.below(place.depth > 0 ? 12 : 6)) {
    case 0:
      return joined({span(place), choices_.chance(50) ? ".is_root" : ".is_orphan"});
    case 1:
      return joined(
          {span(place), ".has(", choices_.chance(50) ? "\"user\"" : "attribute.http.code", ")"});
    case 2:
      return joined({span(place), ".attributes[\"", choices_.one_of(kKeys), "\"]"});
    case 3:
    case 4:
    case 5:
      return test(place);
    case 6:
      list.kind = Place::Kind::Event;
      list.event = true;
      return joined({span(place), ".events.any(", condition(list), ")"});
    case 7:
      list.kind = Place::Kind::Link;
      list.link = true;
      return joined({span(place), ".links.any(", condition(list), ")"});
    default:
      return structure(place);
  }
}

std::string RandomRule::quantifier(const Place& place) {
  const bool may_filter = place.kind == Place::Kind::Rule || place.kind == Place::Kind::Candidate;
  const Place candidate = inside(place, Place::Kind::Candidate);
  if (may_filter && choices_.chance(15)) {
    return joined({"trace.has(", condition(candidate), ").where(",
                   condition(inside(place, Place::Kind::Where)), ")"});
  }
  return joined({"trace", choices_.chance(5) ? ":" : ".", choices_.one_of(kQuantifiers), "(",
                 condition(candidate), ")"});
}

std::string RandomRule::structure(const Place& place) {
  Place candidate = inside(place, Place::Kind::Candidate);
  candidate.anchor = true;
  const std::string of = span(place);
  if (choices_.chance(70)) {
    return joined({of, ".", choices_.one_of(kChosenRelations), "(", condition(candidate), ")"});
  }
  const std::string within =
      choices_.chance(50) ? joined({", ", std::to_string(choices_.below(20)), "ns"}) : "";
  return joined({of, ".", choices_.one_of(kOrders), "(", condition(candidate), within, ")"});
}

// At rule level .where binds the candidate; in a span condition it leaves `span` and `anchor`.
std::string RandomRule::selector(const Place& place) {
  Place where = place.kind == Place::Kind::Rule ? inside(place, Place::Kind::Where) : place;
  where.kind = Place::Kind::Where;
  where.depth = place.depth == 0 ? 0 : place.depth - 1;
  std::string text = choices_.chance(50) ? "pay" : "\"GET /cart\"";
  for (std::size_t i = choices_.chance(20) ? 2 : 1; i > 0; --i) {
    text += joined({".where(", condition(where), ")"});
  }
  return text;
}

std::string RandomRule::aggregate_test(const Place& place) {
  static constexpr std::string_view kGroups[] = {"user", "service.name", "span.name",
                                                 "user, span.kind", "span.attributes[\"amount\"]"};
  const std::string by =
      choices_.chance(30) ? joined({" by (", choices_.one_of(kGroups), ")"}) : "";
  const std::string right = choices_.chance(75) ? std::to_string(choices_.below(6)) : number(place);
  return joined({aggregate(place), by, " ", order(), " ", right});
}

std::string RandomRule::trace_test(const Place& place) {
  static constexpr std::string_view kCounts[] = {"span_count", "error_count", "service_count"};
  static constexpr std::string_view kTimes[] = {"duration", "start_time", "end_time"};
  switch (choices_.below(5)) {
    case 0:
      return joined({"trace.", choices_.one_of(kCounts), " ", order(), " ",
                     std::to_string(choices_.below(6))});
    case 1:
      return joined({"trace.", choices_.one_of(kTimes), " ", order(), " ",
                     std::to_string(choices_.below(60))});
    case 2:
      return joined({quoted(choices_.one_of(kServices)), " in trace.services"});
    case 3:
      return joined({"trace.root.name == ", quoted(choices_.one_of(kSpanNames))});
    default:
      return joined({"trace.root.duration ", order(), " ", number(place)});
  }
}

}  // namespace betrace::rules
