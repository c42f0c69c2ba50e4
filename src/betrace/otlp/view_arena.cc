#include "betrace/otlp/view_arena.h"

namespace betrace::otlp {

std::string_view ViewArena::copy_text(std::string_view text) {
  if (text.empty()) return {};
  std::byte* to = take(text.size());
  std::memcpy(to, text.data(), text.size());
  return {reinterpret_cast<const char*>(to), text.size()};
}

void ViewArena::shrink() noexcept {
  // The last block is the largest; one request must not make it large for ever.
  if (blocks_.back().size > kKeptBytesMax) {
    blocks_.clear();
  } else if (blocks_.size() > 1) {
    std::swap(blocks_.front(), blocks_.back());
    blocks_.resize(1);
  }
}

std::byte* ViewArena::take(std::size_t size) {
  size = (size + kAlignment - 1) / kAlignment * kAlignment;
  if (blocks_.empty() || blocks_.back().size - used_ < size) {
    const std::size_t doubled = blocks_.empty() ? kBlockBytes : blocks_.back().size * 2;
    const std::size_t block_size = std::max(doubled, size);
    blocks_.push_back(Block{std::make_unique<std::byte[]>(block_size), block_size});
    used_ = 0;
  }
  std::byte* at = blocks_.back().bytes.get() + used_;
  used_ += size;
  byte_count_ += size;
  return at;
}

}  // namespace betrace::otlp
