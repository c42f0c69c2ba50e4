#include "betrace/exporter/exporter.h"

#include <algorithm>
#include <random>
#include <utility>

#include "betrace/exporter/checkpoint_span.h"
#include "betrace/exporter/evidence_span.h"

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
                   std::unique_ptr<Sink> sink)
    : options_(with_chance(std::move(options))),
      services_(services),
      sink_(std::move(sink)),
      report_(services_, options_.sink_name),
      kept_(services_.log.export_position()),
      delivery_(options_.limits, kept_, count_parked()),
      backlog_(services_.log, kept_.cursor, options_.spans.emits_evidence),
      read_to_(kept_.cursor) {}

Exporter::~Exporter() { stop(milliseconds(0)); }

std::uint64_t Exporter::count_parked() const {
  std::uint64_t parked = 0;
  for (const storage::ParkedRange& range : kept_.parked) {
    parked += records_between(services_.log, range.first_sequence, range.last_sequence,
                              options_.spans.emits_evidence);
  }
  return parked;
}

void Exporter::start() {
  services_.readiness.set(telemetry::Readiness::kOtlpExporter, telemetry::CheckState::Ok);
  thread_ = std::thread([this] { run(); });
}

std::uint64_t Exporter::stop(milliseconds grace) {
  if (!thread_.joinable()) return left_;
  {
    const std::lock_guard lock(mutex_);
    end_by_ = options_.clock().monotonic + grace;
  }
  sink_->wake();
  thread_.join();
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
  is_checkpoint_under_way_ = true;
  sink_->send(kCheckpointId, write_checkpoint(*envelope, options_.spans));
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
      return records_between(services_.log, first, last, options_.spans.emits_evidence);
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
  query.with_evidence = options_.spans.emits_evidence;
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
    storage::TailQuery query;
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
    if (record.is_readable) {
      OutboxItem item = make_item(record);
      report_.queued(item);
      delivery_.add(std::move(item), now_.monotonic);
    } else {
      report_.unreadable(record);
      delivery_.park_unreadable(record.sequence, record.byte_count);
    }
  }
}

OutboxItem Exporter::make_item(const storage::TailRecord& record) const {
  OutboxItem item{record.sequence, record.byte_count, record.time, {}};
  const bool is_violation = !record.change && !record.compliance;
  if (is_violation) item.spans.push_back(make_violation_span(record, options_.spans));
  for (ViolationSpan& span : make_evidence_spans(record, options_.spans)) {
    item.spans.push_back(std::move(span));
  }
  return item;
}

void Exporter::park_excess() {
  const std::uint64_t bytes_max = options_.limits.backlog_bytes_max;
  if (backlog_bytes() <= bytes_max) return;
  storage::TailQuery query;
  query.after = delivery_.first_parkable() - 1;
  query.records_max = SIZE_MAX;
  query.bytes_max = backlog_bytes() - bytes_max;
  query.with_evidence = options_.spans.emits_evidence;
  const auto size = services_.log.tail_size(query);
  if (!size || size->records == 0) return;
  delivery_.park_backlog(size->examined, size->records, size->bytes);
  read_to_ = std::max(read_to_, size->examined);
  has_more_ = true;
}

void Exporter::read_parked() {
  const auto range = delivery_.parked_due(now_);
  if (!range) return;
  storage::TailQuery query;
  query.after = range->first_sequence - 1;
  query.last = range->last_sequence;
  query.records_max = options_.limits.batch_records_max;
  query.bytes_max = options_.limits.batch_bytes_max;
  const auto tail = ask(query);
  if (!tail) return;
  std::vector<OutboxItem> items;
  for (const storage::TailRecord& record : tail->records) {
    if (!record.is_readable) continue;
    items.push_back(make_item(record));
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
    std::vector<const ViolationSpan*> spans;
    for (const OutboxItem& item : batch->items) {
      for (const ViolationSpan& span : item.spans) spans.push_back(&span);
    }
    sink_->send(batch->id, write_request(spans, options_.spans));
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
  services_.log.move_export(kept_);
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
