#include "betrace/exporter/exporter.h"

#include <algorithm>
#include <random>
#include <utility>

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;

// How often the log is looked at for something new.
constexpr milliseconds kLookInterval{100};
constexpr std::chrono::seconds kReadRetryInterval{5};
constexpr std::size_t kSliceRecordsMax = 64;         // of one question to the log
constexpr std::uint64_t kCheckpointId = UINT64_MAX;  // no batch of records has it

ExporterOptions with_chance(ExporterOptions options) {
  if (options.chance) return options;
  auto random = std::make_shared<std::mt19937_64>(std::random_device{}());
  options.chance = [random] { return std::uniform_real_distribution<double>(0, 1)(*random); };
  return options;
}

}  // namespace

Exporter::Exporter(ExporterOptions options, const ExporterServices& services,
                   std::unique_ptr<SinkForm> form, std::unique_ptr<Sink> sink)
    : options_(with_chance(std::move(options))),
      services_(services),
      form_(std::move(form)),
      sink_(std::move(sink)),
      report_(services_, options_.sink, options_.sink_name),
      kept_(kept_position()),
      delivery_(options_.limits, kept_, count_parked()),
      backlog_(services_.log, form_->wanted(), kept_.cursor),
      read_to_(kept_.cursor) {}

Exporter::~Exporter() {
  begin_stop(milliseconds(0));
  finish_stop();
}

// A new sink is known in the log before anything that it has to be told of.
storage::ExportPosition Exporter::kept_position() const {
  if (auto kept = services_.log.export_position(options_.sink)) return *std::move(kept);
  storage::ExportPosition first;
  if (!options_.is_told_history) first.cursor = services_.log.status().last_sequence;
  services_.log.move_export(options_.sink, first);
  return first;
}

std::uint64_t Exporter::count_parked() const {
  std::uint64_t parked = 0;
  for (const storage::ParkedRange& range : kept_.parked) {
    parked +=
        records_between(services_.log, form_->wanted(), range.first_sequence, range.last_sequence);
  }
  return parked;
}

void Exporter::start() {
  report_.started();
  thread_ = std::thread([this] { run(); });
}

void Exporter::begin_stop(milliseconds grace) {
  {
    const std::lock_guard lock(mutex_);
    end_by_ = options_.clock().monotonic + grace;
  }
  sink_->wake();
}

std::uint64_t Exporter::finish_stop() {
  if (thread_.joinable()) thread_.join();
  return left_;
}

void Exporter::resend(storage::SequenceRange range) {
  {
    const std::lock_guard lock(mutex_);
    to_resend_.push_back(range);
  }
  sink_->wake();
}

void Exporter::checkpoint(const evidence::CommitEnvelope& envelope) {
  const std::lock_guard lock(mutex_);
  checkpoint_ = envelope;
}

void Exporter::send_checkpoint() {
  std::optional<evidence::CommitEnvelope> envelope;
  {
    const std::lock_guard lock(mutex_);
    if (is_checkpoint_under_way_) return;
    envelope.swap(checkpoint_);
  }
  if (!envelope) return;
  std::string request = form_->write_checkpoint(*envelope);
  if (request.empty()) return;
  is_checkpoint_under_way_ = true;
  sink_->send(kCheckpointId, std::move(request));
}

void Exporter::run() {
  for (;;) {
    now_ = options_.clock();
    take_resends();
    read_ahead();
    has_more_ = !backlog_.count() || has_more_;
    if (is_over()) break;
    park_excess();
    read_parked();
    send();
    send_checkpoint();
    report();
    for (const SinkAnswer& answer : sink_->wait(pause())) finish(answer);
    keep_position();
  }
  keep_position();
  report();
  report_.tell_gaps(now_.wall, true);
  left_ = backlog_records();
}

void Exporter::take_resends() {
  std::vector<storage::SequenceRange> ranges;
  {
    const std::lock_guard lock(mutex_);
    ranges.swap(to_resend_);
  }
  for (const storage::SequenceRange& range : ranges) {
    delivery_.resend(range.first, range.last, [this](std::uint64_t first, std::uint64_t last) {
      return records_between(services_.log, form_->wanted(), first, last);
    });
  }
}

// At the end nothing waits for company, and what is in the log by now is still sent.
bool Exporter::is_over() {
  const std::lock_guard lock(mutex_);
  if (!end_by_) return false;
  delivery_.hurry();
  if (now_.monotonic >= *end_by_) return true;
  const bool has_checkpoint = checkpoint_ || is_checkpoint_under_way_;
  return read_to_ >= services_.log.status().last_sequence && delivery_.waiting() == 0 &&
         !has_checkpoint;
}

std::optional<storage::ViolationTail> Exporter::ask(storage::TailQuery query) {
  if (now_.monotonic < read_not_before_) return std::nullopt;
  auto tail = services_.log.tail(query);
  log_problem_ = tail ? "" : tail.error().message;
  if (tail) return *std::move(tail);
  read_not_before_ = now_.monotonic + kReadRetryInterval;
  return std::nullopt;
}

