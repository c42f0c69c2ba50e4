// What the REST API is made of below it, and the settings that it shows and obeys.
//
// app/ fills both in; every handler borrows them. Owns nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "betrace/account/attribute_sample.h"
#include "betrace/account/gap_count.h"
#include "betrace/api/violation_feed.h"
#include "betrace/base/json.h"
#include "betrace/base/time.h"
#include "betrace/control/rule_control.h"
#include "betrace/engine/redaction.h"
#include "betrace/engine/span_sink.h"
#include "betrace/engine/statistics.h"
#include "betrace/evidence/coverage.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/evidence/record_key.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/metrics.h"
#include "betrace/telemetry/readiness.h"

namespace betrace::api {

/// References to what must outlive the routes. All of it is thread-safe.
struct ApiServices {
  control::RuleControl& rules;
  const storage::ViolationLog& violations;
  engine::SpanSink& spans;
  telemetry::Metrics& metrics;
  const telemetry::Readiness& readiness;
  const account::AttributeSample& attributes;
  /// Numbers of the engine, per rule too.
  std::function<engine::ShardStatistics()> statistics;
  /// What violations show and hide of attributes, now. Never null.
  std::function<engine::RedactionPtr()> redaction = [] {
    return std::make_shared<const engine::Redaction>();
  };
  std::function<Now()> clock = read_clocks;
  /// Told of each request with spans: who sent it, and how many it had, good and bad.
  std::function<void(std::string_view actor, std::string_view address, std::uint64_t spans)>
      spans_taken = nullptr;
  /// Sends stored violations to the sink once more; empty if there is no sink.
  std::function<void(storage::SequenceRange)> resend = nullptr;
  /// What was seen in that time until now; less if the process is younger.
  std::function<evidence::Coverage(const Now& now, std::chrono::nanoseconds window)> seen_since =
      nullptr;
  /// Checks the HMACs of records; empty while they have none.
  evidence::RecordKeys record_keys{};
  /// Changes the key that seals the log; the old one becomes the status.
  std::function<Result<evidence::RingKey>(evidence::KeyStatus)> rotate_key = nullptr;
  /// Checkpoints that were published, newest first.
  std::function<evidence::CheckpointPage(std::size_t offset, std::size_t limit)> checkpoints =
      [](std::size_t, std::size_t) { return evidence::CheckpointPage(); };
  /// What the newest coverage record tells; nothing before the first one.
  std::function<std::optional<evidence::Coverage>()> last_coverage = nullptr;
  /// `gap` records in that time until now; fewer if the process is younger.
  std::function<account::GapCount(const Now& now, std::chrono::nanoseconds window)> gaps_since =
      nullptr;
};

/// A value of GET /v1/limits.
using SettingValue = std::variant<std::uint64_t, std::string>;

/// Rules that are shipped: the text of a document of valid rules. Static storage.
struct RulePack {
  std::string_view name;
  std::string_view yaml;
};

struct ApiOptions {
  std::size_t rest_body_bytes_max = 1024 * 1024;         ///< `limits.rest_body`
  std::size_t import_body_bytes_max = 10 * 1024 * 1024;  ///< `limits.import_body`
  otlp::ReaderLimits span_limits;                        ///< `limits.spans_per_request`, ...
  int json_depth_max = kJsonDepthMax;                    ///< `limits.json_depth`
  std::size_t rule_bytes_max = rules::kRuleBytesMax;     ///< `limits.rule_bytes`
  std::uint32_t query_results_max = 1'000;               ///< `limits.query_results`
  std::chrono::milliseconds query_time{250};             ///< `limits.query_time`
  Now started;                                           ///< Of the process.
  std::string auth = "off";                              ///< `on` `off` `bootstrap` `insecure`
  bool is_metrics_public = true;                         ///< `metrics.public`
  std::string signing = "off";                           ///< `on` `off`
  std::string witness_path;                              ///< `evidence.witness_dir`, may be empty.
  std::string backup_dir;                                ///< `log.backup_dir`, may be empty.
  std::string trace_url_template;                        ///< `ui.trace_url_template`, may be empty.
  std::vector<RulePack> packs;                           ///< GET /v1/templates
  FeedLimits feed;                                       ///< `limits.sse_clients`, ...
  /// Effective limits by configuration key, shown as they are; no secrets.
  std::vector<std::pair<std::string, SettingValue>> shown_limits;
};

}  // namespace betrace::api
