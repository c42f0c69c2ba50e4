#include "betrace/rules/structure.h"

#include <algorithm>
#include <limits>

namespace betrace::rules {
namespace {

using model::SpanView;

bool is_within(std::uint64_t distance, const std::optional<std::int64_t>& within) noexcept {
  return !within || (*within >= 0 && distance <= static_cast<std::uint64_t>(*within));
}

bool precedes(const SpanView& x, const SpanView& s, const std::optional<std::int64_t>& within) {
  const std::uint64_t end = x.corrected_end();
  return end <= s.start_time_unix_nano && is_within(s.start_time_unix_nano - end, within);
}

bool overlap(const SpanView& x, const SpanView& s) {
  return x.start_time_unix_nano < s.corrected_end() && s.start_time_unix_nano < x.corrected_end();
}

bool is_ancestor(const LinkedTrace& trace, std::uint32_t ancestor, std::uint32_t s) {
  std::uint32_t current = s;
  for (std::uint32_t i = 0; i < trace.depth(s); ++i) {
    current = *trace.parent(current);
    if (current == ancestor) return true;
  }
  return false;
}

// Index of the first span that starts at `time` or later.
std::uint32_t first_from(const LinkedTrace& trace, std::uint64_t time) {
  std::uint32_t low = 0;
  auto high = static_cast<std::uint32_t>(trace.size());
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (trace.span(middle).start_time_unix_nano < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Index of the first span that starts later than `time`.
std::uint32_t first_after(const LinkedTrace& trace, std::uint64_t time) {
  if (time == std::numeric_limits<std::uint64_t>::max()) {
    return static_cast<std::uint32_t>(trace.size());
  }
  return first_from(trace, time + 1);
}

}  // namespace

bool is_related(const LinkedTrace& trace, const Relation& relation, std::uint32_t s,
                std::uint32_t x) {
  if (s == x) return false;
  const SpanView& span = trace.span(s);
  const SpanView& other = trace.span(x);
  switch (relation.method) {
    case StructureMethod::HasParent:
      return trace.parent(s) == x;
    case StructureMethod::HasChild:
      return trace.parent(x) == s;
    case StructureMethod::HasAncestor:
      return is_ancestor(trace, x, s);
    case StructureMethod::HasDescendant:
      return is_ancestor(trace, s, x);
    case StructureMethod::HasSibling:
      return !span.is_root() && span.parent_span_id == other.parent_span_id;
    case StructureMethod::PrecededBy:
      return precedes(other, span, relation.within_ns);
    case StructureMethod::FollowedBy:
      return precedes(span, other, relation.within_ns);
    case StructureMethod::Overlaps:
      break;
  }
  return overlap(other, span);
}

IndexRange range_of_related(const LinkedTrace& trace, const Relation& relation, std::uint32_t s) {
  const SpanView& span = trace.span(s);
  if (relation.method == StructureMethod::PrecededBy) {
    return {0, first_after(trace, span.start_time_unix_nano)};
  }
  if (relation.method == StructureMethod::Overlaps) {
    return {0, first_from(trace, span.corrected_end())};
  }
  const std::uint64_t earliest = span.corrected_end();
  IndexRange range = {first_from(trace, earliest), static_cast<std::uint32_t>(trace.size())};
  if (relation.within_ns) {
    const auto within = static_cast<std::uint64_t>(std::max<std::int64_t>(*relation.within_ns, 0));
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - earliest;
    range.end = first_after(trace, earliest + std::min(within, room));
  }
  return range;
}

}  // namespace betrace::rules
