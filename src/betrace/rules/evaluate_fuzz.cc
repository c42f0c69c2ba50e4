// Goal: what the language reference promises of every rule and every trace holds for random ones:
// an evaluation ends within its budget, depends on the set of spans alone, cites spans of the
// trace, and agrees with what the same rule says in other words.
// Method: the first line is a rule or, if it does not load, the choices that make one; the rest are
// the choices that make a trace. rule_promises.h asks the evaluator the same thing in several ways.

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "betrace/base/check.h"
#include "betrace/rules/testing/random_rule.h"
#include "betrace/rules/testing/random_trace.h"
#include "betrace/rules/testing/rule_promises.h"

namespace betrace::rules {
namespace {

void evaluate_input(std::string_view input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(line.size() + 1, input.size()));
  auto rule = check_rule(line);
  if (!rule) {
    RandomChoices choices(line);
    rule = check_rule(RandomRule(&choices).next());
  }
  if (!rule) return;
  RandomChoices choices(input);
  const auto spans = random_trace(&choices);
  const std::string broken = broken_promise(*rule, spans, &choices);
  if (!broken.empty()) fmt::print(stderr, "{}\n{}\n", rule->text, broken);
  BETRACE_CHECK(broken.empty());
}

}  // namespace
}  // namespace betrace::rules

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  betrace::rules::evaluate_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
