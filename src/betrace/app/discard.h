// `serve --discard`: doors that take every span and drop it unread.
//
// For benchmarks alone: what framing, admission and inflation cost when nothing is decoded. Used by
// app/service.
#pragma once

#include <vector>

#include "betrace/http/call_table.h"
#include "betrace/http/route_table.h"

namespace betrace::app {

/// Replaces the handler of each route that takes spans.
void discard_spans(std::vector<http::Route>* routes);
void discard_spans(http::CallMethod* receive);

}  // namespace betrace::app
