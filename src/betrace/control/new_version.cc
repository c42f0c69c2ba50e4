#include "betrace/control/new_version.h"

#include <algorithm>

#include "betrace/storage/rule_document.h"

namespace betrace::control {
namespace {

constexpr UnixNanos kAheadMax = 5ULL * 60 * 1'000'000'000;
// Half of what a file may hold: a rule can be changed as often as anybody likes after a restore.
constexpr std::uint64_t kKeptRevisionMax = storage::kRevisionMax / 2;

UnixNanos kept_time(UnixNanos given, UnixNanos otherwise, UnixNanos now) {
  return given == 0 || given > now + kAheadMax ? otherwise : given;
}

// The next revision; a hand-written file may already have the largest.
std::uint64_t after(std::uint64_t revision) {
  return std::min(revision + 1, storage::kRevisionMax);
}

}  // namespace

model::Rule first_version(model::Rule rule, UnixNanos now) {
  if (rule.revision == 0 || rule.revision > kKeptRevisionMax) rule.revision = 1;
  rule.created_at = kept_time(rule.created_at, now, now);
  rule.updated_at = kept_time(rule.updated_at, now, now);
  return rule;
}

model::Rule replacing_version(model::Rule rule, const model::Rule& stored, UnixNanos now) {
  const std::uint64_t given = rule.revision > kKeptRevisionMax ? 0 : rule.revision;
  rule.revision = std::max(given, after(stored.revision));
  rule.created_at = kept_time(rule.created_at, stored.created_at, now);
  rule.updated_at = kept_time(rule.updated_at, now, now);
  return rule;
}

model::Rule next_version(model::Rule edited, const model::Rule& stored, UnixNanos now) {
  edited.id = stored.id;
  edited.revision = after(stored.revision);
  edited.created_at = stored.created_at;
  edited.updated_at = now;
  return edited;
}

}  // namespace betrace::control
