// Asks a server for its violations and prints those that are new, for people.
//
// Used by `betrace demo`. Reads the REST API like any other client.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <set>
#include <string>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/http/client.h"

namespace betrace::app {

/// Remembers what it has shown. Not thread-safe.
class ViolationWatch {
 public:
  ViolationWatch(http::Client client, std::string base_url, bool colour);

  /// Marks what is there already as seen.
  [[nodiscard]] Result<void> skip_present();
  /// Prints the violations that came since the last call, oldest first. Error Unavailable: the
  /// server does not answer.
  [[nodiscard]] Result<void> print_new(std::ostream& out);

  /// Trace id (hex) -> ids of the rules that it violated, of all that was printed.
  [[nodiscard]] const std::map<std::string, std::set<std::string>>& seen() const { return seen_; }

 private:
  [[nodiscard]] Result<std::vector<Json>> fetch_new();
  void print(const Json& violation, std::ostream& out);

  http::Client client_;
  std::string base_url_;
  bool colour_;
  std::uint64_t last_sequence_ = 0;
  std::map<std::string, std::set<std::string>> seen_;
};

}  // namespace betrace::app
