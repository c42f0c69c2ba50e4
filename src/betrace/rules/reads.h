// What a rule reads, and what it costs: for people, and for a reader that keeps only what is asked.
//
// Used by check_rule().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "betrace/rules/condition.h"

namespace betrace::rules {

struct Reads {
  std::vector<std::string> fields;          ///< As written in rules, sorted, each once.
  std::vector<std::string> attribute_keys;  ///< Of spans and resources, sorted, each once.
  std::uint32_t cost = 1;                   ///< Tests of one span; relative.
};

/// Cost: n log n in the tree.
[[nodiscard]] Reads reads_of(const Condition& condition);

}  // namespace betrace::rules
