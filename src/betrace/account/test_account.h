// For tests only: a clerk with a log of its own, and what it wrote.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "betrace/account/clerk.h"
#include "betrace/base/test_directory.h"
#include "betrace/engine/test_rules.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/compliance.h"
#include "betrace/evidence/coverage.h"

namespace betrace::account {

using storage::LogRecordType;
using telemetry::MetricId;

inline constexpr UnixNanos kBegin = 1'769'853'600 * kNanosPerSecond;  // 2026-01-31T10:00:00Z

/// A clerk over a real log; the engine is numbers that a test sets, time is passed by hand.
class ClerkTest : public ::testing::Test {
 protected:
  ClerkTest() { open(); }
  ~ClerkTest() override { close(); }

  /// As a process that begins.
  void open() {
    storage::ViolationLogOptions options;
    options.path = directory_.file("state");
    options.clock = [this] { return now(); };
    log_ = storage::ViolationLog::open(options).value();
    engine_ = {};
    clerk_ = std::make_unique<Clerk>(
        clerk_options_, ClerkServices{*log_, metrics_, [this] { return engine_; }}, now());
  }
  void close() {
    clerk_.reset();
    if (log_ != nullptr) {
      EXPECT_TRUE(log_->stop(std::chrono::seconds(60)).has_value());
    }
    log_.reset();
  }

  [[nodiscard]] Now now() const {
    return {MonotonicTime(passed_), kBegin + static_cast<UnixNanos>(passed_.count())};
  }
  void pass(std::chrono::nanoseconds time) {
    passed_ += time;
    clerk_->advance(now());
  }

  std::vector<storage::StoredRecord> records(LogRecordType type) {
    EXPECT_TRUE(log_->flush(std::chrono::seconds(60)).has_value());
    storage::RecordQuery query;
    query.types = {type};
    query.is_newest_first = false;
    query.limit = 1'000;
    return log_->records(query).value().records;
  }
  std::vector<evidence::Coverage> coverage() {
    std::vector<evidence::Coverage> all;
    for (const auto& record : records(LogRecordType::Coverage)) {
      all.push_back(evidence::read_coverage(record.payload).value());
    }
    return all;
  }
  std::vector<evidence::Compliance> compliance() {
    std::vector<evidence::Compliance> all;
    for (const auto& record : records(LogRecordType::Compliance)) {
      all.push_back(evidence::read_compliance(record.payload).value());
    }
    return all;
  }
  /// `cause rule count` of each gap, oldest first.
  std::vector<std::string> gaps() {
    std::vector<std::string> all;
    for (const auto& record : records(LogRecordType::Gap)) {
      const Json gap = evidence::read_canonical_json(record.payload).value();
      const std::string rule = gap["rule_id"].is_null() ? "-" : gap["rule_id"].get<std::string>();
      all.push_back(gap["cause"].get<std::string>() + " " + rule + " " + gap["count"].dump());
    }
    return all;
  }

  void activate(std::vector<engine::ActiveRulePtr> rules) {
    active_.publish(std::move(rules));
    clerk_->rules_changed(*active_.current(), now().wall);
  }

  static engine::ActiveRulePtr rule(const std::string& id, std::vector<std::string> tags = {}) {
    model::Rule made;
    made.id = id;
    made.expression = "span.duration > 1s";
    made.tags = std::move(tags);
    return engine::test_rule(std::move(made));
  }

  TestDirectory directory_;
  ClerkOptions clerk_options_;
  std::chrono::nanoseconds passed_{0};
  telemetry::Metrics metrics_;
  engine::ShardStatistics engine_;
  engine::ActiveRules active_;
  std::unique_ptr<storage::ViolationLog> log_;
  std::unique_ptr<Clerk> clerk_;
};

}  // namespace betrace::account
