#include "betrace/model/rule.h"

#include <tuple>

namespace betrace::model {
namespace {

auto content_of(const Rule& rule) {
  return std::tie(rule.name, rule.description, rule.expression, rule.enabled, rule.severity,
                  rule.tags, rule.message, rule.require_complete);
}

}  // namespace

bool same_content(const Rule& left, const Rule& right) {
  return content_of(left) == content_of(right);
}

}  // namespace betrace::model
