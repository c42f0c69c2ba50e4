// Asks the processor ahead for what the next spans of a batch need.
//
// Traces lie all over the memory. While one span is added, the slot of a later one is asked for,
// the state of one in between, and what that state refers to of a nearer one: each step reads what
// the step before asked for. engine/shard.cc has one.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "betrace/base/prefetch.h"
#include "betrace/engine/docket.h"
#include "betrace/engine/span_batch.h"
#include "betrace/traces/trace_table.h"

namespace betrace::engine {

/// Of one batch. Its arguments must outlive it.
class LookAhead {
 public:
  LookAhead(std::span<const SpanBatch::Item> items, const traces::TraceTable& table,
            const std::vector<Docket>& dockets)
      : items_(items), table_(table), dockets_(dockets) {
    for (std::size_t place = 0; place < 2 * kStep; ++place) ask_for_slot(place);
    for (std::size_t place = 0; place < kStep; ++place) ask_for_state(place);
    for (std::size_t place = 0; place < kStep / 2; ++place) ask_for_spans(place);
  }

  /// The span at `place` is next. Returns its tag. Requires: places come in order from 0.
  traces::TraceTable::Tag advance(std::size_t place) {
    const traces::TraceTable::Tag tag = tags_[place % kRing];
    ask_for_slot(place + 2 * kStep);
    ask_for_state(place + kStep);
    ask_for_spans(place + kStep / 2);
    return tag;
  }

 private:
  static constexpr std::size_t kStep = 8;
  static constexpr std::size_t kRing = 32;
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  void ask_for_slot(std::size_t place) {
    if (place >= items_.size()) return;
    const traces::TraceTable::Tag tag = table_.tag_of(items_[place].record.trace_id);
    tags_[place % kRing] = tag;
    table_.prefetch_slot(tag);
  }

  void ask_for_state(std::size_t place) {
    guesses_[place % kRing] = kNone;
    if (place >= items_.size()) return;
    const auto guess = table_.prefetch_state(items_[place].record.trace_id, tags_[place % kRing]);
    if (!guess.has_value()) return;
    guesses_[place % kRing] = *guess;
    prefetch_to_write(dockets_.data() + *guess);
  }

  void ask_for_spans(std::size_t place) {
    const std::uint32_t guess = guesses_[place % kRing];
    if (guess != kNone) table_.prefetch_spans(guess);
  }

  std::span<const SpanBatch::Item> items_;
  const traces::TraceTable& table_;
  const std::vector<Docket>& dockets_;
  std::array<traces::TraceTable::Tag, kRing> tags_{};
  std::array<std::uint32_t, kRing> guesses_ = filled(kNone);

  static std::array<std::uint32_t, kRing> filled(std::uint32_t value) {
    std::array<std::uint32_t, kRing> all;
    all.fill(value);
    return all;
  }
};

}  // namespace betrace::engine
