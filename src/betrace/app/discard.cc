#include "betrace/app/discard.h"

namespace betrace::app {

void discard_spans(std::vector<http::Route>* routes) {
  for (http::Route& route : *routes) {
    if (route.path != "/v1/traces") continue;
    route.handler = [](const http::Request& request, const http::PathParameters&) {
      const std::string type = http::media_type(request.head.headers);
      return http::make_response(200, type, type == "application/json" ? "{}" : "");
    };
  }
}

void discard_spans(http::CallMethod* receive) {
  receive->handler = [](const http::Call&) { return http::CallReply{}; };
}

}  // namespace betrace::app
