#include "betrace/engine/batch_builder.h"

#include <algorithm>
#include <utility>

namespace betrace::engine {
namespace {

// Our own exported violations come back when an exporter points at us.
constexpr std::string_view kOwnScope = "betrace";

}  // namespace

BatchBuilder::BatchBuilder(std::size_t shards, const traces::HashKey& key, Keep keep,
                           std::shared_ptr<const NoiseLimit> noise,
                           std::shared_ptr<BatchStock> stock)
    : hash_(key),
      keep_(keep),
      noise_(std::move(noise)),
      stock_(stock != nullptr ? std::move(stock) : std::make_shared<BatchStock>()),
      batches_(shards) {}

void BatchBuilder::begin(std::shared_ptr<const RuleSet> looking,
                         std::shared_ptr<const RuleSet> judging, std::string_view protocol,
                         std::uint16_t sender) {
  if (!matcher_ || matcher_->network() != looking->network()) matcher_.emplace(looking->network());
  rules_ = std::move(looking);
  if (noise_ != nullptr) find_spared();
  for (SpanBatch& batch : batches_) {
    batch.clear();
    if (batch.byte_count() == 0) batch = stock_->take();
    batch.rules = judging;
    batch.protocol = protocol;
    batch.sender = sender;
  }
}

void BatchBuilder::find_spared() {
  const std::uint64_t edition = noise_->silence_edition();
  if (edition == spared_edition_ && rules_->epoch() == spared_epoch_) return;
  spared_edition_ = edition;
  spared_epoch_ = rules_->epoch();
  spared_.clear();
  rules_->add_spared(noise_->silent_rules(), &spared_);
}

bool BatchBuilder::is_wanted(const std::vector<rules::PredicateId>& met) const noexcept {
  if (spared_.empty()) return !met.empty();
  return !std::ranges::all_of(met, [this](rules::PredicateId predicate) {
    return std::ranges::find(spared_, predicate) != spared_.end();
  });
}

SpanBatch& BatchBuilder::batch_of(const model::TraceId& trace) noexcept {
  if (batches_.size() == 1) return batches_[0];
  // The low bits choose a place in the table of the shard, so the high ones choose the shard.
  return batches_[(hash_(trace) >> 32U) % batches_.size()];
}

void BatchBuilder::add(const model::SpanView& span) {
  SpanBatch& batch = batch_of(span.trace_id);
  if (span.scope_name == kOwnScope) {
    ++batch.own_spans;
    return;
  }
  const std::vector<rules::PredicateId>& met = matcher_->match(span);
  SpanBatch::Item& item = batch.items.emplace_back(span);
  item.met_begin = static_cast<std::uint32_t>(batch.met.size());
  batch.met.insert(batch.met.end(), met.begin(), met.end());
  item.met_end = static_cast<std::uint32_t>(batch.met.size());
  item.is_kept = keep_ == Keep::All || is_wanted(met);
  if (item.is_kept) batch.kept.add(of_interest(span));
}

model::SpanView BatchBuilder::of_interest(const model::SpanView& span) const noexcept {
  model::SpanView lean = span;
  if (keep_ == Keep::All) return lean;
  if (!rules_->interest().wants_events()) lean.events = {};
  if (!rules_->interest().wants_links()) lean.links = {};
  return lean;
}

void BatchBuilder::clear() noexcept {
  rules_.reset();
  for (SpanBatch& batch : batches_) batch.clear();
}

SpanBatch batch_of(const ActiveRules& rules, const std::vector<model::KeptSpan>& spans,
                   std::string_view protocol, Keep keep) {
  BatchBuilder builder(1, {}, keep);
  builder.begin(rules.current(), rules.current(), protocol);
  for (const model::KeptSpan& span : spans) builder.add(span.view());
  return std::move(builder.batches().front());
}

}  // namespace betrace::engine
