#include "betrace/http/route_table.h"

#include <algorithm>

#include "betrace/base/check.h"

namespace betrace::http {
namespace {

/// What one segment of a pattern takes; a lower value wins.
enum class Part : std::uint8_t { Literal, One, Rest };

Part part_of(std::string_view segment) noexcept {
  if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') return Part::Literal;
  return segment.ends_with("...}") ? Part::Rest : Part::One;
}

std::string_view name_in(std::string_view segment) noexcept {
  const std::size_t tail = part_of(segment) == Part::Rest ? 4 : 1;
  return segment.substr(1, segment.size() - 1 - tail);
}

/// Takes the first segment off a path: `a` of `/a/b`, leaving `/b`.
std::string_view take_segment(std::string_view& path) noexcept {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// Matches a whole path; `parts` gets one letter per segment that orders the matches of a path.
bool matches(std::string_view pattern, std::string_view path, PathParameters* parameters,
             std::string* parts) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view expected = take_segment(pattern);
    const Part part = part_of(expected);
    parts->push_back(static_cast<char>('a' + static_cast<int>(part)));
    if (part == Part::Rest) {
      parameters->add(name_in(expected), path.substr(1));
      return path.size() > 1;
    }
    const std::string_view given = take_segment(path);
    if (part == Part::Literal ? given != expected : given.empty()) return false;
    if (part == Part::One) parameters->add(name_in(expected), given);
  }
  return pattern.empty() && path.empty();
}

/// The pattern without the names of its parts.
std::string shape_of(std::string_view pattern) {
  std::string shape;
  while (!pattern.empty()) {
    const std::string_view segment = take_segment(pattern);
    const Part part = part_of(segment);
    shape += '/';
    shape += part == Part::Literal ? segment : part == Part::One ? "{}" : "{...}";
  }
  return shape;
}

void allow(std::string& list, std::string_view method) {
  if (!list.empty()) list += ", ";
  list += method;
}

}  // namespace

const std::string& PathParameters::at(std::string_view name) const {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [name](const auto& value) { return value.first == name; });
  BETRACE_CHECK(found != values_.end());
  return found->second;
}

void RouteTable::add(Route route) {
  BETRACE_CHECK(route.path.starts_with('/'));
  BETRACE_CHECK(route.handler != nullptr);
  const std::string shape = shape_of(route.path);
  for (const Route& row : rows_) {
    BETRACE_CHECK(row.method != route.method || shape_of(row.path) != shape);
  }
  rows_.push_back(std::move(route));
}

void RouteTable::add(std::vector<Route> routes) {
  for (Route& route : routes) add(std::move(route));
}

RouteMatch RouteTable::match(std::string_view method, std::string_view path) const {
  RouteMatch best;
  if (!path.starts_with('/')) return best;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::string best_parts;
  for (const Route& row : rows_) {
    PathParameters parameters;
    std::string parts;
    if (!matches(row.path, path, &parameters, &parts)) continue;
    // A more literal path hides the others, whatever their methods.
    if (best.route != nullptr && parts > best_parts) continue;
    if (best.route == nullptr || parts < best_parts) {
      best = RouteMatch{RouteMatch::Kind::NoSuchMethod, &row, {}, {}};
      best_parts = std::move(parts);
    }
    allow(best.allow, row.method);
    if (row.method == "GET") allow(best.allow, "HEAD");
    if (row.method == wanted) {
      best.kind = RouteMatch::Kind::Found;
      best.route = &row;
      best.parameters = std::move(parameters);
    }
  }
  if (best.kind == RouteMatch::Kind::Found) best.allow.clear();
  return best;
}

}  // namespace betrace::http
