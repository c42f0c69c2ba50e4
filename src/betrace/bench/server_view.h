// What the server says of itself: its metrics and its violations, over its API.
//
// Used by repeat.h before, during and after the load. Knows nothing of what is expected.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/bench/transport.h"
#include "betrace/http/client.h"

namespace betrace::bench {

/// One reading of GET /metrics. Immutable.
class MetricsReading {
 public:
  /// Reads the Prometheus text format; what is not understood is left out.
  [[nodiscard]] static MetricsReading parse(std::string_view text);

  /// Sum of all series of a metric; 0 if there is none.
  [[nodiscard]] double sum(std::string_view name) const { return sum(name, ""); }
  /// The same of those whose labels, as written, hold the text `labels`.
  [[nodiscard]] double sum(std::string_view name, std::string_view labels) const;

 private:
  std::map<std::string, double, std::less<>> series_;  // name and labels as written
};

/// A violation as far as the oracle cares.
struct SeenViolation {
  std::string trace_id;
  std::string rule_id;
  UnixNanos decided = 0;  ///< By the clock of the server.
};

/// Not thread-safe.
class ServerView {
 public:
  explicit ServerView(const Target& api);

  [[nodiscard]] Result<MetricsReading> read_metrics();
  /// Remembers where the list of violations ends now.
  [[nodiscard]] Result<void> skip_violations();
  /// The violations that came since the last call, withdrawn ones left out, and those that were
  /// decided before `since`.
  [[nodiscard]] Result<std::vector<SeenViolation>> new_violations(UnixNanos since = 0);
  /// Ids and expressions of all rules that the server has.
  [[nodiscard]] Result<std::map<std::string, std::string>> read_rules();

 private:
  [[nodiscard]] Result<std::string> get(std::string_view target);

  http::Client client_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace betrace::bench
