#include "betrace/api/reply.h"

#include <algorithm>

#include "betrace/api/object_reader.h"

namespace betrace::api {
namespace {

std::string_view without_weak(std::string_view tag) {
  return tag.substr(0, 2) == "W/" ? tag.substr(2) : tag;
}

}  // namespace

http::Handler as_handler(ReplyFunction function) {
  return [function = std::move(function)](const http::Request& request,
                                          const http::PathParameters& parameters) {
    Reply<http::Response> reply = function(request, parameters);
    if (!reply) return error_response(reply.error(), request.head);
    return std::move(*reply);
  };
}

http::Response json_reply(int status, const OrderedJson& body) {
  return http::json_response(status, dump(body));
}

Reply<Json> read_json(std::string_view body, int depth_max) {
  if (body.empty()) return refuse(ErrorKind::InvalidJson, "the body is empty");
  auto json = parse_json(body, depth_max);
  if (!json) return refuse(ErrorKind::InvalidJson, json.error().message);
  return std::move(*json);
}

Reply<Json> read_json_object(std::string_view body, int depth_max) {
  auto json = read_json(body, depth_max);
  if (json && !json->is_object()) {
    return refuse(ErrorKind::InvalidField, "the body is not a JSON object");
  }
  return json;
}

void name_ignored(const std::vector<std::string>& names, http::Response* response) {
  if (!names.empty()) response->headers.add("X-Betrace-Ignored", ignored_header(names));
}

std::optional<std::vector<std::string>> read_etags(const http::Headers& headers,
                                                   std::string_view name) {
  std::optional<std::vector<std::string>> tags;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (!http::equal_ignoring_case(headers.at(i).name, name)) continue;
    if (!tags) tags.emplace();
    std::string_view rest = headers.at(i).value;
    while (!rest.empty()) {
      const std::string_view item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
      if (!http::trimmed(item).empty()) tags->emplace_back(http::trimmed(item));
    }
  }
  return tags;
}

bool is_unchanged(const http::RequestHead& head, std::string_view etag) {
  const auto known = read_etags(head.headers, "If-None-Match");
  return known && std::any_of(known->begin(), known->end(), [etag](const std::string& tag) {
           return tag == "*" || without_weak(tag) == without_weak(etag);
         });
}

}  // namespace betrace::api
