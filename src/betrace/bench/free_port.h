// Ports that were free a moment ago, for a server that cannot choose one itself.
//
// Used by child_server.h and by tests of the load generator.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace betrace::bench {

/// Fills in loopback ports that nobody listens on, each another one; 0 where there is none.
void find_free_ports(std::span<std::uint16_t> ports);

template <std::size_t count>
[[nodiscard]] std::array<std::uint16_t, count> free_ports() {
  std::array<std::uint16_t, count> ports{};
  find_free_ports(ports);
  return ports;
}

}  // namespace betrace::bench
