#include "betrace/http/loopback.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace betrace::http {

bool is_loopback(std::string_view address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.size() >= text.size()) return false;
  std::ranges::copy(address, text.begin());
  in_addr four{};
  if (inet_pton(AF_INET, text.data(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, text.data(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

}  // namespace betrace::http
