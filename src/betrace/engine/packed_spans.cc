#include "betrace/engine/packed_spans.h"

#include <algorithm>

#include "betrace/base/check.h"

namespace betrace::engine {

void PackedSpans::add(const model::SpanView& span) {
  model::PackedSpan packed = model::pack(span, room());
  if (packed.view == nullptr) {
    advance(packed.byte_count);
    packed = model::pack(span, room());
    BETRACE_CHECK(packed.view != nullptr);
  }
  spans_.push_back(packed);
  const std::size_t end = used_in_chunk_ + packed.byte_count + alignof(model::SpanView) - 1;
  used_in_chunk_ = end / alignof(model::SpanView) * alignof(model::SpanView);
}

void PackedSpans::clear() noexcept {
  current_ = 0;
  used_in_chunk_ = 0;
  spans_.clear();
}

std::uint64_t PackedSpans::byte_count() const noexcept {
  std::uint64_t bytes = spans_.capacity() * sizeof(spans_[0]);
  for (const Chunk& chunk : chunks_) bytes += chunk.size;
  return bytes;
}

void PackedSpans::advance(std::size_t bytes) {
  if (current_ < chunks_.size()) ++current_;
  used_in_chunk_ = 0;
  if (current_ == chunks_.size()) chunks_.emplace_back();
  Chunk& chunk = chunks_[current_];
  if (chunk.size >= bytes) return;
  const std::size_t usual =
      current_ == 0 ? kFirstBytes : std::min(2 * chunks_[current_ - 1].size, kChunkBytes);
  chunk.size = std::max(bytes, usual);
  chunk.memory = std::make_unique_for_overwrite<std::byte[]>(chunk.size);
}

std::span<std::byte> PackedSpans::room() const noexcept {
  if (current_ == chunks_.size()) return {};
  const Chunk& chunk = chunks_[current_];
  if (used_in_chunk_ >= chunk.size) return {};
  return std::span(chunk.memory.get(), chunk.size).subspan(used_in_chunk_);
}

}  // namespace betrace::engine
