#include "betrace/otlp/wire.h"

namespace betrace::otlp {

bool WireCursor::read_long_varint(int bytes_max, std::uint64_t* value) noexcept {
  std::uint64_t result = 0;
  const char* at = at_;
  for (int i = 0; i < bytes_max && at != end_; ++i) {
    const auto byte = static_cast<unsigned char>(*at++);
    result |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      at_ = at;
      *value = result;
      return true;
    }
  }
  return false;
}

bool FieldCursor::skip_group() noexcept {
  // The group that tag_ opened counts as the first; which group an end belongs to was checked.
  std::uint64_t open = 1;
  while (open != 0) {
    if (!cursor_.read_tag(&tag_)) return false;
    bool is_read = true;
    switch (wire_type_of(tag_)) {
      case WireType::StartGroup:
        ++open;
        break;
      case WireType::EndGroup:
        --open;
        break;
      case WireType::Varint:
        is_read = cursor_.read_varint(&number_);
        break;
      case WireType::Fixed64:
        is_read = cursor_.read_fixed64(&number_);
        break;
      case WireType::Bytes:
        is_read = cursor_.read_bytes(&bytes_);
        break;
      case WireType::Fixed32:
        is_read = read_fixed32();
        break;
    }
    if (!is_read) return false;
  }
  return true;
}

}  // namespace betrace::otlp
