#include "betrace/otlp/span_builder.h"

#include "betrace/base/utf8.h"

namespace betrace::otlp {
namespace {

// What an item of a list or map takes of the budget of its value, besides its text.
constexpr std::size_t kItemBytes = sizeof(model::ValueView);

}  // namespace

void SpanBuilder::begin() noexcept {
  arena_.clear();
  items_.clear();
  fields_.clear();
  events_.clear();
  links_.clear();
  losses_ = Losses{};
  byte_count_ = 0;
  value_depth_ = 0;
  muted_ = 0;
}

std::string_view SpanBuilder::name(std::string_view raw) {
  if (raw.empty()) return {};
  check_text(raw, "name");
  if (muted_ != 0 || losses_.invalid_text != nullptr) return {};
  const std::string_view kept = utf8_prefix(raw, limits_.value_bytes_max);
  if (kept.size() < raw.size()) {
    ++losses_.truncated[static_cast<std::size_t>(TruncatedPart::Value)];
  }
  return charge(kept.size()) ? kept : std::string_view();
}

std::string_view SpanBuilder::key(std::string_view raw) {
  check_text(raw, "key");
  if (muted_ != 0 || losses_.invalid_text != nullptr) return {};
  const std::string_view kept = utf8_prefix(raw, limits_.key_bytes_max);
  if (kept.size() < raw.size()) {
    ++losses_.truncated[static_cast<std::size_t>(TruncatedPart::Key)];
  }
  return charge(kept.size()) ? kept : std::string_view();
}

void SpanBuilder::count_attribute(Row& row) {
  count_part(row, TruncatedPart::Attributes, limits_.attributes_max);
  value_budget_ = limits_.value_bytes_max;
  value_depth_ = 1;
  value_is_cut_ = false;
}

void SpanBuilder::add_field(Row& row, std::string_view key, const model::ValueView& value) {
  if (!is_kept(row, sizeof(model::AttributeView))) return;
  // Fields of a map belong to the value of an attribute that is wanted, or is not kept itself.
  const bool is_attribute = value_depth_ <= 1;
  if (is_attribute && interest_ != nullptr && !interest_->wants(key)) return;
  fields_.push(model::AttributeView{key, value});
}

model::AttributesView SpanBuilder::end_attributes(Row& row) { return end_row(row, fields_); }

model::ValueView SpanBuilder::string_value(std::string_view raw) {
  check_text(raw, "value");
  if (muted_ != 0 || losses_.invalid_text != nullptr) return {};
  const std::string_view kept = utf8_prefix(raw, value_budget_);
  value_budget_ -= kept.size();
  if (kept.size() < raw.size()) cut_value();
  return charge(kept.size()) ? model::ValueView::string(kept) : model::ValueView();
}

model::ValueView SpanBuilder::bytes_value(std::string_view raw) {
  if (muted_ != 0) return {};
  const std::string_view kept = raw.substr(0, value_budget_);
  value_budget_ -= kept.size();
  if (kept.size() < raw.size()) cut_value();
  return charge(kept.size()) ? model::ValueView::bytes(kept) : model::ValueView();
}

model::ValueView SpanBuilder::owned_bytes_value(std::string_view raw) {
  const model::ValueView kept = bytes_value(raw);
  if (kept.type() != model::ValueType::Bytes) return kept;
  return model::ValueView::bytes(arena_.copy_text(kept.as_text()));
}

SpanBuilder::Row SpanBuilder::begin_list() noexcept {
  ++value_depth_;
  return begin_row(items_.mark());
}

SpanBuilder::Row SpanBuilder::begin_map() noexcept {
  ++value_depth_;
  return begin_row(fields_.mark());
}

void SpanBuilder::count_item(Row& row) {
  unmute(row);
  if (muted_ != 0) return;
  if (value_depth_ > limits_.value_depth_max || value_budget_ < kItemBytes) {
    cut_value();
    mute(row);
  } else {
    value_budget_ -= kItemBytes;
  }
}

void SpanBuilder::add_item(Row& row, const model::ValueView& value) {
  if (is_kept(row, sizeof(model::ValueView))) items_.push(value);
}

model::ValueView SpanBuilder::end_list(Row& row) {
  --value_depth_;
  return model::ValueView::list(end_row(row, items_));
}

model::ValueView SpanBuilder::end_map(Row& row) {
  --value_depth_;
  return model::ValueView::map(end_row(row, fields_));
}

void SpanBuilder::add_event(Row& row, const model::EventView& event) {
  if (is_kept(row, sizeof(model::EventView))) events_.push(event);
}

void SpanBuilder::add_link(Row& row, const model::LinkView& link) {
  if (is_kept(row, sizeof(model::LinkView))) links_.push(link);
}

void SpanBuilder::count_part(Row& row, TruncatedPart part, std::uint32_t count_max) {
  unmute(row);
  if (muted_ != 0 || ++row.count <= count_max) return;
  ++losses_.truncated[static_cast<std::size_t>(part)];
  mute(row);
}

void SpanBuilder::mute(Row& row) noexcept {
  row.muted = true;
  ++muted_;
}

void SpanBuilder::unmute(Row& row) noexcept {
  if (row.muted) --muted_;
  row.muted = false;
}

void SpanBuilder::cut_value() noexcept {
  if (!value_is_cut_) ++losses_.truncated[static_cast<std::size_t>(TruncatedPart::Value)];
  value_is_cut_ = true;
}

void SpanBuilder::check_text(std::string_view raw, const char* what) {
  const bool is_valid =
      is_utf8(raw) && (marker_.empty() || raw.find(marker_) == std::string_view::npos);
  if (!is_valid && losses_.invalid_text == nullptr) losses_.invalid_text = what;
}

// Ends an item: it is added unless a limit forbids that.
bool SpanBuilder::is_kept(Row& row, std::size_t bytes) noexcept {
  const bool kept = muted_ == 0 && charge(bytes);
  unmute(row);
  return kept;
}

bool SpanBuilder::charge(std::size_t bytes) noexcept {
  byte_count_ += bytes;
  if (byte_count_ > limits_.span_bytes_max && !losses_.over_limit) {
    losses_.over_limit = true;
    ++muted_;  // until the next begin()
  }
  return !losses_.over_limit;
}

}  // namespace betrace::otlp
