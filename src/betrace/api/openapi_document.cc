#include "betrace/api/openapi_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "betrace/api/openapi_components.h"
#include "betrace/api/operation_catalog.h"
#include "betrace/api/role_set.h"
#include "betrace/base/ascii.h"
#include "betrace/base/json.h"
#include "betrace/base/version.h"

namespace betrace::api {
namespace {

constexpr std::string_view kJsonMedia = "application/json";

std::vector<std::string_view> split_at(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find(separator), text.size());
    if (at > 0) parts.push_back(text.substr(0, at));
    text.remove_prefix(std::min(text.size(), at + separator.size()));
  }
  return parts;
}

OrderedJson reference_to(std::string_view kind, std::string_view name) {
  return {{"$ref", fmt::format("#/components/{}/{}", kind, name)}};
}

// `/ui/{path...}` is `/ui/{path}` here.
std::string documented_path(std::string_view path) {
  std::string text(path);
  if (const auto rest = text.find("...}"); rest != std::string::npos) text.erase(rest, 3);
  return text;
}

OrderedJson parameters_json(const std::string& path, std::string_view names) {
  OrderedJson list = OrderedJson::array();
  for (std::string_view rest = path; rest.find('{') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('{') + 1);
    const std::string_view name = rest.substr(0, rest.find('}'));
    list.push_back({{"name", name},
                    {"in", "path"},
                    {"required", true},
                    {"schema", {{"type", "string"}, {"minLength", 1}}}});
  }
  for (const std::string_view name : split_at(names, " ")) {
    list.push_back(reference_to("parameters", name));
  }
  return list;
}

// Lines of JSON and protobuf are no JSON value, so no schema is theirs.
bool has_schema(std::string_view media_type) {
  return media_type.ends_with("json") ? !media_type.ends_with("ndjson")
                                      : media_type.ends_with("yaml");
}

OrderedJson body_json(const http::Route& route, std::string_view schema) {
  const bool is_optional = schema.ends_with('?');
  if (is_optional) schema.remove_suffix(1);
  OrderedJson content = OrderedJson::object();
  for (const std::string& type : route.content_types) {
    content[type] = OrderedJson::object();
    if (has_schema(type)) content[type]["schema"] = reference_to("schemas", schema);
  }
  return {{"required", !is_optional}, {"content", std::move(content)}};
}

// `200 RuleDocument application/yaml`
void add_answer(std::string_view text, OrderedJson* responses) {
  const std::vector<std::string_view> words = split_at(text, " ");
  const std::string status(words.front());
  if (status == "304") {
    (*responses)[status] = reference_to("responses", "NotModified");
    return;
  }
  OrderedJson answer = {{"description", status.starts_with('2') ? "Done." : "See the body."}};
  for (const std::string_view word : std::span(words).subspan(1)) {
    const bool is_type = word.find('/') != std::string_view::npos;
    OrderedJson& content = answer["content"][std::string(is_type ? word : kJsonMedia)];
    content =
        is_type ? OrderedJson::object() : OrderedJson{{"schema", reference_to("schemas", word)}};
  }
  (*responses)[status] = std::move(answer);
}

// What the table makes a route refuse, whatever it does.
std::set<std::string_view> refusals_of(const http::Route& route, const Operation& operation) {
  const std::vector<std::string_view> own = split_at(operation.refusals, " ");
  std::set<std::string_view> statuses(own.begin(), own.end());
  if (route.rate != http::RateClass::None) statuses.insert({"400", "429"});
  if (route.role != http::Role::Public) statuses.insert({"401", "403"});
  if (route.body_bytes_max > 0) statuses.insert({"413", "415"});
  return statuses;
}

OrderedJson responses_json(const http::Route& route, const Operation& operation) {
  OrderedJson responses = OrderedJson::object();
  for (const std::string_view answer : split_at(operation.answers, ", ")) {
    add_answer(answer, &responses);
  }
  const OrderedJson error = reference_to("responses", route.error_format ? "OtlpError" : "Error");
  for (const std::string_view status : refusals_of(route, operation)) {
    responses[std::string(status)] = error;
  }
  responses["default"] = error;
  return responses;
}

OrderedJson security_json(http::Role role) {
  if (role == http::Role::Public) return OrderedJson::array();
  return OrderedJson::array({{{"bearer", OrderedJson::array({name_of(role)})}},
                             {{"apiKey", OrderedJson::array({name_of(role)})}}});
}

OrderedJson operation_json(const http::Route& route, const std::string& path) {
  static constexpr Operation kUnknown{};
  const Operation* found = find_operation(route.method + " " + route.path);
  const Operation& operation = found == nullptr ? kUnknown : *found;
  OrderedJson json = OrderedJson::object();
  if (found != nullptr) {
    json["operationId"] = operation.id;
    json["tags"] = OrderedJson::array({operation.tag});
    json["summary"] = operation.summary;
  }
  OrderedJson parameters = parameters_json(path, operation.parameters);
  if (!parameters.empty()) json["parameters"] = std::move(parameters);
  if (!operation.body.empty()) json["requestBody"] = body_json(route, operation.body);
  json["responses"] = responses_json(route, operation);
  json["security"] = security_json(route.role);
  return json;
}

bool is_plain_key(std::string_view key) {
  return !key.empty() && is_letter(key.front()) && std::ranges::all_of(key, is_alphanumeric);
}

// Objects as blocks; lists and scalars as JSON, which is YAML too.
void write_block(const OrderedJson& object, std::size_t indent, std::string* out) {
  for (const auto& member : object.items()) {
    const std::string key = is_plain_key(member.key()) ? member.key() : dump(member.key());
    *out += fmt::format("{:{}}{}:", "", indent, key);
    if (member.value().is_object() && !member.value().empty()) {
      *out += '\n';
      write_block(member.value(), indent + 2, out);
    } else {
      *out += fmt::format(" {}\n", dump(member.value()));
    }
  }
}

OrderedJson tags_json() {
  OrderedJson tags = OrderedJson::array();
  for (const Operation& operation : operation_catalog()) {
    const OrderedJson tag = {{"name", operation.tag}};
    if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
  }
  return tags;
}

}  // namespace

std::string openapi_document(std::span<const http::Route> rows) {
  OrderedJson document = {{"openapi", "3.1.0"},
                          {"info",
                           {{"title", "BeTrace"},
                            {"version", version()},
                            {"summary", "Real-time rules over OpenTelemetry traces"},
                            {"license", {{"name", "Apache 2.0"}, {"identifier", "Apache-2.0"}}}}},
                          {"servers", OrderedJson::array({{{"url", "/"}}})},
                          {"tags", tags_json()},
                          {"paths", OrderedJson::object()}};
  for (const http::Route& route : rows) {
    const std::string path = documented_path(route.path);
    document["paths"][path][lower_case(route.method)] = operation_json(route, path);
  }
  std::string text;
  write_block(document, 0, &text);
  text += openapi_components_yaml();
  return text;
}

}  // namespace betrace::api
