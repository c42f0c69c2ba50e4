// The numbers of the process, by the rows of telemetry/metric_catalog.h, and their Prometheus text.
//
// Every module counts through one Metrics, made by app/ and passed by reference. An update builds a
// label text and takes a lock: hot callers add once per batch, never per span.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/telemetry/metric_catalog.h"

namespace betrace::telemetry {

/// Values of the labels of a metric, in the order of the catalogue.
using LabelValues = std::initializer_list<std::string_view>;

/// Prometheus text 0.0.4, or OpenMetrics 1.0.
enum class ExpositionFormat : std::uint8_t { Prometheus, OpenMetrics };

/// The value of the Content-Type header of a format.
[[nodiscard]] std::string_view content_type_of(ExpositionFormat format) noexcept;

/// Thread-safe.
class Metrics {
 public:
  /// Series of one metric; further ones are not kept and counted as label overflow.
  static constexpr std::size_t kSeriesMax = 20'000;

  /// Series with enumerated labels exist at 0 from now on. The first `rules_max` registered rules
  /// get series of their own; all others share `rule_id="other"`.
  explicit Metrics(std::size_t rules_max = 1'000);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Adds to a counter or gauge. A rule that is not registered is counted as `rule_id="other"`.
  /// Requires: as many values as the metric has labels; `by` is not negative for a counter.
  void add(MetricId id, LabelValues labels = {}, double by = 1);

  /// Sets a gauge, or a counter to a total that is counted elsewhere and never shrinks. Does
  /// nothing for a rule that is not registered.
  void set(MetricId id, LabelValues labels, double value);
  void set(MetricId id, double value) { set(id, {}, value); }

  /// Puts one value into a histogram.
  void observe(MetricId id, LabelValues labels, double value);
  void observe(MetricId id, double value) { observe(id, {}, value); }

  /// Value of a series now, the number of observations of a histogram; 0 if it does not exist.
  [[nodiscard]] double value(MetricId id, LabelValues labels = {}) const;

  /// The bound of the bucket below which the share `q` of what a histogram without labels observed
  /// lies; nothing if it observed nothing, or if that is beyond the last bound.
  [[nodiscard]] std::optional<double> quantile(MetricId id, double q) const;

  /// Makes the per-rule series of a rule; again after a change of name or severity. Beyond
  /// `rules_max` rules it makes `rule_id="other"` instead.
  void register_rule(std::string_view rule_id, std::string_view rule_name,
                     std::string_view severity);

  /// Removes all series of a rule, and frees its place for the next that is registered.
  void unregister_rule(std::string_view rule_id);

  /// `update` runs at the beginning of each render() and may set and add. Requires: what it refers
  /// to lives until the last render().
  void on_render(std::function<void(Metrics&)> update);

  /// Returns all series as text, metrics in catalogue order, series sorted by their labels.
  [[nodiscard]] std::string render(ExpositionFormat format = ExpositionFormat::Prometheus);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace betrace::telemetry
