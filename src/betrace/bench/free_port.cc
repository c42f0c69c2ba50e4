#include "betrace/bench/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace betrace::bench {

void find_free_ports(std::span<std::uint16_t> ports) {
  std::vector<int> probes;  // open until all are found, so that each is another one
  for (std::uint16_t& port : ports) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    probes.push_back(probe);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const bool is_bound =
        ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
        ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    port = is_bound ? ntohs(address.sin_port) : std::uint16_t{0};
  }
  for (const int probe : probes) ::close(probe);
}

}  // namespace betrace::bench
