#include "betrace/bench/traffic.h"

#include <algorithm>
#include <utility>

#include "betrace/otlp/trace_writer.h"

namespace betrace::bench {
namespace {

constexpr std::size_t kNotStaged = SIZE_MAX;
// Waves are added until every rule has a turn, but never more than so many.
constexpr std::size_t kWavesMax = 4;
constexpr std::uint64_t kPassBytesMax = 256ULL << 20;

}  // namespace

/// A span on its way into a request.
struct Traffic::PlacedSpan {
  model::KeptSpan span;
  std::size_t staged;  // index of its trace in `staged_`, or kNotStaged
  std::size_t position;
};

Traffic::Traffic(const TrafficOptions& options, const BenchRules& rules)
    : options_(options), maker_(options.traces, rules) {
  std::vector<PlacedSpan> pending;
  const auto has_enough = [&] {
    const bool is_every_rule_played = options_.traces.violation_rate == 0 ||
                                      rules.rules().size() <= staged_.size() / 2 ||
                                      trace_count_ >= kWavesMax * options_.interleave;
    return (is_every_rule_played && requests_.size() >= options_.requests_min) ||
           byte_count_ > kPassBytesMax;
  };
  do {
    add_wave(&pending);
    while (pending.size() >= options_.spans_per_request) {
      encode(&pending, options_.spans_per_request);
    }
  } while (!has_enough());
  if (!pending.empty()) encode(&pending, pending.size());
}

void Traffic::add_wave(std::vector<PlacedSpan>* pending) {
  std::vector<MadeTrace> traces;
  std::vector<std::size_t> staged;
  for (std::uint32_t i = 0; i < options_.interleave; ++i) {
    traces.push_back(maker_.make(trace_count_));
    staged.push_back(kNotStaged);
    if (traces.back().scene) {
      staged.back() = staged_.size();
      staged_.push_back({trace_count_, *traces.back().scene,
                         std::vector<std::uint32_t>(traces.back().spans.size())});
    }
    ++trace_count_;
  }
  for (std::size_t part = 0; part < options_.split; ++part) {
    for (std::size_t i = 0; i < traces.size(); ++i) {
      std::vector<model::KeptSpan>& spans = traces[i].spans;
      const std::size_t end = spans.size() * (part + 1) / options_.split;
      for (std::size_t at = spans.size() * part / options_.split; at < end; ++at) {
        pending->push_back({std::move(spans[at]), staged[i], at});
      }
    }
  }
}

void Traffic::encode(std::vector<PlacedSpan>* pending, std::size_t count) {
  const auto end = pending->begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<model::SpanView> views;
  for (auto placed = pending->begin(); placed != end; ++placed) {
    views.push_back(placed->span.view());
    if (placed->staged == kNotStaged) continue;
    staged_[placed->staged].request_of_span[placed->position] =
        static_cast<std::uint32_t>(requests_.size());
  }
  // A sender groups by resource.
  std::ranges::stable_sort(views, {}, &model::service_of);
  auto request = std::make_unique<PreparedRequest>();
  request->body = options_.encoding == Encoding::Protobuf ? otlp::write_protobuf(views)
                                                          : otlp::write_json(views);
  request->span_count = static_cast<std::uint32_t>(count);
  request->spots = std::make_unique<IdSpots>(request->body, options_.encoding);
  span_count_ += count;
  byte_count_ += request->body.size();
  requests_.push_back(std::move(request));
  pending->erase(pending->begin(), end);
}

void Traffic::overwrite_ids(PreparedRequest& request, const IdKeys& keys) const {
  request.spots->overwrite(request.body, keys, trace_count_);
}

}  // namespace betrace::bench
