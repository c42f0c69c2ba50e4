#include "betrace/http/request_id.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>

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

void set_next_id(std::string* id) {
  static std::atomic<std::uint64_t> counter{random_start()};
  std::uint64_t value = scatter(counter.fetch_add(1, std::memory_order_relaxed));
  id->resize(16);
  for (char& digit : *id) {
    digit = "0123456789abcdef"[value & 0xf];
    value >>= 4;
  }
}

}  // namespace

void set_request_id(const Headers& headers, std::string* id) {
  const auto given = headers.find("X-Request-Id");
  if (given && is_legal(*given)) {
    id->assign(*given);
  } else {
    set_next_id(id);
  }
}

}  // namespace betrace::http
