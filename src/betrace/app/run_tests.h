// `betrace test PATH...`: runs rule tests and says for each case whether it came out as written.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace betrace::app {

struct TestOptions {
  std::vector<std::string> paths;  ///< Files, or folders whose `*.yaml *.yml *.json` are read.
  bool is_quiet = false;           ///< Names only the cases that fail.
};

/// Runs all cases; `ok` and `FAIL` lines, differences and a summary go to `out`, what cannot be
/// read to `error`. Returns 0 if all cases pass, 1 if one fails or a rule does not load, 2 if a
/// path or test file cannot be read or there is no case at all.
[[nodiscard]] int run_test(const TestOptions& options, std::ostream& out, std::ostream& error);

}  // namespace betrace::app
