// `betrace key new`: makes an API key and its entry for the key file.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace betrace::app {

struct NewKeyOptions {
  std::vector<std::string> roles;
  std::string id;    ///< Empty: one is made up.
  std::string file;  ///< Gets the entry at its end; empty: the entry is printed.
};

/// Prints the key on `out`, once, and nothing else there but the entry if it is not kept in a file.
/// Returns 0; 1 if the file cannot be read or written; 2 if a role or the id is wrong or taken.
[[nodiscard]] int run_key_new(const NewKeyOptions& options, std::ostream& out, std::ostream& err);

}  // namespace betrace::app
