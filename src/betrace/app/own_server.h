// How a command of this program reaches the server that runs with the same settings: its address,
// the certificate that it must show, and the key that opens it.
#pragma once

#include "betrace/app/config.h"
#include "betrace/http/client.h"

namespace betrace::app {

/// Returns where GET /health and the API are. The key is that of the settings, else the one that
/// bootstrap mode made in the state directory, if this user may read it.
[[nodiscard]] http::ClientOptions own_server(const Config& config);

}  // namespace betrace::app
