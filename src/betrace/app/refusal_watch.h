// Which answers of the server are refusals that the log must tell: `refused` records.
//
// A missing or insufficient credential, a spent rate, and every change that was asked for and not
// made. Mistakes in questions are not among them.
#pragma once

#include <functional>
#include <vector>

#include "betrace/account/refusals.h"
#include "betrace/http/call_status.h"
#include "betrace/http/route_table.h"
#include "betrace/http/server_limits.h"

namespace betrace::app {

/// Returns what HttpObserver tells of errors. The rows of `routes` say which requests change
/// something: those that need the role write or admin. `refusals` must outlive it.
[[nodiscard]] std::function<void(const http::FinishedRequest&)> refusal_watch(
    const std::vector<http::Route>& routes, account::Refusals& refusals);

/// The same for HttpObserver::on_denial(). Method of the record is `GRPC`, its code and status are
/// those of gRPC.
[[nodiscard]] std::function<void(const http::DeniedCall&)> denial_watch(
    account::Refusals& refusals);

}  // namespace betrace::app
