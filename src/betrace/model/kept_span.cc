#include "betrace/model/kept_span.h"

#include <cstring>
#include <new>

#include "betrace/base/check.h"

namespace betrace::model {
namespace {

// Copies as long as there is room, and goes on measuring when there is not.
class Copier {
 public:
  explicit Copier(std::span<std::byte> room) : room_(room) {}

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] bool fits() const { return used_ <= room_.size(); }

  std::string_view text(std::string_view source) {
    std::byte* to = take(source.size(), 1);
    if (to == nullptr || source.empty()) return {};
    std::memcpy(to, source.data(), source.size());
    return {reinterpret_cast<const char*>(to), source.size()};
  }

  AttributesView attributes(AttributesView source) {
    return array<AttributeView>(source, [this](const AttributeView& from) {
      return AttributeView{text(from.key), value(from.value)};
    });
  }

  ValueView value(const ValueView& source) {
    switch (source.type()) {
      case ValueType::String:
        return ValueView::string(text(source.as_text()));
      case ValueType::Bytes:
        return ValueView::bytes(text(source.as_text()));
      case ValueType::List:
        return ValueView::list(array<ValueView>(
            source.as_list(), [this](const ValueView& from) { return value(from); }));
      case ValueType::Map:
        return ValueView::map(attributes(source.as_map()));
      default:
        return source;
    }
  }

  void span(const SpanView& source) {
    SpanView copy = source;
    void* place = take(sizeof(SpanView), alignof(SpanView));
    copy.name = text(source.name);
    copy.status_message = text(source.status_message);
    copy.attributes = attributes(source.attributes);
    copy.resource = attributes(source.resource);
    copy.scope_name = text(source.scope_name);
    copy.scope_version = text(source.scope_version);
    copy.events = array<EventView>(source.events, [this](const EventView& from) {
      return EventView{from.time_unix_nano, text(from.name), attributes(from.attributes)};
    });
    copy.links = array<LinkView>(source.links, [this](const LinkView& from) {
      return LinkView{from.trace_id, from.span_id, attributes(from.attributes)};
    });
    if (place != nullptr) new (place) SpanView(copy);
  }

 private:
  template <typename T, typename Copy>
  std::span<const T> array(std::span<const T> source, Copy copy) {
    static_assert(std::is_trivially_destructible_v<T>);
    auto* to = reinterpret_cast<T*>(take(source.size_bytes(), alignof(T)));
    for (std::size_t i = 0; i < source.size(); ++i) {
      const T item = copy(source[i]);
      if (to != nullptr) new (to + i) T(item);
    }
    return to == nullptr ? std::span<const T>() : std::span<const T>(to, source.size());
  }

  std::byte* take(std::size_t size, std::size_t alignment) {
    used_ = (used_ + alignment - 1) / alignment * alignment;
    const std::size_t at = used_;
    used_ += size;
    return fits() ? room_.data() + at : nullptr;
  }

  const std::span<std::byte> room_;
  std::size_t used_ = 0;
};

}  // namespace

PackedSpan pack(const SpanView& span, std::span<std::byte> room) noexcept {
  Copier copier(room);
  copier.span(span);
  if (!copier.fits()) return {nullptr, copier.used()};
  return {std::launder(reinterpret_cast<const SpanView*>(room.data())), copier.used()};
}

KeptSpan KeptSpan::copy(const SpanView& span) {
  const std::size_t byte_count = pack(span, {}).byte_count;
  KeptSpan kept;
  kept.block_ = std::make_unique_for_overwrite<std::byte[]>(byte_count);
  kept.packed_ = pack(span, {kept.block_.get(), byte_count});
  BETRACE_CHECK(kept.packed_.view != nullptr);
  return kept;
}

}  // namespace betrace::model
