// Reads one compact span of a rule test: labels instead of ids, times relative to zero.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "betrace/app/scenario_members.h"
#include "betrace/model/kept_span.h"

namespace betrace::app {

/// What the spans of one case share: their labels and their defaults. Owned by one call.
class ScenarioSpans {
 public:
  /// Notes the labels that a span declares, before any span is read, so that a parent may come
  /// after its child. `position` is its place among the spans of the case.
  void declare(ScenarioMembers* members, std::size_t position);

  /// Reads the span at `position`; of one that is written `times: 3` the `repetition` 0, 1 or 2,
  /// each a span of its own. Wrong members are left with `members`; then it returns nothing.
  [[nodiscard]] std::optional<model::KeptSpan> read(ScenarioMembers* members, std::size_t position,
                                                    std::size_t repetition);

  /// Names of trace and span ids, by hex.
  [[nodiscard]] const std::map<std::string, std::string>& labels() const noexcept {
    return labels_;
  }

 private:
  struct Declared {
    std::set<std::string> spans;
    std::string first;  // the default parent
  };

  [[nodiscard]] std::string trace_of(ScenarioMembers* members);
  [[nodiscard]] std::string label_of(ScenarioMembers* members, std::size_t position);
  [[nodiscard]] std::string parent_of(ScenarioMembers* members, const std::string& trace,
                                      const std::string& label);
  [[nodiscard]] std::string span_hex(const std::string& label);
  [[nodiscard]] std::string trace_hex(const std::string& label);

  std::map<std::string, Declared> traces_;
  std::map<std::string, std::string> labels_;
};

}  // namespace betrace::app
