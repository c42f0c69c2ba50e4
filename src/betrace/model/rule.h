// A rule as people write and store it: text and metadata, not yet checked by rules/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/model/severity.h"

namespace betrace::model {

/// Content, revision and times of one rule. Source: the rule object of the HTTP API.
struct Rule {
  std::string id;           ///< `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`
  std::string name;         ///< 1-256 bytes, no control characters
  std::string description;  ///< at most 4096 bytes
  std::string expression;   ///< 1-65536 bytes
  bool enabled = true;
  Severity severity = Severity::Medium;
  std::vector<std::string> tags;  ///< at most 32
  std::string message;            ///< template, at most 1024 bytes; empty = generated text
  bool require_complete = false;
  std::uint64_t revision = 1;
  UnixNanos created_at = 0;
  UnixNanos updated_at = 0;
};

/// True if name, description, expression, enabled, severity, tags, message and require_complete are
/// equal: what a revision counts.
[[nodiscard]] bool same_content(const Rule& left, const Rule& right);

}  // namespace betrace::model
