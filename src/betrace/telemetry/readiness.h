// Whether the process can do its work, as named checks; what /ready says.
//
// The owners of the rule store, the log and the exporter report here, api/ reads. It measures
// nothing itself.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace betrace::telemetry {

enum class CheckState : std::uint8_t { Ok, Disabled, Degraded, Error };

/// Where the process is in its life.
enum class Phase : std::uint8_t { Starting, Serving, Stopping };

/// What /ready says at one moment.
struct ReadinessReport {
  bool is_ready = false;
  std::string reason;  ///< Why it is not ready: `starting`, `shutting down`, `storage: disk full`.
  std::vector<std::pair<std::string, std::string>> checks;  ///< Name, `degraded: 1 quarantined`.
  std::vector<std::string> warnings;                        ///< Sorted, each once.
};

/// Begins in Phase::Starting with the checks `rule_engine` and `storage` in error and
/// `otlp_exporter` disabled. Thread-safe.
class Readiness {
 public:
  static constexpr std::string_view kRuleEngine = "rule_engine";
  static constexpr std::string_view kStorage = "storage";
  static constexpr std::string_view kOtlpExporter = "otlp_exporter";

  /// `exporter_required`: an exporter in error makes the process unready too.
  explicit Readiness(bool exporter_required = false);

  /// Reports on a check. `reason` is a short clause, used for Degraded and Error.
  void set(std::string_view check, CheckState state, std::string_view reason = {});

  /// Adds or removes a warning such as `auth_off`, `signing_off`, `memory_pressure`.
  void warn(std::string_view warning, bool is_on = true);

  void set_phase(Phase phase);
  [[nodiscard]] Phase phase() const;

  [[nodiscard]] ReadinessReport report() const;

 private:
  struct Check {
    CheckState state = CheckState::Error;
    std::string reason;
    bool is_required = false;
  };

  mutable std::mutex mutex_;
  Phase phase_ = Phase::Starting;
  std::map<std::string, Check, std::less<>> checks_;
  std::set<std::string, std::less<>> warnings_;
};

}  // namespace betrace::telemetry
