#include "betrace/http/error_response.h"

#include "betrace/base/json.h"

namespace betrace::http {

Response json_error(const Problem& problem, const RequestHead& head) {
  // Assembled by hand, so that members come in the documented order and details stay as they are.
  std::string body = "{\"error\":{\"code\":";
  body += dump_json(problem.code);
  body += ",\"message\":";
  body += dump_json(problem.message);
  body += ",\"details\":";
  body += problem.details_json;
  body += ",\"request_id\":";
  body += dump_json(head.request_id);
  body += ",\"retry_after\":";
  body += problem.retry_after ? std::to_string(*problem.retry_after) : "null";
  body += "},\"message\":";
  body += dump_json(problem.message);
  body += "}";
  Response response = json_response(problem.status, std::move(body));
  response.error_code = problem.code;
  if (problem.retry_after) {
    response.headers.add("Retry-After", std::to_string(*problem.retry_after));
  }
  return response;
}

}  // namespace betrace::http
