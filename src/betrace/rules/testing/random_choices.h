// Test support: the choices of a random rule or trace: first from given bytes, then from a
// generator.
//
// A fuzzer changes bytes to change choices one by one; a short input still makes a whole rule and a
// whole trace, because the generator, which is seeded with all of the bytes, goes on after them.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string_view>

namespace betrace::rules {

class RandomChoices {
 public:
  /// `bytes` must outlive this.
  explicit RandomChoices(std::string_view bytes) : bytes_(bytes), random_(hash_of(bytes)) {}
  /// No bytes: the generator from the start.
  explicit RandomChoices(std::uint64_t seed) : random_(seed) {}

  /// A number below `bound`. Requires: it is 1 to 256.
  std::size_t below(std::size_t bound) {
    if (bytes_.empty()) return random_() % bound;
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte % bound;
  }

  bool chance(std::size_t percent) { return below(100) < percent; }

  template <typename Items>
  const auto& one_of(const Items& items) {
    return items[below(std::size(items))];
  }

 private:
  // FNV-1a
  static std::uint64_t hash_of(std::string_view bytes) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char byte : bytes) {
      hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
    }
    return hash;
  }

  std::string_view bytes_;
  std::mt19937_64 random_;
};

// What random rules and random traces have in common: few words, so that they meet often.
inline constexpr std::array<std::string_view, 4> kSpanNames = {"pay", "db.query", "audit",
                                                               "GET /cart"};
inline constexpr std::array<std::string_view, 5> kKeys = {"user", "amount", "http.code", "tags",
                                                          "duration"};
inline constexpr std::array<std::string_view, 6> kTexts = {"u1", "u2", "Error", "7", "4.50", ""};
inline constexpr std::array<std::string_view, 3> kServices = {"shop", "bank", "db"};
inline constexpr std::array<std::string_view, 3> kEventNames = {"retry", "exception", "db.retry"};

}  // namespace betrace::rules
