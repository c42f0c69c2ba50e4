// The limits and the text checks of a span, the same for every wire form.
//
// A reader walks its form and calls this for each text, list and attribute; what comes back are the
// views of a model::SpanView, or less where a limit is reached. It knows neither protobuf nor JSON.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "betrace/model/span_interest.h"
#include "betrace/model/span_view.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/otlp/view_arena.h"

namespace betrace::otlp {

/// What a span, resource or scope lost, and what is wrong with it.
struct Losses {
  TruncatedCounts truncated{};
  const char* invalid_text = nullptr;  ///< What is not UTF-8: `name`, `key`, `value`; or null.
  bool over_limit = false;             ///< Decoded it is larger than `span_bytes_max`.

  [[nodiscard]] bool any_truncated() const noexcept {
    std::uint64_t any = 0;
    for (const std::uint64_t count : truncated) any |= count;
    return any != 0;
  }
  /// Why every span that includes this must be rejected, if it must.
  [[nodiscard]] RejectCause reject_cause() const noexcept {
    if (invalid_text != nullptr) {
      return {RejectReason::InvalidText, invalid_text, "is not valid UTF-8"};
    }
    if (over_limit) return {RejectReason::Limit, "span", "is larger than a trace may be"};
    return {};
  }
};

/// Builds the views of one span, or of one resource, at a time. Its memory is reused by the next.
///
/// While it is *muted* (inside of something that exceeds a limit) it checks text and keeps nothing.
/// Owned by one reader.
class SpanBuilder {
 public:
  /// A list, map or row of attributes, events or links that is being built. `muted` from the
  /// counting of an item beyond a limit until it is added.
  struct Row {
    std::size_t mark = 0;
    std::uint32_t count = 0;
    bool muted = false;
  };

  static constexpr std::size_t kPlainBytesMax = 0x7F;

  explicit SpanBuilder(const ReaderLimits& limits) : limits_(limits) {}

  /// Starts the next span. Makes all views that this builder gave out invalid.
  void begin() noexcept;
  [[nodiscard]] const Losses& losses() const noexcept { return losses_; }
  /// Text that holds `marker` counts as invalid; empty is none. It must outlive the reading.
  void set_invalid_marker(std::string_view marker) noexcept { marker_ = marker; }

  /// Attributes that `interest` does not want are checked and counted as ever, but not kept. Null:
  /// all are wanted. It must outlive the reading.
  void set_interest(const model::SpanInterest* interest) noexcept { interest_ = interest; }

  /// Until the next `begin()` texts are only checked: nothing is kept, cut or counted.
  void check_only() noexcept { ++muted_; }

  /// Checks a name or message; returns it, cut at `value_bytes_max`.
  [[nodiscard]] std::string_view name(std::string_view raw);
  /// The same for one that is known to be UTF-8.
  [[nodiscard]] std::string_view plain_name(std::string_view raw) {
    const std::size_t bytes = byte_count_ + raw.size();
    const bool has_room = raw.size() <= limits_.value_bytes_max && bytes <= limits_.span_bytes_max;
    if (!has_room || !takes_plain()) return name(raw);
    byte_count_ = bytes;
    return raw;
  }
  /// Checks a key; returns it, cut at `key_bytes_max`.
  [[nodiscard]] std::string_view key(std::string_view raw);

  /// A row of attributes: `begin`, then for each `count_attribute`, `key`, a value and
  /// `add_field`, then `end`. Rows of events may be open at the same time.
  [[nodiscard]] Row begin_attributes() noexcept { return begin_row(fields_.mark()); }
  void count_attribute(Row& row);
  void add_field(Row& row, std::string_view key, const model::ValueView& value);
  /// The same as all of these in one step, for an attribute whose texts are known to be UTF-8.
  /// `text_bytes`: of its value. False if a limit is near or this is muted, and nothing was done.
  [[nodiscard, gnu::always_inline]] bool add_plain_attribute(Row& row, std::string_view key,
                                                             const model::ValueView& value,
                                                             std::size_t text_bytes) {
    const std::size_t bytes = byte_count_ + key.size() + text_bytes + sizeof(model::AttributeView);
    const bool has_room = row.count < limits_.attributes_max &&
                          key.size() <= limits_.key_bytes_max &&
                          text_bytes <= limits_.value_bytes_max && bytes <= limits_.span_bytes_max;
    if (!has_room || !takes_plain()) return false;
    value_depth_ = 1;
    add_plain(row, key, value, text_bytes);
    return true;
  }
  /// How many such attributes add_plain() may add in a row, each of at most kPlainBytesMax bytes:
  /// until then no limit is near. May be 0.
  [[nodiscard]] std::uint64_t begin_plain(const Row& row) noexcept {
    const bool has_room = limits_.key_bytes_max >= kPlainBytesMax &&
                          limits_.value_bytes_max >= kPlainBytesMax &&
                          byte_count_ <= limits_.span_bytes_max;
    if (!has_room || !takes_plain() || row.count >= limits_.attributes_max) return 0;
    value_depth_ = 1;
    const std::uint64_t bytes_left = limits_.span_bytes_max - byte_count_;
    return std::min<std::uint64_t>(limits_.attributes_max - row.count,
                                   bytes_left / (kPlainBytesMax + sizeof(model::AttributeView)));
  }
  [[gnu::always_inline]] void add_plain(Row& row, std::string_view key,
                                        const model::ValueView& value, std::size_t text_bytes) {
    ++row.count;
    byte_count_ += key.size() + text_bytes + sizeof(model::AttributeView);
    if (interest_ == nullptr || interest_->wants(key)) fields_.push({key, value});
  }
  [[nodiscard]] model::AttributesView end_attributes(Row& row);

