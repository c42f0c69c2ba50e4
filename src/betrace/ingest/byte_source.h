// The bytes of a file or of standard input, inflated if they are gzip, in constant memory.
//
// Used by message_stream. It knows neither lines nor messages.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "betrace/base/result.h"

namespace betrace::ingest {

/// Reads one file from beginning to end. Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Opens `path`, or standard input for `-`. Gzip is recognised by its first two bytes; several
  /// members one after the other are one file. Error NotFound, InvalidArgument (a directory) or
  /// StorageFailed, naming the path.
  [[nodiscard]] static Result<std::unique_ptr<ByteSource>> open(const std::string& path);

  /// Fills the front of `out` and returns how much; 0 at the end. Error Corrupt: damaged or cut off
  /// gzip. Error StorageFailed: reading failed. Requires: `out` is not empty.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> out) = 0;

  /// Bytes of the file that were read so far, before they were inflated.
  [[nodiscard]] virtual std::uint64_t consumed() const noexcept = 0;
  /// Size of the file; 0 if it is none, such as a pipe.
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
};

}  // namespace betrace::ingest
