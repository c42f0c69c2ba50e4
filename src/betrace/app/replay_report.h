// What `betrace replay` prints: a line for each violation, progress, and the summary.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>

#include "betrace/engine/statistics.h"
#include "betrace/model/violation.h"
#include "betrace/otlp/read_summary.h"

namespace betrace::app {

enum class ReplayFormat : std::uint8_t { Text, Json };

/// What was read, besides what the engine counts.
struct ReplayInput {
  std::uint64_t files = 0;
  std::uint64_t requests = 0;
  otlp::ReadSummary spans;  ///< Of all requests together.

  void add(const otlp::ReadSummary& summary);
};

/// Prints and counts. Text goes to `out`; with Json `out` has nothing but one object a line and the
/// summary goes to `err`. Not thread-safe.
class ReplayReport {
 public:
  ReplayReport(ReplayFormat format, bool show_progress, std::ostream& out, std::ostream& err)
      : format_(format), show_progress_(show_progress), out_(out), err_(err) {}

  /// Prints a violation in its last state; a withdrawn one is printed in Json only.
  void violation(const model::Violation& violation);

  /// Draws how much of a file is read; `total` 0 is unknown. Does nothing unless a person looks on.
  void progress(std::uint64_t done, std::uint64_t total, std::uint64_t spans);
  void clear_progress();

  void summary(const ReplayInput& input, const engine::ShardStatistics& statistics);

  /// The worst severity of a confirmed violation; nothing if there was none.
  [[nodiscard]] std::optional<model::Severity> worst() const noexcept { return worst_; }

 private:
  struct RuleCount {
    model::Severity severity = model::Severity::Medium;
    std::uint64_t confirmed = 0;
    std::uint64_t withdrawn = 0;
  };

  void traces(std::ostream& to, const engine::ShardStatistics& statistics) const;
  void losses(std::ostream& to, const ReplayInput& input,
              const engine::ShardStatistics& statistics) const;
  void rules(std::ostream& to, const engine::ShardStatistics& statistics) const;

  ReplayFormat format_;
  bool show_progress_;
  std::ostream& out_;
  std::ostream& err_;
  bool is_drawn_ = false;
  int percent_ = -1;
  std::uint64_t spans_drawn_ = 0;
  std::optional<model::Severity> worst_;
  std::map<std::string, RuleCount> rules_;
};

}  // namespace betrace::app
