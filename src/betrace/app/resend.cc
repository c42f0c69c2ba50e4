#include "betrace/app/resend.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <ostream>
#include <string>

#include "betrace/app/own_server.h"
#include "betrace/base/json.h"
#include "betrace/http/client.h"

namespace betrace::app {
namespace {

// The text of a member of the answer, or the answer as it is.
std::string shown(const std::string& body, const char* member) {
  const auto json = parse_json(body);
  if (!json || !json->is_object() || !json->contains(member)) return body;
  const Json& value = json->at(member);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

int run_resend(const Config& config, const ResendRange& range, std::ostream& out,
               std::ostream& err) {
  http::Client client(own_server(config));
  Json body = {{"from_seq", std::to_string(range.first)}};
  if (range.last != 0) body["to_seq"] = std::to_string(range.last);
  const auto reply = client.post("/v1/violations/resend", "application/json", body.dump());
  if (!reply) {
    fmt::print(err, "betrace: {}\n", reply.error().message);
    return 1;
  }
  if (reply->status != 202) {
    fmt::print(err, "betrace: {}\n", shown(reply->body, "message"));
    return 1;
  }
  fmt::print(out, "sending records {} to {} once more\n", shown(reply->body, "from_seq"),
             shown(reply->body, "to_seq"));
  return 0;
}

}  // namespace betrace::app
