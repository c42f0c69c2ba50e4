// Questions to the violation log, and the answers.
//
// Filled in by api/ from query parameters, answered by ViolationLog. Source: docs/guide/api.md,
// "Violations".
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "betrace/model/violation.h"

namespace betrace::storage {

/// Filters are ANDed, the values of one filter ORed; empty = any.
struct ViolationQuery {
  std::vector<std::string> rule_ids;
  std::vector<model::Severity> severities;
  std::vector<std::string> services;
  std::optional<model::TraceId> trace_id;
  UnixNanos start_time = 0;           ///< Inclusive.
  std::optional<UnixNanos> end_time;  ///< Exclusive.
  std::vector<model::Completeness> completeness;
  std::optional<bool> late;
  std::optional<bool> early;
  std::optional<model::ViolationStatus> status = model::ViolationStatus::Confirmed;  ///< None: all.
  std::uint32_t limit = 100;                                                         ///< 1-1000
  std::uint32_t offset = 0;  ///< 0-10000; with a cursor: 0.
  std::string cursor;        ///< `next_cursor` of the page before; empty: the first page.
  /// Asked now and then while a page is looked for; true ends it where it is. Empty: never.
  std::function<bool()> is_time_spent = nullptr;
  bool with_total = true;  ///< False: `total` is 0 and costs nothing.
};

/// A violation as it stands now: status, grade, close reason and witnesses of its newest record.
struct StoredViolation {
  model::Violation violation;
  std::uint64_t sequence = 0;       ///< Of the first record.
  std::uint64_t last_sequence = 0;  ///< Of the newest record.
  UnixNanos created_at = 0;         ///< When the first record was decided.
  std::string signature;            ///< `v1:<kid>:<64 hex>` of the first record; empty if unsigned.
  std::string key_id;               ///< Empty if unsigned.
  std::vector<std::string> cut;     ///< `witnesses.attributes`, ...
};

struct ViolationPage {
  std::vector<StoredViolation> violations;  ///< Newest first: time, then sequence.
  std::uint64_t total = 0;                  ///< Exact number of matches, whatever the page.
  std::string next_cursor;                  ///< Empty at the end.
  /// The time was spent: the page holds less than `limit`, even nothing, and goes on at the cursor;
  /// `total` counts what was looked at.
  bool is_cut = false;
};

/// Numbers for the overview page, over first records in a window of time.
struct ViolationSummary {
  std::uint64_t total = 0;
  std::uint64_t withdrawn = 0;
  std::array<std::uint64_t, 4> by_severity{};      ///< Index = number of the enumerator - 1.
  std::array<std::uint64_t, 7> by_completeness{};  ///< Index = number of the enumerator; 0 = none.
  struct Count {
    std::string key;
    std::string name;
    std::uint64_t count = 0;
  };
  std::vector<Count> top_rules;     ///< Key is the rule id; most first.
  std::vector<Count> top_services;  ///< Key is the service.
  struct Bucket {
    UnixNanos start = 0;
    std::array<std::uint64_t, 4> by_severity{};
  };
  std::vector<Bucket> timeline;  ///< Equal slices of the window, oldest first.
};

}  // namespace betrace::storage
