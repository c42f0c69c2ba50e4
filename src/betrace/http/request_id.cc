#include "betrace/http/request_id.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <random>

#include "betrace/base/hex.h"

namespace betrace::http {
namespace {

constexpr std::size_t kIdBytesMax = 64;

bool is_legal(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kIdBytesMax &&
         std::all_of(id.begin(), id.end(), [](char character) {
           return (character >= '0' && character <= '9') ||
                  (character >= 'a' && character <= 'z') ||
                  (character >= 'A' && character <= 'Z') || character == '.' || character == '_' ||
                  character == '-';
         });
}

std::uint64_t random_start() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

/// A bijection that makes neighbours look unrelated. Source: the finaliser of SplitMix64.
std::uint64_t scatter(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

std::string next_id() {
  static std::atomic<std::uint64_t> counter{random_start()};
  const std::uint64_t value = scatter(counter.fetch_add(1, std::memory_order_relaxed));
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    bytes[index] = static_cast<std::uint8_t>(value >> (8 * index));
  }
  return to_hex(bytes);
}

}  // namespace

std::string request_id_of(const Headers& headers) {
  const auto given = headers.find("X-Request-Id");
  return given && is_legal(*given) ? std::string(*given) : next_id();
}

}  // namespace betrace::http
