#include "betrace/api/violation_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/model/violation_json.h"

namespace betrace::api {
namespace {

using std::chrono::milliseconds;

// How often the log is looked at for something new.
constexpr milliseconds kLookInterval{25};
// How long a full buffer waits for the fastest follower, so that a burst is not lost on the quick.
constexpr milliseconds kPatience{1'000};
constexpr std::size_t kSliceRecordsMax = 64;  // of one question to the log
constexpr std::size_t kPieceBytes = 64 * 1024;

constexpr std::string_view kBeginning = "retry: 3000\n\n";
constexpr std::string_view kHeartbeat = ": still here\n\n";

template <typename Value>
bool is_among(const std::vector<Value>& wanted, const Value& value) {
  return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

// Without an id: a client that comes back is given from the log what it missed.
std::string gap_text(std::uint64_t missed, std::uint64_t first, std::uint64_t last) {
  const OrderedJson data = {{"missed", missed}, {"from_seq", first}, {"to_seq", last}};
  return fmt::format("event: gap\ndata: {}\n\n", dump(data));
}

}  // namespace

/// One stream. All but its filter and `sent_at_` is guarded by the mutex of the feed.
class ViolationFeed::Follower : public http::BodyStream {
 public:
  Follower(ViolationFeed& feed, storage::ViolationQuery wanted, std::uint64_t after)
      : filter(std::move(wanted)), position(after), feed_(feed) {}
  ~Follower() override { feed_.leave(*this); }

  Piece next(MonotonicTime now) override {
    std::string bytes = sent_at_ ? feed_.take(*this) : std::string(kBeginning);
    if (bytes.empty() && now - *sent_at_ >= feed_.limits_.heartbeat) bytes = kHeartbeat;
    if (!bytes.empty()) sent_at_ = now;
    return {std::move(bytes), false};
  }

  void miss(std::uint64_t sequence) {
    if (missed++ == 0) missed_first = sequence;
    missed_last = sequence;
  }

  const storage::ViolationQuery filter;
  std::uint64_t position;  // all up to here is given, missed, or in `history`
  bool is_live = false;    // it reads from the buffer
  std::string history;     // read from the log, not given yet
  std::uint64_t missed = 0;
  std::uint64_t missed_first = 0;
  std::uint64_t missed_last = 0;

 private:
  ViolationFeed& feed_;
  std::optional<MonotonicTime> sent_at_;  // nothing: not even the beginning is
};

ViolationFeed::Event::Event(const storage::TailRecord& record) : sequence(record.sequence) {
  if (!record.is_readable) {
    text = gap_text(1, sequence, sequence);
    return;
  }
  const model::Violation& violation = record.record.violation;
  facts = Facts{violation.rule_id, violation.service, violation.severity, violation.completeness,
                violation.status};
  text = fmt::format("id: {}\nevent: {}\ndata: {}\n\n", sequence, model::event_name(record.record),
                     dump(model::violation_json(violation, record.place)));
}

bool ViolationFeed::Event::fits(const storage::ViolationQuery& filter) const {
  if (!facts) return true;
  const bool has_grade =
      filter.completeness.empty() ||
      (facts->completeness && is_among(filter.completeness, *facts->completeness));
  return has_grade && is_among(filter.rule_ids, facts->rule_id) &&
         is_among(filter.services, facts->service) &&
         is_among(filter.severities, facts->severity) &&
         (!filter.status || *filter.status == facts->status);
}

ViolationFeed::ViolationFeed(const storage::ViolationLog& log, telemetry::Metrics& metrics,
                             FeedLimits limits)
    : log_(log), metrics_(metrics), limits_(limits) {}

ViolationFeed::~ViolationFeed() {
  {
    const std::lock_guard lock(mutex_);
    BETRACE_CHECK(followers_.empty());
    is_ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::unique_ptr<http::BodyStream> ViolationFeed::follow(storage::ViolationQuery filter,
                                                        std::optional<std::uint64_t> after) {
  // A sequence that is yet to come is of another log.
  const std::uint64_t last = log_.status().last_sequence;
  const std::uint64_t position = std::min(after.value_or(last), last);
  auto follower = std::make_unique<Follower>(*this, std::move(filter), position);
  const std::lock_guard lock(mutex_);
  if (followers_.size() >= limits_.clients_max) return nullptr;
  followers_.insert(follower.get());
  metrics_.set(telemetry::MetricId::SseClients, static_cast<double>(followers_.size()));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
  return follower;
}

void ViolationFeed::leave(Follower& follower) {
  const std::lock_guard lock(mutex_);
  if (followers_.erase(&follower) == 0) return;
  metrics_.set(telemetry::MetricId::SseClients, static_cast<double>(followers_.size()));
}

std::string ViolationFeed::take(Follower& follower) {
  const std::lock_guard lock(mutex_);
  std::string bytes = std::exchange(follower.history, {});
  if (follower.is_live && bytes.empty()) {
    if (follower.missed != 0) {
      bytes = gap_text(follower.missed, follower.missed_first, follower.missed_last);
      follower.missed = 0;
    }
    auto event = std::ranges::upper_bound(events_, follower.position, {}, &Event::sequence);
    for (; event != events_.end() && bytes.size() < kPieceBytes; ++event) {
      follower.position = event->sequence;
      if (event->fits(follower.filter)) bytes += event->text;
    }
  }
  if (!bytes.empty()) changed_.notify_all();  // there may be room for more
  return bytes;
}

void ViolationFeed::run() {
  Lock lock(mutex_);
  while (!is_ending_) {
    if (followers_.empty()) {
      events_.clear();
      changed_.wait(lock, [this] { return is_ending_ || !followers_.empty(); });
      events_from_ = read_to_ = log_.status().last_sequence;
      continue;
    }
    const bool has_history = read_history(lock);
    if (!read_news(lock) && !has_history) changed_.wait_for(lock, kLookInterval);
  }
}

// Reads the next slice for each who is not at the buffer yet; false if there was nothing to read.
bool ViolationFeed::read_history(Lock& lock) {
  bool has_read = false;
  const std::vector<Follower*> known(followers_.begin(), followers_.end());
  for (Follower* const follower : known) {
    if (!followers_.contains(follower) || follower->is_live || !follower->history.empty()) continue;
    follower->is_live = follower->position >= events_from_;
    if (follower->is_live) continue;
    const std::uint64_t after = follower->position;
    lock.unlock();
    const std::optional<Slice> slice = read_slice(after);
    lock.lock();
    if (!slice) return false;
    // It may be gone, and another one be where it was.
    if (!followers_.contains(follower) || follower->position != after) continue;
    has_read = true;
    // What is missing behind `after` was never written.
    follower->position = slice->examined == after ? events_from_ : slice->examined;
    for (const Event& event : slice->events) {
      if (event.fits(follower->filter)) follower->history += event.text;
    }
  }
  return has_read;
}

// While the buffer is full of what nobody has taken, its oldest go one slice at a time.
bool ViolationFeed::may_read_on() const {
  std::uint64_t foremost = 0;
  bool is_followed = false;
  for (const Follower* follower : followers_) {
    is_followed |= follower->is_live;
    if (follower->is_live) foremost = std::max(foremost, follower->position);
  }
  if (!is_followed) return false;
  const std::size_t slice = std::min(kSliceRecordsMax, limits_.buffer_events_max);
  if (events_.size() + slice <= limits_.buffer_events_max) return true;
  return foremost >= events_[std::min(slice, events_.size()) - 1].sequence ||
         read_clocks().monotonic - forgot_at_ >= kPatience;
}

bool ViolationFeed::read_news(Lock& lock) {
  if (!may_read_on()) return false;
  const std::uint64_t after = read_to_;
  lock.unlock();
  std::optional<Slice> slice = read_slice(after);
  lock.lock();
  if (!slice) return false;
  read_to_ = slice->examined;
  for (Event& event : slice->events) add(std::move(event));
  return slice->examined != after;
}

void ViolationFeed::add(Event event) {
  events_.push_back(std::move(event));
  if (events_.size() <= limits_.buffer_events_max) return;
  const Event oldest = std::move(events_.front());
  events_.pop_front();
  events_from_ = oldest.sequence;
  forgot_at_ = read_clocks().monotonic;
  for (Follower* follower : followers_) {
    if (!follower->is_live || follower->position >= oldest.sequence) continue;
    follower->position = oldest.sequence;
    if (!oldest.fits(follower->filter)) continue;
    follower->miss(oldest.sequence);
    metrics_.add(telemetry::MetricId::SseDropped, {});
  }
}

// Nothing: the log cannot be read, which the exporter and /ready tell of.
std::optional<ViolationFeed::Slice> ViolationFeed::read_slice(std::uint64_t after) const {
  Slice slice;
  slice.examined = after;
  if (after >= log_.status().last_sequence) return slice;
  storage::TailQuery query;
  query.after = after;
  query.records_max = std::min(kSliceRecordsMax, limits_.buffer_events_max);
  query.with_changes = true;
  const auto tail = log_.tail(query);
  if (!tail) return std::nullopt;
  slice.examined = tail->examined;
  for (const storage::TailRecord& record : tail->records) slice.events.emplace_back(record);
  return slice;
}

}  // namespace betrace::api
