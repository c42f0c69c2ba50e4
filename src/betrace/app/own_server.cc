#include "betrace/app/own_server.h"

#include <string>

#include "betrace/app/access_files.h"

namespace betrace::app {

http::ClientOptions own_server(const Config& config) {
  http::ClientOptions options;
  options.host = config.list("http.bind").front();
  options.port = static_cast<std::uint16_t>(config.number("http.port"));
  options.tls_certificate = config.text("tls.cert");
  std::string key = config.text("api_key");
  if (key.empty() && access_settings(config).rules.mode == api::AuthMode::Bootstrap) {
    if (const auto made = read_bootstrap_key(config.text("state.path"))) key = made->reveal();
  }
  if (!key.empty()) options.headers.emplace_back(config.text("api_key_header"), std::move(key));
  return options;
}

}  // namespace betrace::app
