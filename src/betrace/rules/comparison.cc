#include "betrace/rules/comparison.h"

#include <algorithm>
#include <compare>
#include <string>
#include <vector>

#include "betrace/base/ascii.h"

namespace betrace::rules {
namespace {

using RuntimeType = RuntimeValue::Type;
using TextKind = RuntimeValue::TextKind;

bool is_string(const RuntimeValue& value) noexcept { return value.type() == RuntimeType::String; }

// The plain name behind any spelling of a kind or status: `SPAN_KIND_SERVER` -> `server`.
std::string plain_name(std::string_view text, TextKind kind) {
  const std::string_view prefix = kind == TextKind::SpanKind ? "span_kind_" : "status_code_";
  std::string name = lower_case(text);
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  return name;
}

std::strong_ordering compare_texts(const RuntimeValue& left, const RuntimeValue& right) {
  const TextKind kind = left.text_kind() != TextKind::Plain ? left.text_kind() : right.text_kind();
  if (kind == TextKind::Plain) return left.as_text().compare(right.as_text()) <=> 0;
  return plain_name(left.as_text(), kind).compare(plain_name(right.as_text(), kind)) <=> 0;
}

// What `value` is as a number beside `other`: beside a duration a text may also be a duration.
std::optional<Number> number_beside(const RuntimeValue& value, const RuntimeValue& other) {
  const auto number = value.to_number();
  if (number || !is_string(value) || value.text_kind() != TextKind::Plain) return number;
  if (other.type() != RuntimeType::Duration) return std::nullopt;
  const auto duration = parse_duration(value.as_text());
  if (!duration) return std::nullopt;
  return Number::of(*duration);
}

std::partial_ordering compare_as_numbers(const RuntimeValue& left, const RuntimeValue& right) {
  const auto left_number = number_beside(left, right);
  if (!left_number) return std::partial_ordering::unordered;
  const auto right_number = number_beside(right, left);
  if (!right_number) return std::partial_ordering::unordered;
  return compare(*left_number, *right_number);
}

// Unordered where the reference says that every order is false.
std::partial_ordering order(const RuntimeValue& left, const RuntimeValue& right) {
  if (is_string(left) && is_string(right)) {
    const auto left_number = left.to_number();
    const auto right_number = left_number ? right.to_number() : std::nullopt;
    if (right_number) return compare(*left_number, *right_number);
    return compare_texts(left, right);
  }
  return compare_as_numbers(left, right);
}

bool is_equal_at(const RuntimeValue& left, const RuntimeValue& right, int depth);

bool are_lists_equal(const RuntimeValue& left, const RuntimeValue& right, int depth) {
  if (left.item_count() != right.item_count()) return false;
  for (std::size_t i = 0; i < left.item_count(); ++i) {
    if (!is_equal_at(left.item(i), right.item(i), depth + 1)) return false;
  }
  return true;
}

// Fields by key; of equal keys the first is kept, as everywhere.
std::vector<model::AttributeView> sorted_fields(model::AttributesView fields) {
  std::vector<model::AttributeView> sorted(fields.begin(), fields.end());
  std::ranges::stable_sort(sorted, {}, &model::AttributeView::key);
  const auto same_key = [](const model::AttributeView& left, const model::AttributeView& right) {
    return left.key == right.key;
  };
  sorted.erase(std::unique(sorted.begin(), sorted.end(), same_key), sorted.end());
  return sorted;
}

bool are_maps_equal(model::AttributesView left, model::AttributesView right, int depth) {
  const auto left_fields = sorted_fields(left);
  const auto right_fields = sorted_fields(right);
  if (left_fields.size() != right_fields.size()) return false;
  for (std::size_t i = 0; i < left_fields.size(); ++i) {
    if (left_fields[i].key != right_fields[i].key) return false;
    if (!is_equal_at(RuntimeValue::of(left_fields[i].value),
                     RuntimeValue::of(right_fields[i].value), depth + 1)) {
      return false;
    }
  }
  return true;
}

bool is_bool_named(const RuntimeValue& boolean, const RuntimeValue& text) noexcept {
  return text.as_text() == (boolean.as_bool() ? "true" : "false");
}

bool is_equal_at(const RuntimeValue& left, const RuntimeValue& right, int depth) {
  if (depth > kValueDepthMax) return false;
  if (left.is_nil() || right.is_nil()) return left.is_nil() && right.is_nil();
  if (is_string(left) && is_string(right)) return compare_texts(left, right) == 0;
  if (left.is_numeric() || right.is_numeric()) return compare_as_numbers(left, right) == 0;
  if (left.type() == RuntimeType::Bool && is_string(right)) return is_bool_named(left, right);
  if (right.type() == RuntimeType::Bool && is_string(left)) return is_bool_named(right, left);
  if (left.type() != right.type()) return false;
  if (left.type() == RuntimeType::Bool) return left.as_bool() == right.as_bool();
  if (left.type() == RuntimeType::List) return are_lists_equal(left, right, depth);
  return are_maps_equal(left.as_map(), right.as_map(), depth);
}

bool has_item(const RuntimeValue& list, const RuntimeValue& value) {
  for (std::size_t i = 0; i < list.item_count(); ++i) {
    if (is_equal(list.item(i), value)) return true;
  }
  return false;
}

}  // namespace

bool is_equal(const RuntimeValue& left, const RuntimeValue& right) {
  return is_equal_at(left, right, 0);
}

bool compare(CompareOp op, const RuntimeValue& left, const RuntimeValue& right) {
  switch (op) {
    case CompareOp::Equal:
      return is_equal(left, right);
    case CompareOp::NotEqual:
      return !is_equal(left, right);
    case CompareOp::Less:
      return order(left, right) < 0;
    case CompareOp::LessOrEqual:
      return order(left, right) <= 0;
    case CompareOp::Greater:
      return order(left, right) > 0;
    case CompareOp::GreaterOrEqual:
      return order(left, right) >= 0;
  }
  return false;
}

CompareOp opposite(CompareOp op) noexcept {
  switch (op) {
    case CompareOp::Equal:
      return CompareOp::NotEqual;
    case CompareOp::NotEqual:
      return CompareOp::Equal;
    case CompareOp::Less:
      return CompareOp::GreaterOrEqual;
    case CompareOp::LessOrEqual:
      return CompareOp::Greater;
    case CompareOp::Greater:
      return CompareOp::LessOrEqual;
    case CompareOp::GreaterOrEqual:
      break;
  }
  return CompareOp::Less;
}

bool is_in(const RuntimeValue& left, const RuntimeValue& right) {
  if (right.type() == RuntimeType::List) return has_item(right, left);
  if (right.type() != RuntimeType::Map || !is_string(left)) return false;
  return model::find_attribute(right.as_map(), left.as_text()).type() != model::ValueType::Nil;
}

bool contains(const RuntimeValue& left, const RuntimeValue& right) {
  if (left.type() == RuntimeType::List) return has_item(left, right);
  if (!is_string(left) || !is_string(right)) return false;
  return left.as_text().find(right.as_text()) != std::string_view::npos;
}

bool starts_with(const RuntimeValue& left, const RuntimeValue& right) noexcept {
  return is_string(left) && is_string(right) && left.as_text().starts_with(right.as_text());
}

bool ends_with(const RuntimeValue& left, const RuntimeValue& right) noexcept {
  return is_string(left) && is_string(right) && left.as_text().ends_with(right.as_text());
}

}  // namespace betrace::rules