void Exporter::read_ahead() {
  const std::uint64_t last = services_.log.status().last_sequence;
  has_more_ = read_to_ < last && delivery_.room() != 0;
  if (has_more_) {
    storage::TailQuery query = form_->wanted();
    query.after = read_to_;
    query.records_max = std::min(delivery_.room(), kSliceRecordsMax);
    auto tail = ask(query);
    if (!tail) {
      has_more_ = false;
      return;
    }
    read_to_ = tail->examined;
    take(std::move(tail->records));
  }
  delivery_.examined(read_to_, read_to_ >= last);
}

void Exporter::take(std::vector<storage::TailRecord> records) {
  for (const storage::TailRecord& record : records) {
    if (!record.is_readable) {
      report_.unreadable(record);
      delivery_.park_unreadable(record.sequence, record.byte_count);
    } else if (auto telling = form_->tell(record)) {
      OutboxItem item{record.sequence, record.byte_count, record.time, *std::move(telling)};
      report_.queued(item);
      delivery_.add(std::move(item), now_.monotonic);
    } else {
      delivery_.pass_over(record.byte_count);
    }
  }
}

void Exporter::park_excess() {
  const std::uint64_t bytes_max = options_.limits.backlog_bytes_max;
  if (backlog_bytes() <= bytes_max) return;
  storage::TailQuery query = form_->wanted();
  query.after = delivery_.first_parkable() - 1;
  query.records_max = SIZE_MAX;
  query.bytes_max = backlog_bytes() - bytes_max;
  const auto size = services_.log.tail_size(query);
  if (!size || size->records == 0) return;
  delivery_.park_backlog(size->examined, size->records, size->bytes);
  read_to_ = std::max(read_to_, size->examined);
  has_more_ = true;
}

void Exporter::read_parked() {
  const auto range = delivery_.parked_due(now_);
  if (!range) return;
  storage::TailQuery query = form_->wanted();
  query.after = range->first_sequence - 1;
  query.last = range->last_sequence;
  query.records_max = options_.limits.batch_records_max;
  query.bytes_max = options_.limits.batch_bytes_max;
  const auto tail = ask(query);
  if (!tail) return;
  std::vector<OutboxItem> items;
  for (const storage::TailRecord& record : tail->records) {
    if (!record.is_readable) continue;
    if (auto telling = form_->tell(record)) {
      items.push_back({record.sequence, record.byte_count, record.time, *std::move(telling)});
    }
  }
  // Up to where the log was examined, but for the rows behind the last that was asked for.
  const std::uint64_t covered =
      tail->examined == query.after ? range->last_sequence : tail->examined;
  if (items.empty()) {
    delivery_.drop_parked(range->first_sequence, covered);
  } else {
    delivery_.add_parked(range->first_sequence, std::move(items), covered);
  }
}

void Exporter::send() {
  while (const Delivery::Batch* batch = delivery_.next(now_.monotonic)) {
    sink_->send(batch->id, form_->write(batch->items));
  }
}

void Exporter::finish(const SinkAnswer& answer) {
  if (answer.id == kCheckpointId) {
    is_checkpoint_under_way_ = false;
    return;
  }
  now_ = options_.clock();
  report_.answered(answer.outcome, delivery_.under_way(answer.id).items);
  delivery_.finish(answer.id, answer.outcome, now_, options_.chance());
}

void Exporter::keep_position() {
  storage::ExportPosition position = delivery_.position();
  if (position == kept_) return;
  kept_ = std::move(position);
  services_.log.move_export(options_.sink, kept_);
}

void Exporter::report() {
  for (const ParkedNow& parked : delivery_.take_parked()) report_.parked(parked, now_.wall);
  ExportStanding standing;
  standing.sink = delivery_.sink();
  standing.problem = delivery_.problem();
  standing.log_problem = log_problem_;
  standing.backlog_records = backlog_records();
  standing.backlog_bytes = backlog_bytes();
  standing.oldest = delivery_.oldest().value_or(0);
  standing.parked_records = delivery_.parked_records();
  report_.show(standing, now_.wall);
  report_.tell_gaps(now_.wall, false);
}

std::uint64_t Exporter::backlog_records() const {
  return backlog_.records() - std::min(backlog_.records(), delivery_.settled_records());
}

std::uint64_t Exporter::backlog_bytes() const {
  return backlog_.bytes() - std::min(backlog_.bytes(), delivery_.settled_bytes());
}

milliseconds Exporter::pause() {
  if (has_more_) return milliseconds(0);
  milliseconds wait = kLookInterval;
  const auto turn = log_problem_.empty() ? delivery_.next_turn(now_) : std::nullopt;
  if (turn) {
    const auto left = std::chrono::ceil<milliseconds>(*turn - now_.monotonic);
    wait = std::clamp(left, milliseconds(0), wait);
  }
  return wait;
}

}  // namespace betrace::exporter