  /// Values of the attribute that was counted last. What does not fit into its
  /// `value_bytes_max` bytes is cut off.
  [[nodiscard]] model::ValueView string_value(std::string_view raw);
  [[nodiscard]] model::ValueView bytes_value(std::string_view raw);
  /// The same for bytes that do not outlive the call: it copies what it keeps.
  [[nodiscard]] model::ValueView owned_bytes_value(std::string_view raw);
  /// A list or map: `begin`, then for each item `count_item`, its value and `add_item` (or `key`
  /// and `add_field`), then `end`.
  [[nodiscard]] Row begin_list() noexcept;
  [[nodiscard]] Row begin_map() noexcept;
  void count_item(Row& row);
  void add_item(Row& row, const model::ValueView& value);
  [[nodiscard]] model::ValueView end_list(Row& row);
  [[nodiscard]] model::ValueView end_map(Row& row);

  /// Events and links, alike.
  [[nodiscard]] Row begin_events() noexcept { return begin_row(events_.mark()); }
  [[nodiscard]] Row begin_links() noexcept { return begin_row(links_.mark()); }
  void count_event(Row& row) { count_part(row, TruncatedPart::Events, limits_.events_max); }
  void count_link(Row& row) { count_part(row, TruncatedPart::Links, limits_.links_max); }
  void add_event(Row& row, const model::EventView& event);
  void add_link(Row& row, const model::LinkView& link);
  [[nodiscard]] std::span<const model::EventView> end_events(Row& row) {
    return row.count == 0 ? std::span<const model::EventView>() : end_row(row, events_);
  }
  [[nodiscard]] std::span<const model::LinkView> end_links(Row& row) {
    return row.count == 0 ? std::span<const model::LinkView>() : end_row(row, links_);
  }

 private:
  // Nothing has been reached that asks for a closer look at each text.
  [[nodiscard]] bool takes_plain() const noexcept {
    return muted_ == 0 && losses_.invalid_text == nullptr && marker_.empty();
  }
  [[nodiscard]] static Row begin_row(std::size_t mark) noexcept { return Row{mark, 0, false}; }
  template <typename T>
  [[nodiscard]] std::span<const T> end_row(Row& row, UnfinishedItems<T>& items) {
    unmute(row);
    return items.finish(row.mark, arena_);
  }
  void count_part(Row& row, TruncatedPart part, std::uint32_t count_max);
  void mute(Row& row) noexcept;
  void unmute(Row& row) noexcept;
  void cut_value() noexcept;
  void check_text(std::string_view raw, const char* what);
  [[nodiscard]] bool is_kept(Row& row, std::size_t bytes) noexcept;
  [[nodiscard]] bool charge(std::size_t bytes) noexcept;

  ReaderLimits limits_;
  ViewArena arena_;
  UnfinishedItems<model::ValueView> items_;
  UnfinishedItems<model::AttributeView> fields_;
  UnfinishedItems<model::EventView> events_;
  UnfinishedItems<model::LinkView> links_;
  Losses losses_;
  std::string_view marker_;
  const model::SpanInterest* interest_ = nullptr;
  std::size_t byte_count_ = 0;    // of the span so far
  std::size_t value_budget_ = 0;  // bytes that the current value may still take
  std::uint32_t value_depth_ = 0;
  bool value_is_cut_ = false;
  std::uint32_t muted_ = 0;  // how many limits we are beyond
};

}  // namespace betrace::otlp
