#include "betrace/telemetry/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/base/version.h"

namespace betrace::telemetry {
namespace {

#ifndef BETRACE_COMMIT
#define BETRACE_COMMIT "unknown"
#endif

constexpr std::string_view kOther = "other";

struct Series {
  double value = 0;                    // of a histogram: the sum
  std::vector<std::uint64_t> buckets;  // of a histogram: not cumulative, the last is +Inf

  [[nodiscard]] std::uint64_t count() const {
    std::uint64_t total = 0;
    for (const std::uint64_t bucket : buckets) total += bucket;
    return total;
  }
};

// All series of one metric, by the text between the braces.
struct Family {
  mutable std::mutex mutex;
  std::map<std::string, Series, std::less<>> series;
};

void append_escaped(std::string* out, std::string_view text, bool with_quotes) {
  for (const char c : text) {
    if (c == '\n') {
      *out += "\\n";
    } else {
      if (c == '\\' || (with_quotes && c == '"')) *out += '\\';
      *out += c;
    }
  }
}

void append_label(std::string* out, std::string_view name, std::string_view value) {
  if (!out->empty()) *out += ',';
  *out += name;
  *out += "=\"";
  append_escaped(out, value, true);
  *out += '"';
}

// Calls `visit` with every text of labels that the catalogue knows for `info` before anything is
// counted. `rule` has id, name and severity of a rule; empty texts if there is none.
void for_known_labels(const MetricInfo& info, const std::array<std::string_view, 3>& rule,
                      const std::function<void(std::string)>& visit) {
  std::vector<std::string> texts = {""};
  for (const MetricLabel& label : info.labels) {
    std::vector<std::string_view> values(label.values.begin(), label.values.end());
    if (label.kind == LabelKind::Open) return;
    if (label.kind >= LabelKind::RuleId) {
      values = {
          rule[static_cast<std::size_t>(label.kind) - static_cast<std::size_t>(LabelKind::RuleId)]};
    }
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string_view value : values) {
        longer.push_back(text);
        append_label(&longer.back(), label.name, value);
      }
    }
    texts = std::move(longer);
  }
  for (std::string& text : texts) visit(std::move(text));
}

Series empty_series(const MetricInfo& info) {
  Series series;
  if (info.type == MetricType::Histogram) series.buckets.resize(info.buckets.size() + 1);
  return series;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
  return fmt::format("{}", value);
}

void append_sample(std::string* out, std::string_view name, std::string_view suffix,
                   std::string_view labels, const std::string& value) {
  fmt::format_to(std::back_inserter(*out), "{}{}", name, suffix);
  if (!labels.empty()) fmt::format_to(std::back_inserter(*out), "{{{}}}", labels);
  fmt::format_to(std::back_inserter(*out), " {}\n", value);
}

void append_histogram(std::string* out, const MetricInfo& info, const std::string& labels,
                      const Series& series) {
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    cumulative += series.buckets[i];
    std::string with_bound = labels;
    append_label(&with_bound, "le",
                 i < info.buckets.size() ? fmt::format("{}", info.buckets[i]) : "+Inf");
    append_sample(out, info.name, "_bucket", with_bound, fmt::format("{}", cumulative));
  }
  append_sample(out, info.name, "_sum", labels, number_text(series.value));
  append_sample(out, info.name, "_count", labels, fmt::format("{}", cumulative));
}

void append_header(std::string* out, const MetricInfo& info, ExpositionFormat format) {
  constexpr std::string_view kTotal = "_total";
  std::string_view name = info.name;
  // OpenMetrics names the family of a counter without the suffix of its samples.
  if (format == ExpositionFormat::OpenMetrics && info.type == MetricType::Counter) {
    name.remove_suffix(kTotal.size());
  }
  *out += fmt::format("# HELP {} ", name);
  append_escaped(out, info.help, format == ExpositionFormat::OpenMetrics);
  *out += fmt::format("\n# TYPE {} {}\n", name, name_of(info.type));
}

}  // namespace

struct Metrics::State {
  explicit State(std::size_t rules_max_in)
      : rules_max(rules_max_in), families(metric_catalog().size()) {}

  Family& family(MetricId id) { return families[static_cast<std::size_t>(id)]; }

  // True if the rule has series of its own.
  bool is_registered(std::string_view rule_id) {
    const std::lock_guard lock(rules_mutex);
    return rules.find(rule_id) != rules.end();
  }

  // Takes a place for the rule; false if none is left.
  bool take_place(std::string_view rule_id) {
    const std::lock_guard lock(rules_mutex);
    if (rules.find(rule_id) != rules.end()) return true;
    if (rules.size() >= rules_max) return false;
    rules.emplace(rule_id);
    return true;
  }

  // Returns the text between the braces; values of rules without a place become `other`. Valid
  // until the next call on this thread: updates ask for no memory.
  const std::string& label_text(const MetricInfo& info, LabelValues values) {
    BETRACE_CHECK(values.size() == info.labels.size());
    thread_local std::string text;
    text.clear();
    const bool is_other =
        info.is_per_rule() && *values.begin() != kOther && !is_registered(*values.begin());
    if (is_other) count_overflow();
    const auto* value = values.begin();
    for (const MetricLabel& label : info.labels) {
      const bool names_rule = label.kind == LabelKind::RuleId || label.kind == LabelKind::RuleName;
      append_label(&text, label.name, is_other && names_rule ? kOther : *value);
      ++value;
    }
    return text;
  }

  void count_overflow() {
    Family& overflow = family(MetricId::LabelOverflow);
    const std::lock_guard lock(overflow.mutex);
    overflow.series[""].value += 1;
  }

