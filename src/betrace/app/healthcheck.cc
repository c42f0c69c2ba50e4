#include "betrace/app/healthcheck.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <chrono>
#include <ostream>

#include "betrace/app/own_server.h"
#include "betrace/http/client.h"

namespace betrace::app {

int run_healthcheck(const Config& config, std::ostream& err) {
  http::ClientOptions options = own_server(config);
  options.headers.clear();  // nobody is asked who he is
  options.timeout = std::chrono::seconds(5);
  http::Client client(options);
  const auto reply = client.get("/health");
  if (reply && reply->status == 200) return 0;
  const std::string reason =
      reply ? fmt::format("status {}", reply->status) : reply.error().message;
  fmt::print(err, "betrace: {} port {} is not healthy: {}\n", options.host, options.port, reason);
  return 1;
}

}  // namespace betrace::app
