#include "betrace/rules/aggregates.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "betrace/rules/arithmetic.h"
#include "betrace/rules/comparison.h"

namespace betrace::rules {
namespace {

using RuntimeType = RuntimeValue::Type;

bool is_less(const RuntimeValue& left, const RuntimeValue& right) {
  return compare(CompareOp::Less, left, right);
}

// An integer total until it overflows or a double comes, so that integers add exactly.
RuntimeValue sum_of(std::span<const Sample> samples) {
  const bool all_durations = std::ranges::all_of(
      samples, [](const Sample& sample) { return sample.value.type() == RuntimeType::Duration; });
  RuntimeValue total = all_durations ? RuntimeValue::duration(0) : RuntimeValue::integer(0);
  for (const Sample& sample : samples) {
    const bool as_number = !all_durations && sample.value.type() == RuntimeType::Duration;
    total = add(total, as_number ? RuntimeValue::integer(sample.value.as_integer()) : sample.value);
  }
  return total;
}

RuntimeValue average_of(std::span<const Sample> samples) {
  return divide(sum_of(samples), RuntimeValue::unsigned_integer(samples.size()));
}

RuntimeValue percentile_of(double percent, std::span<const Sample> samples) {
  std::vector<RuntimeValue> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) values.push_back(sample.value);
  std::ranges::stable_sort(values, is_less);
  // The margin absorbs what binary fractions add to a whole rank: 0.07 % of 10,000 is 7.
  constexpr double kMargin = 1e-9;
  const double rank = std::ceil(percent * static_cast<double>(values.size()) / 100 - kMargin);
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return values[std::min(index, values.size() - 1)];
}

RuntimeValue count_distinct(std::span<const Sample> samples) {
  std::unordered_set<std::string> identities;
  for (const Sample& sample : samples) {
    std::string identity;
    append_identity(sample.value, &identity);
    identities.insert(std::move(identity));
  }
  return RuntimeValue::unsigned_integer(identities.size());
}

template <typename Plain>
void append_plain(Plain value, std::string* bytes) {
  char raw[sizeof(Plain)];
  std::memcpy(raw, &value, sizeof(Plain));
  bytes->append(raw, sizeof(Plain));
}

void append_text(std::string_view text, std::string* bytes) {
  append_plain(text.size(), bytes);
  bytes->append(text);
}

void append_identity_at(const RuntimeValue& value, std::string* bytes, int depth);

void append_map(model::AttributesView fields, std::string* bytes, int depth) {
  std::vector<model::AttributeView> sorted(fields.begin(), fields.end());
  std::ranges::stable_sort(sorted, {}, &model::AttributeView::key);
  for (const model::AttributeView& field : sorted) {
    append_text(field.key, bytes);
    append_identity_at(RuntimeValue::of(field.value), bytes, depth + 1);
  }
}

void append_identity_at(const RuntimeValue& value, std::string* bytes, int depth) {
  bytes->push_back(static_cast<char>(value.type()));
  switch (value.type()) {
    case RuntimeType::Nil:
      return;
    case RuntimeType::Bool:
      bytes->push_back(value.as_bool() ? '1' : '0');
      return;
    case RuntimeType::Int:
    case RuntimeType::Duration:
      append_plain(value.as_integer(), bytes);
      return;
    case RuntimeType::Double:
      // One zero and one NaN.
      append_plain(value.as_double() == 0          ? 0.0
                   : std::isnan(value.as_double()) ? std::nan("")
                                                   : value.as_double(),
                   bytes);
      return;
    case RuntimeType::String:
      append_text(value.as_text(), bytes);
      return;
    case RuntimeType::List:
    case RuntimeType::Map:
      break;
  }
  append_plain(value.item_count(), bytes);
  if (depth >= kValueDepthMax) return;
  if (value.type() == RuntimeType::Map) {
    append_map(value.as_map(), bytes, depth);
    return;
  }
  for (std::size_t i = 0; i < value.item_count(); ++i) {
    append_identity_at(value.item(i), bytes, depth + 1);
  }
}

}  // namespace

RuntimeValue sample_value(AggregateKind kind, const RuntimeValue& value) {
  if (kind == AggregateKind::Count || kind == AggregateKind::CountDistinct) return value;
  if (value.type() == RuntimeType::Duration) return value;
  const auto number = value.to_number();
  if (!number || number->is_nan()) return {};
  return RuntimeValue::number(*number);
}

const Sample& extreme(AggregateKind kind, std::span<const Sample> samples) {
  const Sample* best = samples.data();
  for (const Sample& sample : samples) {
    const bool better = kind == AggregateKind::Max ? is_less(best->value, sample.value)
                                                   : is_less(sample.value, best->value);
    if (better) best = &sample;
  }
  return *best;
}

RuntimeValue aggregate(AggregateKind kind, double percent, std::span<const Sample> samples) {
  if (kind == AggregateKind::Count) return RuntimeValue::unsigned_integer(samples.size());
  if (kind == AggregateKind::CountDistinct) return count_distinct(samples);
  if (samples.empty()) return {};
  switch (kind) {
    case AggregateKind::Sum:
      return sum_of(samples);
    case AggregateKind::Avg:
      return average_of(samples);
    case AggregateKind::Percentile:
      return percentile_of(percent, samples);
    default:
      return extreme(kind, samples).value;
  }
}

void append_identity(const RuntimeValue& value, std::string* bytes) {
  append_identity_at(value, bytes, 0);
}

}  // namespace betrace::rules
