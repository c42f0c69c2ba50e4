// Spans on their way to a shard: of each what every trace needs, and what the rules ask for.
//
// batch_builder.h makes one for each request and shard; shard.h takes it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "betrace/engine/packed_spans.h"
#include "betrace/engine/rule_set.h"
#include "betrace/traces/span_record.h"

namespace betrace::engine {

struct SpanBatch {
  struct Item {
    Item() = default;
    explicit Item(const model::SpanView& span) : record(traces::SpanRecord::of(span)) {}

    traces::SpanRecord record;
    std::uint32_t met_begin = 0;  ///< Its predicates: met[met_begin, met_end)
    std::uint32_t met_end = 0;
    bool is_kept = false;  ///< The next of `kept` is this span.
  };

  std::vector<Item> items;               ///< In wire order, of any traces.
  std::vector<rules::PredicateId> met;   ///< Ascending within an item.
  PackedSpans kept;                      ///< In the order of `items`.
  std::shared_ptr<const RuleSet> rules;  ///< Those that judge the traces that open with a span.
  std::string_view protocol = "json";    ///< Label `protocol`; static storage.
  std::uint16_t sender = 0;              ///< Number in SenderNames; 0: unknown.
  std::uint64_t own_spans = 0;           ///< Spans that BeTrace itself exported; they are dropped.

  [[nodiscard]] std::span<const rules::PredicateId> met_by(const Item& item) const noexcept {
    return std::span(met).subspan(item.met_begin, item.met_end - item.met_begin);
  }
  [[nodiscard]] bool is_empty() const noexcept { return items.empty() && own_spans == 0; }
  /// Memory held, bytes as allocated.
  [[nodiscard]] std::uint64_t byte_count() const noexcept {
    return items.capacity() * sizeof(Item) + met.capacity() * sizeof(met[0]) + kept.byte_count();
  }
  /// Forgets everything but the memory.
  void clear() noexcept {
    items.clear();
    met.clear();
    kept.clear();
    rules.reset();
    own_spans = 0;
  }
};

}  // namespace betrace::engine
