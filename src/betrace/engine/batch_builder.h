// Looks at each span with all rules at once and puts what they need into a batch.
//
// The engine's intake uses one for each request; replay, trials and tests use batch_of().
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "betrace/engine/active_rules.h"
#include "betrace/engine/batch_stock.h"
#include "betrace/engine/noise_limit.h"
#include "betrace/engine/span_batch.h"
#include "betrace/rules/predicate_network.h"
#include "betrace/traces/keyed_hash.h"

namespace betrace::engine {

/// Which spans are kept whole.
enum class Keep : std::uint8_t {
  Met,  ///< Those that meet a predicate of some rule: enough for every verdict.
  All,  ///< All, for a judge that looks at the spans alone.
};

/// Used by one thread at a time; reuse saves the memory of the matcher.
class BatchBuilder {
 public:
  /// The batch of a trace is the one of the shard that owns it. `noise`: no span is kept that only
  /// silent rules ask for; null: none is silent. `stock`: where batches come from; null: the heap.
  explicit BatchBuilder(std::size_t shards = 1, const traces::HashKey& key = {},
                        Keep keep = Keep::Met, std::shared_ptr<const NoiseLimit> noise = nullptr,
                        std::shared_ptr<BatchStock> stock = nullptr);

  /// Begins the batches of a request. Its spans are looked at by the rules `looking`, which know
  /// all that those do which judge the traces that it opens (ActiveRules::Hold). `sender`: number
  /// in SenderNames.
  void begin(std::shared_ptr<const RuleSet> looking, std::shared_ptr<const RuleSet> judging,
             std::string_view protocol, std::uint16_t sender = 0);

  void add(const model::SpanView& span);

  /// The batches by shard, to be moved from; some may be empty. Valid until clear() or begin().
  [[nodiscard]] std::span<SpanBatch> batches() noexcept { return batches_; }

  /// Forgets the request: an idle builder must not keep rules in use.
  void clear() noexcept;

 private:
  void find_spared();
  [[nodiscard]] bool is_wanted(const std::vector<rules::PredicateId>& met) const noexcept;
  [[nodiscard]] model::SpanView of_interest(const model::SpanView& span) const noexcept;
  [[nodiscard]] SpanBatch& batch_of(const model::TraceId& trace) noexcept;

  traces::KeyedHash hash_;
  Keep keep_;
  std::shared_ptr<const NoiseLimit> noise_;
  std::shared_ptr<const RuleSet> rules_;
  std::optional<rules::SpanMatcher> matcher_;
  std::vector<rules::PredicateId> spared_;  // spans that meet no others are not kept
  std::uint64_t spared_edition_ = 0;        // of the silence by which they were found,
  std::uint64_t spared_epoch_ = 0;          // and of the rules
  std::shared_ptr<BatchStock> stock_;
  std::vector<SpanBatch> batches_;
};

/// One batch of `spans`, looked at by the current rules.
[[nodiscard]] SpanBatch batch_of(const ActiveRules& rules,
                                 const std::vector<model::KeptSpan>& spans,
                                 std::string_view protocol, Keep keep = Keep::Met);

}  // namespace betrace::engine
