#include "betrace/rules/testing/random_rule.h"

namespace betrace::rules {
namespace {

constexpr std::string_view kNumberFields[] = {"duration", "duration_ms", "start_time",
                                              "end_time", "depth",       "child_count"};
constexpr std::string_view kTextFields[] = {
    "name",      "service",      "kind",           "status",  "status_message", "scope.name",
    "parent_id", "service_name", "operation_name", "span_id", "scope.version"};
constexpr std::string_view kChosenAggregates[] = {"sum", "avg", "min", "max", "count_distinct"};

}  // namespace

// A span reference. Outside, in a rule without rule-level span, only trace.root can be one.
std::string RandomRule::span(const Place& place) {
  std::string text = place.anchor && choices_.chance(35) ? "anchor" : "span";
  if ((place.outside && !has_rule_level_span_) || choices_.chance(3)) text = "trace.root";
  while (choices_.chance(12)) text += choices_.chance(70) ? ".parent" : ".root";
  return text;
}

std::string RandomRule::test(const Place& place) {
  switch (choices_.below(5)) {
    case 0:
    case 1:
      return number_test(place);
    case 2:
      return text_test(place);
    case 3:
      return member_test(place);
    default:
      return attribute_test(attribute(place));
  }
}

std::string RandomRule::number_test(const Place& place) {
  const std::string right = choices_.chance(60) ? number_literal() : number(place);
  return joined({number(place), " ", order(), " ", right});
}

std::string RandomRule::text_test(const Place& place) {
  static constexpr std::string_view kWords[] = {
      "==", "!=", "contains", "starts_with", "ends_with", "not contains", "not starts_with", "<"};
  static constexpr std::string_view kExpressions[] = {"r\"^[a-z]+\"", "\"(?i)error|pay\"", "\"r$\"",
                                                      "r\"\\d\"", "\"\""};
  static constexpr std::string_view kKinds[] = {"server", "CLIENT", "SPAN_KIND_INTERNAL",
                                                "nothing"};
  static constexpr std::string_view kStatuses[] = {"ok", "ERROR", "STATUS_CODE_UNSET"};
  switch (choices_.below(7)) {
    case 0:
      return joined({span(place), ".kind == \"", choices_.one_of(kKinds), "\""});
    case 1:
      return joined({span(place), ".status != \"", choices_.one_of(kStatuses), "\""});
    case 2:
      return joined({text(place), " ", choices_.chance(30) ? "not " : "", "matches ",
                     choices_.one_of(kExpressions)});
    case 3:
      return joined({text(place), ".contains(", text_literal(), ")"});
    case 4:
      return joined({text(place), " ", choices_.one_of(kWords), " ", text(place)});
    default:
      return joined({text(place), " ", choices_.one_of(kWords), " ", text_literal()});
  }
}

std::string RandomRule::member_test(const Place& place) {
  const std::string word = choices_.chance(30) ? "not in" : "in";
  switch (choices_.below(6)) {
    case 0:
      return joined({attribute(place), " ", word, " ", list_literal()});
    case 1:
      return joined({any_literal(), " ", word, " ", span(place), ".attributes[\"tags\"]"});
    case 2:
      return joined({"\"", choices_.one_of(kKeys), "\" ", word, " ", span(place), ".",
                     choices_.chance(70) ? "attributes" : "resource"});
    case 3:
      return joined({span(place), ".service ", word, " trace.services"});
    case 4:
      return joined({attribute(place), " contains ", any_literal()});
    default:
      return joined({text(place), " ", word, " ", list_literal()});
  }
}

// An attribute, by whatever name, and something that it may well be.
std::string RandomRule::attribute_test(const std::string& attribute) {
  const std::string equal = choices_.chance(60) ? "==" : "!=";
  switch (choices_.below(7)) {
    case 0:
      return joined({attribute, " ", equal, " ", any_literal()});
    case 1:
      return joined({attribute, " ", equal, " nil"});
    case 2:
      return joined({attribute, " ", equal, " ", choices_.chance(50) ? "true" : "u1"});
    case 3:
      return joined({attribute, " ", equal, " ", list_literal()});
    case 4:
      return joined({attribute, " ", order(), " ", text_literal()});
    default:
      return joined({attribute, " ", order(), " ", number_literal()});
  }
}

std::string RandomRule::number(const Place& place) {
  Place operand = place;
  operand.depth = place.depth == 0 ? 0 : place.depth - 1;
  switch (choices_.below(place.depth > 0 ? 11 : 6)) {
    case 0:
      return "#" + attribute(place);
    case 1:
      return text(place) + ".length()";
    case 2:
      return place.event ? "event.time" : "trace.end_time";
    case 6:
      return joined({"(", number(operand), " ", choices_.chance(50) ? "+" : "-", " ",
                     choices_.chance(50) ? number_literal() : number(operand), ")"});
    case 7:
      return joined({"(", number(operand), " ", choices_.chance(50) ? "*" : "/", " ",
                     choices_.chance(50) ? number_literal() : number(operand), ")"});
    case 8:
      return joined({"-(", number(operand), ")"});  // two signs in a row begin a comment
    case 9:
      return aggregate(place);
    default:
      return number_of_span(operand);
  }
}

std::string RandomRule::number_of_span(const Place& place) {
  Place list = place;
  switch (choices_.below(place.depth > 0 ? 8 : 6)) {
    case 0:
      return attribute(place);
    case 6:
      list.kind = Place::Kind::Event;
      list.event = true;
      return joined({span(place), ".events.count(", condition(list), ")"});
    case 7:
      list.kind = Place::Kind::Link;
      list.link = true;
      return joined({span(place), ".links.count(", condition(list), ")"});
    case 1:
      return joined({span(place), ".", choices_.chance(70) ? "events" : "links", ".count()"});
    default:
      return joined({span(place), ".", choices_.one_of(kNumberFields)});
  }
}

std::string RandomRule::text(const Place& place) {
  switch (choices_.below(8)) {
    case 0:
      return joined({attribute(place), choices_.chance(50) ? ".lower()" : ".upper()"});
    case 1:
      return place.event ? "event.name" : "trace.id";
    case 2:
      return place.link ? "link.trace_id" : "trace.root.name";
    case 3:
      return attribute(place);
    default:
      return joined({span(place), ".", choices_.one_of(kTextFields)});
  }
}

std::string RandomRule::attribute(const Place& place) {
  const std::string_view key = choices_.one_of(kKeys);
  switch (choices_.below(9)) {
    case 0:
      return joined({span(place), ".attributes.", key});
    case 1:
      return span(place) + ".http.code";
    case 2:
      return joined({span(place), ".resource[\"", key, "\"]"});
    case 3:
      return joined({span(place), ".attributes[\"", key, "\"][\"user\"]"});
    case 4:
      return joined(
          {span(place), ".attributes[\"tags\"][", std::to_string(choices_.below(3)), "]"});
    case 5:
      if (place.event) return joined({"event.attributes[\"", key, "\"]"});
      if (place.link) return joined({"link.attributes[\"", key, "\"]"});
      [[fallthrough]];
    default:
      return joined({span(place), ".attributes[\"", key, "\"]"});
  }
}

std::string RandomRule::aggregate(const Place& place) {
  const Place candidate = inside(place, Place::Kind::Candidate);
  const std::string trace = choices_.chance(30) ? "trace." : "";
  if (choices_.chance(40)) {
    const bool may_filter = place.kind == Place::Kind::Rule || place.kind == Place::Kind::Candidate;
    if (choices_.chance(20)) return trace + "count()";
    if (!may_filter || choices_.chance(80)) {
      return joined({trace, "count(", condition(candidate), ")"});
    }
    return joined({trace, "count(", condition(candidate), ").where(",
                   condition(inside(place, Place::Kind::Where)), ")"});
  }
  const std::string filter = choices_.chance(50) ? ", " + condition(candidate) : "";
  if (choices_.chance(20)) {
    static constexpr std::string_view kPercents[] = {"50", "95", "100", "0.1", "33.3"};
    return joined({trace, "percentile(", number_of_span(candidate), ", ",
                   choices_.one_of(kPercents), filter, ")"});
  }
  return joined(
      {trace, choices_.one_of(kChosenAggregates), "(", number_of_span(candidate), filter, ")"});
}

std::string RandomRule::number_literal() {
  static constexpr std::string_view kOthers[] = {"2.5",    "1e1", "0.0", "9223372036854775807",
                                                 "0.02us", "3us", "1h2m"};
  switch (choices_.below(4)) {
    case 0:
      return joined({std::to_string(choices_.below(30)), "ns"});
    case 1:
      return choices_.chance(50) ? std::string(choices_.one_of(kOthers)) : "-1";
    default:
      return std::to_string(choices_.below(12));
  }
}

std::string RandomRule::text_literal() {
  return quoted(choices_.chance(70) ? choices_.one_of(kTexts) : choices_.one_of(kSpanNames));
}

std::string RandomRule::any_literal() {
  return choices_.chance(50) ? text_literal() : std::to_string(choices_.below(10));
}

std::string RandomRule::list_literal() {
  std::string items = any_literal();
  for (std::size_t i = choices_.below(3); i > 0; --i) items += ", " + any_literal();
  if (choices_.chance(20)) items += ", pay, -1, nil, true";
  return joined({"[", items, "]"});
}

std::string RandomRule::order() {
  static constexpr std::string_view kOperators[] = {"<", "<=", ">", ">=", "==", "!="};
  return std::string(choices_.one_of(kOperators));
}

std::string RandomRule::quoted(std::string_view text) { return joined({"\"", text, "\""}); }

std::string RandomRule::joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

}  // namespace betrace::rules
