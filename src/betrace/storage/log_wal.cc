#include "betrace/storage/log_wal.h"

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

namespace betrace::storage {
namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagic = 0x377F0682;  // the last bit tells the byte order of the checksums
constexpr std::uint32_t kPageBytesMax = 65'536;

std::uint32_t big_endian(std::string_view bytes, std::size_t offset) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[offset + i]);
  }
  return value;
}

// The running checksum of a WAL; `bytes` is a multiple of eight.
struct Checksum {
  bool is_big_endian = false;
  std::uint32_t first = 0;
  std::uint32_t second = 0;

  void add(std::string_view bytes) {
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      first += word(bytes, i) + second;
      second += word(bytes, i + 4) + first;
    }
  }
  [[nodiscard]] bool is_stored_at(std::string_view bytes, std::size_t offset) const {
    return big_endian(bytes, offset) == first && big_endian(bytes, offset + 4) == second;
  }

 private:
  [[nodiscard]] std::uint32_t word(std::string_view bytes, std::size_t offset) const {
    const std::uint32_t value = big_endian(bytes, offset);
    return is_big_endian ? value : __builtin_bswap32(value);
  }
};

// Fills `bytes`; false at the end of the file.
Result<bool> read_all(FileSystem& files, int file, std::string* bytes) {
  std::size_t done = 0;
  while (done < bytes->size()) {
    const ssize_t count = files.read(file, bytes->data() + done, bytes->size() - done);
    if (count == -EINTR) continue;
    if (count < 0) {
      return fail(ErrorCode::StorageFailed, errno_text(static_cast<int>(-count)));
    }
    if (count == 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

// The checksum after a header that is whole.
std::optional<Checksum> read_header(std::string_view header) {
  const std::uint32_t magic = big_endian(header, 0);
  if ((magic & ~1U) != kMagic) return std::nullopt;
  const std::uint32_t page_bytes = big_endian(header, 8);
  if (page_bytes < 512 || page_bytes > kPageBytesMax) return std::nullopt;
  Checksum checksum{(magic & 1U) != 0};
  checksum.add(header.substr(0, 24));
  return checksum.is_stored_at(header, 24) ? std::optional(checksum) : std::nullopt;
}

}  // namespace

Result<WalState> inspect_wal(FileSystem& files, int file) {
  std::string header(kHeaderBytes, '\0');
  const auto has_header = read_all(files, file, &header);
  if (!has_header) return fail(has_header.error());
  if (!*has_header) return WalState::Empty;
  std::string frame(kFrameHeaderBytes, '\0');
  auto checksum = read_header(header);
  if (!checksum) {
    const auto has_frame = read_all(files, file, &frame);
    if (!has_frame) return fail(has_frame.error());
    return *has_frame ? WalState::Damaged : WalState::Empty;
  }
  frame.resize(kFrameHeaderBytes + big_endian(header, 8));
  const std::string_view bytes = frame;
  WalState state = WalState::Empty;
  bool is_whole = true;
  bool is_commit_behind = false;
  for (;;) {
    const auto more = read_all(files, file, &frame);
    if (!more) return fail(more.error());
    if (!*more) return state;
    state = WalState::Whole;
    const bool is_of_this_log = bytes.substr(8, 8) == std::string_view(header).substr(16, 8);
    if (is_whole) {
      checksum->add(bytes.substr(0, 8));
      checksum->add(bytes.substr(kFrameHeaderBytes));
      is_whole = is_of_this_log && checksum->is_stored_at(bytes, 16);
    }
    if (is_whole || !is_of_this_log) continue;
    // A commit begins only when the one before it is on the device.
    if (is_commit_behind) return WalState::Damaged;
    is_commit_behind = big_endian(bytes, 4) != 0;
  }
}

}  // namespace betrace::storage
