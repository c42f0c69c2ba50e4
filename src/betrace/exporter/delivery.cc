#include "betrace/exporter/delivery.h"

#include <algorithm>

#include "betrace/base/check.h"
#include "betrace/base/mutant.h"

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using storage::ParkedRange;

constexpr milliseconds kBackoffFirst{1'000};
constexpr milliseconds kBackoffMax{30'000};
constexpr std::uint32_t kBackoffDoublings = 5;  // from the first to the longest
constexpr milliseconds kRetryAfterMax{300'000};
constexpr seconds kProbeInterval{30};  // while the sink is broken or misconfigured
constexpr std::uint32_t kSinkErrorsMax = 3;
constexpr std::uint64_t kParkedRetryFirst = 60 * kNanosPerSecond;
constexpr std::uint64_t kParkedRetryMax = 3'600 * kNanosPerSecond;
constexpr std::uint32_t kParkedTriesMax = 24;
constexpr UnixNanos kAtOnce = 1;

UnixNanos next_parked_try(std::uint32_t tries, UnixNanos now) {
  if (tries >= kParkedTriesMax) return 0;
  return now + std::min(kParkedRetryFirst << std::min(tries, 6U), kParkedRetryMax);
}

// One that lies too far ahead was made before the clock was set back.
bool is_due(const ParkedRange& range, UnixNanos now) {
  return range.next_try != 0 &&
         (range.next_try <= now || range.next_try > now + 2 * kParkedRetryMax);
}

std::uint64_t bytes_of(const std::vector<OutboxItem>& items) {
  std::uint64_t bytes = 0;
  for (const OutboxItem& item : items) bytes += item.byte_count;
  return bytes;
}

}  // namespace

Delivery::Delivery(const DeliveryLimits& limits, storage::ExportPosition position,
                   std::uint64_t parked_records)
    : limits_(limits), examined_(position.cursor), parked_records_(parked_records) {
  for (ParkedRange& range : position.parked) {
    const std::uint64_t first = range.first_sequence;
    parked_.emplace(first, std::move(range));
  }
}

std::size_t Delivery::room() const noexcept {
  if (waiting_bytes_ >= limits_.queue_bytes_max) return 0;
  return limits_.queue_records_max - std::min(limits_.queue_records_max, waiting_.size());
}

void Delivery::add(OutboxItem item, MonotonicTime now) {
  waiting_bytes_ += item.byte_count;
  waiting_.push_back({std::move(item), now});
}

void Delivery::park_unreadable(std::uint64_t sequence, std::size_t byte_count) {
  park({sequence, sequence, std::string(kParkedRefused), 0, 0}, 1, byte_count,
       "the record is not what was committed");
}

void Delivery::pass_over(std::size_t byte_count) noexcept {
  ++settled_records_;
  settled_bytes_ += byte_count;
}

void Delivery::examined(std::uint64_t sequence, bool is_all) noexcept {
  examined_ = sequence;
  is_all_examined_ = is_all;
}

bool Delivery::is_batch_due(MonotonicTime now) const noexcept {
  if (waiting_.empty()) return false;
  return is_hurried_ || waiting_.size() >= limits_.batch_records_max ||
         waiting_bytes_ >= limits_.batch_bytes_max ||
         now >= waiting_.front().added + limits_.schedule_delay;
}

std::vector<OutboxItem> Delivery::take_batch() {
  std::vector<OutboxItem> items;
  std::size_t bytes = 0;
  while (!waiting_.empty() && items.size() < limits_.batch_records_max &&
         bytes < limits_.batch_bytes_max) {
    bytes += waiting_.front().item.byte_count;
    items.push_back(std::move(waiting_.front().item));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return items;
}

// While the sink is broken, the oldest batch that it failed at is what it is tried with.
const ParkedRange* Delivery::probe() const {
  if (sink_ != SinkState::Broken) return nullptr;
  const auto at = std::ranges::find_if(
      parked_, [](const auto& entry) { return entry.second.reason == kParkedSinkError; });
  return at == parked_.end() ? nullptr : &at->second;
}

bool Delivery::may_send_more() const noexcept {
  return under_way_.size() < (sink_ == SinkState::Fine ? limits_.requests_max : 1);
}

const Delivery::Batch* Delivery::next(MonotonicTime now) {
  if (now < not_before_ || !may_send_more()) return nullptr;
  Batch batch;
  if (parked_batch_) {
    batch = *std::move(parked_batch_);
    parked_batch_.reset();
  } else if (probe() != nullptr) {
    return nullptr;
  } else if (!returned_.empty()) {
    batch.items = std::move(returned_.extract(returned_.begin()).mapped());
  } else if (is_batch_due(now)) {
    batch.items = take_batch();
  } else {
    return nullptr;
  }
  batch.id = ++last_id_;
  return &under_way_.emplace(batch.id, std::move(batch)).first->second;
}

bool Delivery::is_live_empty() const noexcept {
  return is_all_examined_ && waiting_.empty() && returned_.empty() && under_way_.empty();
}

std::optional<ParkedRange> Delivery::parked_due(Now now) const {
  if (is_hurried_ || parked_batch_ || now.monotonic < not_before_ || !under_way_.empty()) {
    return std::nullopt;
  }
  if (const ParkedRange* range = probe()) return *range;
  if (!is_live_empty()) return std::nullopt;
  for (const auto& [first, range] : parked_) {
    if (is_due(range, now.wall)) return range;
  }
  return std::nullopt;
}

void Delivery::add_parked(std::uint64_t first_sequence, std::vector<OutboxItem> items,
                          std::uint64_t covered) {
  BETRACE_CHECK(!parked_batch_ && !items.empty());
  parked_batch_ = Batch{0, std::move(items), first_sequence, covered};
}

void Delivery::drop_parked(std::uint64_t first_sequence, std::uint64_t covered) {
  shrink_parked(first_sequence, covered, 0);
}

std::optional<MonotonicTime> Delivery::next_turn(Now now) const {
  if (!may_send_more()) return std::nullopt;  // an answer comes first
  if (parked_batch_ || !returned_.empty() || probe() != nullptr) {
    return std::max(now.monotonic, not_before_);
  }
  if (!waiting_.empty()) {
    const MonotonicTime due = is_batch_due(now.monotonic)
                                  ? now.monotonic
                                  : waiting_.front().added + limits_.schedule_delay;
    return std::max(due, not_before_);
  }
  std::optional<MonotonicTime> turn;
  if (is_hurried_ || !is_live_empty()) return turn;
  for (const auto& [first, range] : parked_) {
    if (range.next_try == 0) continue;
    const UnixNanos wait = is_due(range, now.wall) ? 0 : range.next_try - now.wall;
    const MonotonicTime due = now.monotonic + std::chrono::nanoseconds(wait);
    turn = std::min(turn.value_or(due), due);
  }
  return turn ? std::optional(std::max(*turn, not_before_)) : std::nullopt;
}

void Delivery::finish(std::uint64_t id, const SinkOutcome& outcome, Now now, double chance) {
  auto node = under_way_.extract(id);
  BETRACE_CHECK(!node.empty());
  Batch batch = std::move(node.mapped());
  problem_ = outcome.verdict == SinkVerdict::Delivered ? "" : outcome.message;
  switch (outcome.verdict) {
    case SinkVerdict::Delivered:
      return delivered(std::move(batch));
    case SinkVerdict::Refused:
      return refused(std::move(batch), outcome.message);
    case SinkVerdict::Failed:
      return failed(std::move(batch), outcome.message, now);
    case SinkVerdict::Later:
      come_back(std::move(batch));
      sink_ = SinkState::Away;
      return pause(outcome, now, chance);
    case SinkVerdict::Misconfigured:
      come_back(std::move(batch));
      sink_ = SinkState::Misconfigured;
      not_before_ = now.monotonic + kProbeInterval;
      return;
  }
}

void Delivery::delivered(Batch batch) {
  sink_ = SinkState::Fine;
  failures_ = 0;
  sink_errors_ = 0;
  not_before_ = {};
  if (batch.parked_first)
    return shrink_parked(*batch.parked_first, batch.covered, batch.items.size());
  settled_records_ += batch.items.size();
  settled_bytes_ += bytes_of(batch.items);
}

void Delivery::come_back(Batch batch) {
  if (batch.parked_first) return;  // its range has not moved
  const std::uint64_t first = batch.items.front().sequence;
  returned_.emplace(first, std::move(batch.items));
}

// Halved until the one that is not wanted is alone. The others are taken, or were already.
void Delivery::refused(Batch batch, const std::string& message) {
  sink_ = SinkState::Fine;
  failures_ = 0;
  not_before_ = {};
  if (batch.parked_first) return refused_parked(batch);
  const std::uint64_t first = batch.items.front().sequence;
  if (batch.items.size() == 1) {
    return park({first, first, std::string(kParkedRefused), 0, 0}, 1, bytes_of(batch.items),
                message);
  }
  const auto middle = batch.items.begin() + static_cast<std::ptrdiff_t>(batch.items.size() / 2);
  std::vector<OutboxItem> right(std::make_move_iterator(middle),
                                std::make_move_iterator(batch.items.end()));
  batch.items.erase(middle, batch.items.end());
  const std::uint64_t right_first = right.front().sequence;
  returned_.emplace(first, std::move(batch.items));
  returned_.emplace(right_first, std::move(right));
}

// The range is parted instead: behind the first half, or behind the one that is refused.
void Delivery::refused_parked(const Batch& batch) {
  auto node = parked_.extract(*batch.parked_first);
  if (node.empty()) return;
  ParkedRange left = std::move(node.mapped());
  ParkedRange right = left;
  const bool is_alone = batch.items.size() == 1;
  left.last_sequence = is_alone ? batch.covered : batch.items[batch.items.size() / 2 - 1].sequence;
  right.first_sequence = left.last_sequence + 1;
  if (is_alone) {
    left.reason = kParkedRefused;
    left.next_try = 0;
    ++left.tries;
  }
  if (right.first_sequence <= right.last_sequence) add_range(std::move(right));
  add_range(std::move(left));
}

void Delivery::failed(Batch batch, const std::string& message, Now now) {
  const bool was_broken = sink_errors_ >= kSinkErrorsMax;
  sink_errors_ = std::min(sink_errors_ + 1, kSinkErrorsMax);
  if (was_broken) {
    come_back(std::move(batch));
  } else if (batch.parked_first) {
    if (const auto at = parked_.find(*batch.parked_first); at != parked_.end()) {
      at->second.next_try = next_parked_try(++at->second.tries, now.wall);
    }
  } else {
    park({batch.items.front().sequence, batch.items.back().sequence, std::string(kParkedSinkError),
          0, next_parked_try(0, now.wall)},
         batch.items.size(), bytes_of(batch.items), message);
  }
  sink_ = SinkState::Fine;
  if (sink_errors_ < kSinkErrorsMax) return;
  sink_ = SinkState::Broken;
  not_before_ = now.monotonic + kProbeInterval;
}

void Delivery::pause(const SinkOutcome& outcome, Now now, double chance) {
  const milliseconds longest =
      std::min(kBackoffMax, kBackoffFirst * (1 << std::min(failures_, kBackoffDoublings)));
  ++failures_;
  const auto asked = std::min(outcome.retry_after.value_or(milliseconds(0)), kRetryAfterMax);
  const auto drawn =
      milliseconds(static_cast<std::int64_t>(chance * static_cast<double>(longest.count())));
  not_before_ = std::max(not_before_, now.monotonic + std::max(asked, drawn));
}

void Delivery::park(ParkedRange range, std::uint64_t records, std::uint64_t bytes,
                    const std::string& message) {
  settled_records_ += records;
  settled_bytes_ += bytes;
  parked_records_ += records;
  parked_now_.push_back({range, records, message});
  add_range(std::move(range));
}

// What would be one range too many is joined with the one before it: that records between them are
// sent once more does no harm.
void Delivery::add_range(ParkedRange range) {
  const auto [at, is_new] = parked_.emplace(range.first_sequence, range);
  if (!is_new) {
    at->second.last_sequence = std::max(at->second.last_sequence, range.last_sequence);
    at->second.next_try = std::max(at->second.next_try, range.next_try);
  }
  if (parked_.size() <= limits_.parked_ranges_max || at == parked_.begin()) return;
  ParkedRange& before = std::prev(at)->second;
  before.last_sequence = std::max(before.last_sequence, range.last_sequence);
  before.next_try = std::max(before.next_try, range.next_try);
  parked_.erase(at);
}

void Delivery::shrink_parked(std::uint64_t first_sequence, std::uint64_t covered,
                             std::uint64_t records) {
  auto node = parked_.extract(first_sequence);
  if (node.empty()) return;
  parked_records_ -= std::min(parked_records_, records);
  ParkedRange range = std::move(node.mapped());
  range.first_sequence = covered + 1;
  if (range.first_sequence <= range.last_sequence) add_range(std::move(range));
  if (parked_.empty()) parked_records_ = 0;
}

std::uint64_t Delivery::first_parkable() const noexcept {
  std::uint64_t before = position_cursor();
  for (const auto& [id, batch] : under_way_) {
    if (!batch.parked_first) before = std::max(before, batch.items.back().sequence);
  }
  return before + 1;
}

void Delivery::park_backlog(std::uint64_t last_sequence, std::uint64_t records,
                            std::uint64_t bytes) {
  const std::uint64_t first = first_parkable();
  for (auto at = returned_.lower_bound(first);
       at != returned_.end() && at->first <= last_sequence;) {
    std::vector<OutboxItem> items = std::move(at->second);
    at = returned_.erase(at);
    std::erase_if(items, [&](const OutboxItem& item) { return item.sequence <= last_sequence; });
    if (!items.empty()) returned_.emplace(items.front().sequence, std::move(items));
  }
  while (!waiting_.empty() && waiting_.front().item.sequence <= last_sequence) {
    waiting_bytes_ -= waiting_.front().item.byte_count;
    waiting_.pop_front();
  }
  examined_ = std::max(examined_, last_sequence);
  park({first, last_sequence, std::string(kParkedBacklog), 0, kAtOnce}, records, bytes,
       "too many records wait for the sink");
}

std::uint64_t Delivery::position_cursor() const noexcept {
  std::uint64_t first = examined_ + 1;
  if (!waiting_.empty()) first = std::min(first, waiting_.front().item.sequence);
  if (!returned_.empty()) first = std::min(first, returned_.begin()->first);
  for (const auto& [id, batch] : under_way_) {
    const bool is_counted = !batch.parked_first && !is_mutant('s');
    if (is_counted) first = std::min(first, batch.items.front().sequence);
  }
  return first - 1;
}

storage::ExportPosition Delivery::position() const {
  storage::ExportPosition position;
  position.cursor = position_cursor();
  for (const auto& [sequence, range] : parked_) position.parked.push_back(range);
  return position;
}

std::size_t Delivery::waiting() const noexcept {
  std::size_t count = waiting_.size();
  for (const auto& [first, items] : returned_) count += items.size();
  for (const auto& [id, batch] : under_way_) count += batch.parked_first ? 0 : batch.items.size();
  return count;
}

std::optional<UnixNanos> Delivery::oldest() const {
  std::optional<UnixNanos> oldest;
  const auto look_at = [&oldest](UnixNanos time) {
    oldest = std::min(oldest.value_or(time), time);
  };
  if (!waiting_.empty()) look_at(waiting_.front().item.time);
  if (!returned_.empty()) look_at(returned_.begin()->second.front().time);
  for (const auto& [id, batch] : under_way_) {
    if (!batch.parked_first) look_at(batch.items.front().time);
  }
  return oldest;
}

void Delivery::resend(std::uint64_t first_sequence, std::uint64_t last_sequence,
                      const CountRecords& records_between) {
  for (auto at = parked_.lower_bound(first_sequence);
       at != parked_.end() && at->first <= last_sequence;) {
    const ParkedRange& range = at->second;
    if (range.last_sequence > last_sequence) {
      ++at;
      continue;
    }
    parked_records_ -=
        std::min(parked_records_, records_between(range.first_sequence, range.last_sequence));
    at = parked_.erase(at);
  }
  parked_records_ += records_between(first_sequence, last_sequence);
  add_range({first_sequence, last_sequence, std::string(kParkedResend), 0, kAtOnce});
}

}  // namespace betrace::exporter
