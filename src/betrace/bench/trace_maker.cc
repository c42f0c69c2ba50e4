#include "betrace/bench/trace_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "betrace/base/time.h"

namespace betrace::bench {
namespace {

constexpr std::uint64_t kStart = 1'800'000'000 * kNanosPerSecond;
constexpr std::uint32_t kSizeMax = 10'000;
constexpr std::uint32_t kChildren = 3;

// The traces `number` for which `number * rate` passes a whole number, `shift` turns later.
std::optional<std::uint64_t> turn_of(std::uint64_t number, double rate, double shift) {
  const auto at = [&](std::uint64_t n) {
    return static_cast<std::uint64_t>(static_cast<double>(n) * rate + shift);
  };
  if (at(number) == at(number + 1)) return std::nullopt;
  return at(number);
}

template <std::size_t N>
void set_number(model::Id<N>& id, std::uint64_t number) {
  for (std::size_t i = 0; i < 8 && i < N; ++i) {
    id.bytes[N - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
}

model::TraceId trace_id_of(std::uint64_t number) {
  model::TraceId id;
  id.bytes.fill(kIdMark);
  set_number(id, number);
  return id;
}

model::SpanId span_id_of(std::size_t index, std::mt19937_64& random) {
  model::SpanId id;
  set_number(id, (random() & ~std::uint64_t{0xffff}) | (index + 1));
  id.bytes[0] = kIdMark;
  id.bytes[1] = kIdMark;
  return id;
}

bool parse_number(std::string_view text, std::uint32_t* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc{} && stop == end && *value >= 1 && *value <= kSizeMax;
}

// A tree in which every span has three children, times inside one second.
void lay_out(DraftTrace& trace, std::uint64_t number, std::uint32_t count,
             std::mt19937_64& random) {
  trace.spans().resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    DraftSpan& span = trace.spans()[i];
    span.view.trace_id = trace_id_of(number);
    span.view.span_id = span_id_of(i, random);
    if (i > 0) {
      span.view.parent_span_id = trace.spans()[(i - 1) / kChildren].view.span_id;
    }
    span.view.start_time_unix_nano = kStart + random() % kNanosPerSecond;
    const auto max =
        static_cast<std::uint64_t>(std::chrono::nanoseconds(kOrdinaryDurationMax).count());
    span.view.end_time_unix_nano = span.view.start_time_unix_nano + 1 + random() % max;
  }
}

}  // namespace

std::optional<TraceSize> parse_trace_size(std::string_view text) {
  TraceSize size;
  if (!text.starts_with("zipf:")) {
    if (!parse_number(text, &size.least)) return std::nullopt;
    size.most = size.least;
    return size;
  }
  text.remove_prefix(5);
  const std::size_t dots = text.find("..");
  const bool is_range = dots != std::string_view::npos &&
                        parse_number(text.substr(0, dots), &size.least) &&
                        parse_number(text.substr(dots + 2), &size.most);
  if (!is_range || size.least > size.most) return std::nullopt;
  return size;
}

std::string text_of(const TraceSize& size) {
  return size.least == size.most ? fmt::format("{}", size.least)
                                 : fmt::format("zipf:{}..{}", size.least, size.most);
}

TraceMaker::TraceMaker(const TraceOptions& options, const BenchRules& rules)
    : options_(options), rules_(rules), shapes_(options.shape) {}

std::uint32_t TraceMaker::size_of(std::mt19937_64& random) const {
  if (options_.size.least == options_.size.most) return options_.size.least;
  // Inverse of the distribution function of 1/x between the bounds: Zipf with exponent 1.
  const double ratio = (options_.size.most + 1.0) / options_.size.least;
  const double size =
      options_.size.least * std::pow(ratio, std::generate_canonical<double, 53>(random));
  return std::min(static_cast<std::uint32_t>(size), options_.size.most);
}

std::optional<Scene> TraceMaker::scene_of(std::uint64_t number, std::size_t span_count) const {
  if (rules_.rules().empty()) return std::nullopt;
  for (const bool is_broken : {true, false}) {
    const auto turn = turn_of(number, options_.violation_rate, is_broken ? 0 : 0.5);
    if (!turn) continue;
    const auto rule = rules_.playable(*turn % rules_.rules().size(), span_count);
    if (rule) return Scene{*rule, is_broken};
  }
  return std::nullopt;
}

MadeTrace TraceMaker::make(std::uint64_t number) const {
  std::mt19937_64 random(options_.seed * 0x9e3779b97f4a7c15 + number);
  DraftTrace trace;
  lay_out(trace, number, size_of(random), random);
  for (std::size_t i = 0; i < trace.spans().size(); ++i) {
    shapes_.fill(i % 2 == 0, trace, trace.spans()[i], random);
  }
  MadeTrace made;
  made.scene = scene_of(number, trace.spans().size());
  if (made.scene) rules_.play(made.scene->rule, made.scene->is_broken, trace);
  std::shuffle(trace.spans().begin() + 1, trace.spans().end(), random);
  std::rotate(trace.spans().begin(), trace.spans().begin() + 1, trace.spans().end());
  made.spans = trace.finish();
  return made;
}

}  // namespace betrace::bench