  // Runs `change` on the series under the lock of its family.
  template <typename Change>
  void update(MetricId id, LabelValues values, Change change) {
    const MetricInfo& info = metric_info(id);
    const std::string& text = label_text(info, values);
    Family& target = family(id);
    {
      const std::lock_guard lock(target.mutex);
      auto at = target.series.find(text);
      if (at == target.series.end() && target.series.size() < kSeriesMax) {
        at = target.series.emplace(text, empty_series(info)).first;
      }
      if (at != target.series.end()) {
        change(at->second);
        return;
      }
    }
    count_overflow();
  }

  void make_series(const MetricInfo& info, const std::array<std::string_view, 3>& rule) {
    Family& target = family(info.id);
    for_known_labels(info, rule, [&](std::string text) {
      const std::lock_guard lock(target.mutex);
      target.series.try_emplace(std::move(text), empty_series(info));
    });
  }

  const std::size_t rules_max;
  std::vector<Family> families;

  std::mutex rules_mutex;
  std::set<std::string, std::less<>> rules;

  std::mutex updates_mutex;
  std::vector<std::function<void(Metrics&)>> updates;
};

std::string_view content_type_of(ExpositionFormat format) noexcept {
  return format == ExpositionFormat::Prometheus
             ? "text/plain; version=0.0.4; charset=utf-8"
             : "application/openmetrics-text; version=1.0.0; charset=utf-8";
}

Metrics::Metrics(std::size_t rules_max) : state_(std::make_unique<State>(rules_max)) {
  for (const MetricInfo& info : metric_catalog()) {
    if (!info.is_per_rule()) state_->make_series(info, {});
  }
  set(MetricId::BuildInfo, {version(), BETRACE_COMMIT}, 1);
}

Metrics::~Metrics() = default;

void Metrics::add(MetricId id, LabelValues labels, double by) {
  state_->update(id, labels, [by](Series& series) { series.value += by; });
}

void Metrics::set(MetricId id, LabelValues labels, double value) {
  // The values of many rules cannot be set in one series.
  if (metric_info(id).is_per_rule() && !state_->is_registered(*labels.begin())) return;
  state_->update(id, labels, [value](Series& series) { series.value = value; });
}

void Metrics::observe(MetricId id, LabelValues labels, double value) {
  const auto bounds = metric_info(id).buckets;
  BETRACE_CHECK(!bounds.empty());
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  state_->update(id, labels, [value, bucket](Series& series) {
    series.value += value;
    ++series.buckets[static_cast<std::size_t>(bucket)];
  });
}

double Metrics::value(MetricId id, LabelValues labels) const {
  const MetricInfo& info = metric_info(id);
  BETRACE_CHECK(labels.size() == info.labels.size());
  std::string text;
  const auto* label_value = labels.begin();
  for (const MetricLabel& label : info.labels) append_label(&text, label.name, *label_value++);
  const Family& family = state_->family(id);
  const std::lock_guard lock(family.mutex);
  const auto at = family.series.find(text);
  if (at == family.series.end()) return 0;
  return info.type == MetricType::Histogram ? static_cast<double>(at->second.count())
                                            : at->second.value;
}

std::optional<double> Metrics::quantile(MetricId id, double q) const {
  const MetricInfo& info = metric_info(id);
  BETRACE_CHECK(info.type == MetricType::Histogram && info.labels.empty());
  const Family& family = state_->family(id);
  const std::lock_guard lock(family.mutex);
  const auto at = family.series.find("");
  if (at == family.series.end()) return std::nullopt;
  const double wanted = q * static_cast<double>(at->second.count());
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < info.buckets.size(); ++i) {
    below += at->second.buckets[i];
    if (below != 0 && static_cast<double>(below) >= wanted) return info.buckets[i];
  }
  return std::nullopt;
}

void Metrics::register_rule(std::string_view rule_id, std::string_view rule_name,
                            std::string_view severity) {
  const bool has_place = state_->take_place(rule_id);
  const std::array<std::string_view, 3> rule = {has_place ? rule_id : kOther,
                                                has_place ? rule_name : kOther, severity};
  for (const MetricInfo& info : metric_catalog()) {
    if (info.is_per_rule()) state_->make_series(info, rule);
  }
}

void Metrics::unregister_rule(std::string_view rule_id) {
  {
    const std::lock_guard lock(state_->rules_mutex);
    const auto at = state_->rules.find(rule_id);
    if (at == state_->rules.end()) return;
    state_->rules.erase(at);
  }
  std::string prefix;
  append_label(&prefix, "rule_id", rule_id);  // ends in a quote, so that it is the whole id
  for (const MetricInfo& info : metric_catalog()) {
    if (!info.is_per_rule()) continue;
    Family& family = state_->family(info.id);
    const std::lock_guard lock(family.mutex);
    std::erase_if(family.series, [&](const auto& item) { return item.first.starts_with(prefix); });
  }
}

void Metrics::on_render(std::function<void(Metrics&)> update) {
  const std::lock_guard lock(state_->updates_mutex);
  state_->updates.push_back(std::move(update));
}

std::string Metrics::render(ExpositionFormat format) {
  {
    const std::lock_guard lock(state_->updates_mutex);
    for (const auto& update : state_->updates) update(*this);
  }
  std::string out;
  for (const MetricInfo& info : metric_catalog()) {
    const Family& family = state_->family(info.id);
    const std::lock_guard lock(family.mutex);
    append_header(&out, info, format);
    for (const auto& [labels, series] : family.series) {
      if (info.type == MetricType::Histogram) {
        append_histogram(&out, info, labels, series);
      } else {
        append_sample(&out, info.name, "", labels, number_text(series.value));
      }
    }
  }
  if (format == ExpositionFormat::OpenMetrics) out += "# EOF\n";
  return out;
}

}  // namespace betrace::telemetry
