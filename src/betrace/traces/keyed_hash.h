// A keyed hash of ids: whoever chooses trace and span ids must not choose hash buckets with them.
//
// The key is random per process and passed in, so that tests can fix it. Not for anything that
// leaves the process.
#pragma once

#include <array>
#include <cstdint>

#include "betrace/model/ids.h"

namespace betrace::traces {

/// Two random secrets.
using HashKey = std::array<std::uint64_t, 2>;

/// Hashes an id with a secret key by folded multiplication. Immutable.
class KeyedHash {
 public:
  explicit KeyedHash(const HashKey& key) noexcept : key_{key[0] | 1U, key[1] | 1U} {}

  [[nodiscard]] std::size_t operator()(const model::TraceId& id) const noexcept {
    return fold(id.word(0) ^ key_[0], id.word(8) ^ key_[1]);
  }
  [[nodiscard]] std::size_t operator()(const model::SpanId& id) const noexcept {
    return fold(id.word() ^ key_[0], key_[1]);
  }

 private:
  // A second round, because one multiplication maps any product with zero to zero.
  [[nodiscard]] std::uint64_t fold(std::uint64_t left, std::uint64_t right) const noexcept {
    const std::uint64_t first = multiply(left, right);
    return multiply(first ^ key_[1], 0x9E3779B97F4A7C15ULL ^ key_[0]) ^ left;
  }

  static std::uint64_t multiply(std::uint64_t left, std::uint64_t right) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(left) * right;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  }

  HashKey key_;
};

}  // namespace betrace::traces
