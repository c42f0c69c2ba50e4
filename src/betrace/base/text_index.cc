#include "betrace/base/text_index.h"

namespace betrace {

std::uint32_t TextIndex::add(std::string_view text) {
  if (const auto known = find(text)) return *known;
  const auto number = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({texts_.size(), text.size()});
  texts_ += text;
  classes_[class_of(text)] = true;
  if (slots_.size() < 4 * entries_.size()) {
    grow();
  } else {
    put(number, hash_of(text));
  }
  return number;
}

void TextIndex::clear() {
  entries_.clear();
  texts_.clear();
  classes_.fill(false);
  slots_.assign(slots_.size(), Slot{});
}

void TextIndex::put(std::uint32_t number, std::uint64_t hash) noexcept {
  std::size_t at = first_slot(hash);
  while (slots_[at].number != kNone) at = (at + 1) & (slots_.size() - 1);
  slots_[at] = {tag_of(hash), number};
}

void TextIndex::grow() {
  slots_.assign(slots_.empty() ? 16 : 2 * slots_.size(), Slot{});
  for (std::uint32_t number = 0; number < entries_.size(); ++number) {
    const Entry& entry = entries_[number];
    put(number, hash_of(std::string_view(texts_).substr(entry.offset, entry.size)));
  }
}

}  // namespace betrace
