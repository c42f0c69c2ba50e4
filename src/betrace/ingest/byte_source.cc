#include "betrace/ingest/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace betrace::ingest {
namespace {

// An open descriptor; standard input is not closed.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ > STDERR_FILENO) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::string reason_of(int error) { return std::strerror(error); }

// The bytes as they are on disk.
class RawFile {
 public:
  RawFile(int number, std::uint64_t size) : descriptor_(number), size_(size) {}

  // Returns the next bytes, nothing at the end. They are valid until the next call.
  Result<std::span<const char>> next() {
    if (unread_ != 0) {
      const std::span<const char> again(buffer_.data(), unread_);
      unread_ = 0;
      return again;
    }
    const auto count = read_once(std::span<char>(buffer_));
    if (!count) return fail(count.error());
    return std::span<const char>(buffer_.data(), *count);
  }

  // Makes the first bytes visible without taking them: all that the beginning offers, up to two.
  Result<std::string_view> peek_two() {
    while (unread_ < 2) {
      const auto count = read_once(std::span<char>(buffer_).subspan(unread_));
      if (!count) return fail(count.error());
      if (*count == 0) break;
      unread_ += *count;
    }
    return std::string_view(buffer_.data(), std::min<std::size_t>(unread_, 2));
  }

  [[nodiscard]] std::uint64_t consumed() const { return consumed_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  Result<std::size_t> read_once(std::span<char> out) {
    for (;;) {
      const ssize_t count = ::read(descriptor_.number(), out.data(), out.size());
      if (count >= 0) {
        consumed_ += static_cast<std::uint64_t>(count);
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) {
        return fail(ErrorCode::StorageFailed, fmt::format("cannot read: {}", reason_of(errno)));
      }
    }
  }

  Descriptor descriptor_;
  std::uint64_t size_;
  std::uint64_t consumed_ = 0;
  std::size_t unread_ = 0;
  std::array<char, 64 * 1024> buffer_;
};

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(std::unique_ptr<RawFile> file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<char> out) override {
    if (rest_.empty()) {
      const auto next = file_->next();
      if (!next) return fail(next.error());
      rest_ = *next;
    }
    const std::size_t count = std::min(out.size(), rest_.size());
    std::copy_n(rest_.begin(), count, out.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

  [[nodiscard]] std::uint64_t consumed() const noexcept override { return file_->consumed(); }
  [[nodiscard]] std::uint64_t size() const noexcept override { return file_->size(); }

 private:
  std::unique_ptr<RawFile> file_;
  std::span<const char> rest_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<RawFile> file) : file_(std::move(file)) {
    is_ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override {
    if (is_ready_) inflateEnd(&stream_);
  }

  Result<std::size_t> read(std::span<char> out) override {
    if (!is_ready_) return fail(ErrorCode::Unavailable, "no memory to inflate gzip");
    const std::size_t wanted = std::min<std::size_t>(out.size(), 1u << 30);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(wanted);
    while (stream_.avail_out == wanted) {
      const auto more = fill();
      if (!more) return fail(more.error());
      if (!*more) break;
      if (const auto stepped = step(); !stepped) return fail(stepped.error());
    }
    return wanted - stream_.avail_out;
  }

  [[nodiscard]] std::uint64_t consumed() const noexcept override { return file_->consumed(); }
  [[nodiscard]] std::uint64_t size() const noexcept override { return file_->size(); }

 private:
  // Sees to it that there is input; false at the end of the file.
  Result<bool> fill() {
    if (stream_.avail_in != 0) return true;
    const auto next = file_->next();
    if (!next) return fail(next.error());
    if (next->empty()) {
      if (in_member_) return fail(ErrorCode::Corrupt, "gzip data is cut off");
      return false;
    }
    // zlib only reads through this pointer; its type is older than const.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(next->data()));
    stream_.avail_in = static_cast<uInt>(next->size());
    return true;
  }

  Result<void> step() {
    in_member_ = true;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      in_member_ = false;
      inflateReset(&stream_);
      return {};
    }
    if (result == Z_OK || result == Z_BUF_ERROR) return {};
    return fail(ErrorCode::Corrupt,
                fmt::format("gzip data is damaged: {}", stream_.msg == nullptr ? "" : stream_.msg));
  }

  std::unique_ptr<RawFile> file_;
  z_stream stream_{};
  bool is_ready_ = false;
  bool in_member_ = false;
};

Result<std::unique_ptr<RawFile>> open_file(const std::string& path) {
  const bool is_input = path == "-";
  const int number = is_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::StorageFailed;
    return fail(code, fmt::format("cannot open {}: {}", path, reason_of(errno)));
  }
  struct stat status {};
  std::uint64_t size = 0;
  const bool has_status = ::fstat(number, &status) == 0;
  if (has_status && S_ISREG(status.st_mode)) size = static_cast<std::uint64_t>(status.st_size);
  auto file = std::make_unique<RawFile>(number, size);
  if (has_status && S_ISDIR(status.st_mode)) {
    return fail(ErrorCode::InvalidArgument, fmt::format("{} is a folder", path));
  }
  return file;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& path) {
  auto file = open_file(path);
  if (!file) return fail(file.error());
  const auto beginning = (*file)->peek_two();
  if (!beginning) return fail(beginning.error());
  std::unique_ptr<ByteSource> source;
  if (*beginning == "\x1F\x8B") {
    source = std::make_unique<GzipSource>(std::move(*file));
  } else {
    source = std::make_unique<PlainSource>(std::move(*file));
  }
  return source;
}

}  // namespace betrace::ingest
