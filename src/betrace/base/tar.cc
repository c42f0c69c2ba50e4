#include "betrace/base/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "betrace/base/check.h"

namespace betrace {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kTypeAt = 156;

// Of the bytes of a header, its own field counted as spaces.
std::uint64_t checksum_of(std::string_view header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool is_own = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    sum += is_own ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

// Eleven octal digits, or where they do not suffice a marked number of twelve bytes.
std::string size_field(std::uint64_t size) {
  if (size < std::uint64_t{1} << 33) return fmt::format("{:011o}", size);
  std::string field(12, '\0');
  field.front() = '\x80';
  for (std::size_t i = field.size(); size != 0; size >>= 8) field[--i] = static_cast<char>(size);
  return field;
}

bool read_octal(std::string_view digits, std::uint64_t* value) {
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, *value, 8);
  return error == std::errc() && at != end && (*at == '\0' || *at == ' ');
}

tl::unexpected<Error> no_archive(std::string_view what) {
  return fail(ErrorCode::Corrupt, fmt::format("archive: {}", what));
}

}  // namespace

std::string tar_header(std::string_view name, std::uint64_t size) {
  BETRACE_CHECK(name.size() < 100);
  std::string header(kBlock, '\0');
  const auto put = [&header](std::size_t at, std::string_view text) {
    header.replace(at, text.size(), text);
  };
  put(0, name);
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size_field(size));
  put(136, "00000000000");
  put(kTypeAt, "0");
  put(257, std::string_view("ustar\00000", 8));
  put(kChecksumAt, fmt::format("{:06o}", checksum_of(header)));
  header[kChecksumAt + 7] = ' ';
  return header;
}

std::string tar_padding(std::uint64_t size) {
  return std::string((kBlock - size % kBlock) % kBlock, '\0');
}

std::string tar_end() { return std::string(2 * kBlock, '\0'); }

Result<TarFiles> read_tar(std::string_view bytes) {
  TarFiles files;
  while (bytes.size() >= kBlock) {
    const std::string_view header = bytes.substr(0, kBlock);
    bytes.remove_prefix(kBlock);
    if (header.find_first_not_of('\0') == std::string_view::npos) {
      const bool is_end = bytes.find_first_not_of('\0') == std::string_view::npos;
      return is_end && bytes.size() >= kBlock ? Result<TarFiles>(std::move(files))
                                              : no_archive("bytes after its end");
    }
    std::uint64_t size = 0;
    std::uint64_t sum = 0;
    const bool is_header = read_octal(header.substr(124, 12), &size) &&
                           read_octal(header.substr(kChecksumAt, kChecksumSize), &sum) &&
                           sum == checksum_of(header);
    const bool is_file = header[kTypeAt] == '0' || header[kTypeAt] == '\0';
    if (!is_header || !is_file) return no_archive("not a header of a plain file");
    if (bytes.size() < size) break;
    const std::string_view name = header.substr(0, 100);
    files.emplace_back(name.substr(0, name.find('\0')), bytes.substr(0, size));
    bytes.remove_prefix(std::min((size + kBlock - 1) / kBlock * kBlock, bytes.size()));
  }
  return no_archive("cut off");
}

}  // namespace betrace
