#include "betrace/api/openapi_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "betrace/base/html.h"

namespace betrace::api {
namespace {

constexpr std::string_view kStyle = R"css(body {
  font: 15px/1.5 system-ui, sans-serif;
  color: #1a1d21;
  max-width: 62rem;
  margin: 2rem auto;
  padding: 0 1rem;
}
h1 { font-size: 1.6rem; }
h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid #d9dde2; }
h3 { font-size: 1rem; margin: 1.75rem 0 0.25rem; }
p { margin: 0.25rem 0; }
nav ul { columns: 3; list-style: none; padding: 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.6rem; }
th, td { border-bottom: 1px solid #e4e7eb; }
th { color: #555; font-weight: 600; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 4rem; color: #0b5cad; }
.note { color: #555; }
@media (prefers-color-scheme: dark) {
  body { color: #e4e7eb; background: #15181c; }
  th, .note { color: #a5adb8; }
  h2, th, td { border-color: #333a42; }
  a, .method { color: #7cb7ff; }
}
)css";

constexpr std::array<std::string_view, 5> kMethods = {"get", "post", "put", "patch", "delete"};

// `code` between backticks, the rest as it is.
std::string prose(std::string_view text) {
  std::string html;
  for (bool is_code = false;; is_code = !is_code) {
    const std::size_t at = text.find('`');
    const std::string part = escape_html(text.substr(0, at));
    html += is_code ? "<code>" + part + "</code>" : part;
    if (at == std::string_view::npos) return html;
    text.remove_prefix(at + 1);
  }
}

std::string upper_case(std::string_view method) {
  std::string upper(method);
  for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
  return upper;
}

std::string text_of(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string last_part(const std::string& reference) {
  return reference.substr(reference.rfind('/') + 1);
}

std::string words_of(const Json& list) {
  std::vector<std::string> words;
  for (const Json& each : list) {
    words.push_back(escape_html(each.is_string() ? each.get<std::string>() : each.dump()));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

// What a value of that schema is: `list of Rule`, `one of LOW, HIGH`.
std::string type_html(const Json& schema) {
  if (const std::string name = text_of(schema, "$ref"); !name.empty()) {
    return fmt::format("<a href=\"#schema-{0}\">{0}</a>", escape_html(last_part(name)));
  }
  if (schema.contains("enum")) return "one of " + words_of(schema["enum"]);
  if (schema.contains("const")) return escape_html(schema["const"].dump());
  if (schema.contains("anyOf")) {
    std::vector<std::string> types;
    for (const Json& each : schema["anyOf"]) types.push_back(type_html(each));
    return fmt::format("{}", fmt::join(types, " or "));
  }
  if (!schema.contains("type")) return "anything";
  if (schema["type"] == "array") {
    return "list of " + (schema.contains("items") ? type_html(schema["items"]) : "anything");
  }
  std::string type = schema["type"].is_array() ? words_of(schema["type"]) : text_of(schema, "type");
  if (const std::string format = text_of(schema, "format"); !format.empty()) {
    type += " (" + escape_html(format) + ")";
  }
  return type;
}

// Writes the page from top to bottom. One use.
class PageWriter {
 public:
  explicit PageWriter(const Json& document) : document_(document) {}

  std::string write() {
    html_ += fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>BeTrace API</title>\n<link rel=\"stylesheet\" href=\"{}\">\n"
        "</head><body>\n<h1>BeTrace API</h1>\n<p>Version {}. For programs: "
        "<a href=\"/openapi.yaml\">openapi.yaml</a>.</p>\n",
        kPageStylePath, escape_html(text_of(document_["info"], "version")));
    std::string chapters;
    html_ += "<nav><ul>\n";
    for (const Json& tag : document_["tags"]) write_chapter(text_of(tag, "name"), &chapters);
    html_ += "</ul></nav>\n" + chapters + "<h2>Schemas</h2>\n";
    for (const auto& schema : document_["components"]["schemas"].items()) {
      write_schema(schema.key(), schema.value());
    }
    html_ += "</body></html>\n";
    return std::move(html_);
  }

 private:
  // Adds a chapter, and its operations to the list at the top.
  void write_chapter(const std::string& tag, std::string* chapters) {
    std::string chapter;
    for (const auto& path : document_["paths"].items()) {
      for (const std::string_view method : kMethods) {
        const auto operation = path.value().find(method);
        if (operation == path.value().end()) continue;
        const auto tags = operation->find("tags");
        if (tags == operation->end() || (*tags)[0] != tag) continue;
        html_ += fmt::format("<li><a href=\"#{}\">{}</a></li>\n",
                             escape_html(text_of(*operation, "operationId")),
                             escape_html(upper_case(method) + " " + path.key()));
        write_operation(path.key(), method, *operation, &chapter);
      }
    }
    if (!chapter.empty()) *chapters += fmt::format("<h2>{}</h2>\n{}", escape_html(tag), chapter);
  }

  void write_operation(const std::string& path, std::string_view method, const Json& operation,
                       std::string* out) {
    *out += fmt::format(
        "<section id=\"{}\"><h3><code class=\"method\">{}</code> <code>{}</code></h3>\n"
        "<p>{}.</p>\n<p class=\"note\">Role: {}</p>\n",
        escape_html(text_of(operation, "operationId")), upper_case(method), escape_html(path),
        prose(text_of(operation, "summary")), role_of(operation));
    write_parameters(operation, out);
    if (operation.contains("requestBody")) {
      *out += "<p>Body: " + content_html(operation["requestBody"]) + "</p>\n";
    }
    *out += "<table><thead><tr><th>Status</th><th>Answer</th></tr></thead><tbody>\n";
    for (const auto& [answer, statuses] : answers_of(operation)) {
      *out += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escape_html(statuses),
                          content_html(resolved(answer)));
    }
    *out += "</tbody></table></section>\n";
  }

  // Answers with all statuses that have them: `400, 401, default`.
  static std::vector<std::pair<Json, std::string>> answers_of(const Json& operation) {
    std::vector<std::pair<Json, std::string>> answers;
    for (const auto& response : operation["responses"].items()) {
      const auto same = std::ranges::find(answers, response.value(),
                                          [](const auto& known) { return known.first; });
      if (same == answers.end()) {
        answers.emplace_back(response.value(), response.key());
      } else {
        same->second += ", " + response.key();
      }
    }
    return answers;
  }

  static std::string role_of(const Json& operation) {
    if (operation["security"].empty()) return "public, no credential";
    return escape_html(operation["security"][0]["bearer"][0].get<std::string>());
  }

  void write_parameters(const Json& operation, std::string* out) {
    if (!operation.contains("parameters")) return;
    *out +=
        "<table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr></thead>"
        "<tbody>\n";
    for (const Json& each : operation["parameters"]) {
      const Json& parameter = resolved(each);
      *out += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                          escape_html(text_of(parameter, "name")),
                          escape_html(text_of(parameter, "in")), type_html(parameter["schema"]),
                          prose(text_of(parameter, "description")));
    }
    *out += "</tbody></table>\n";
  }

  // The types of a body, with their schemas.
  static std::string content_html(const Json& holder) {
    std::string html = prose(text_of(holder, "description"));
    const auto content = holder.find("content");
    if (content == holder.end()) return html;
    for (const auto& type : content->items()) {
      if (!html.empty()) html += "<br>";
      html += "<code>" + escape_html(type.key()) + "</code>";
      if (type.value().contains("schema")) html += ": " + type_html(type.value()["schema"]);
    }
    return html;
  }

  void write_schema(const std::string& name, const Json& schema) {
    html_ += fmt::format("<section id=\"schema-{0}\"><h3>{0}</h3>\n", escape_html(name));
    if (const std::string text = text_of(schema, "description"); !text.empty()) {
      html_ += "<p>" + prose(text) + "</p>\n";
    }
    if (schema.contains("properties")) {
      html_ +=
          "<table><thead><tr><th>Member</th><th></th><th>Type</th><th></th></tr></thead>"
          "<tbody>\n";
      write_members("", schema);
      html_ += "</tbody></table>\n";
    } else {
      html_ += "<p>" + type_html(schema) + "</p>\n";
    }
    html_ += "</section>\n";
  }

  // Objects within objects as `statistics.since`, entries of a list as `errors[].code`.
  void write_members(const std::string& prefix, const Json& schema) {
    const Json required = schema.value("required", Json::array());
    for (const auto& member : schema["properties"].items()) {
      const bool is_required =
          std::find(required.begin(), required.end(), member.key()) != required.end();
      const std::string name = prefix + member.key();
      html_ +=
          fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                      escape_html(name), is_required ? "required" : "", type_html(member.value()),
                      prose(text_of(member.value(), "description")));
      if (member.value().contains("properties")) write_members(name + ".", member.value());
      const auto items = member.value().find("items");
      if (items != member.value().end() && items->contains("properties")) {
        write_members(name + "[].", *items);
      }
    }
  }

  const Json& resolved(const Json& holder) const {
    const std::string reference = text_of(holder, "$ref");
    if (reference.empty()) return holder;
    return document_.at(Json::json_pointer(reference.substr(1)));
  }

  const Json& document_;
  std::string html_;
};

}  // namespace

std::string openapi_page(const Json& document) { return PageWriter(document).write(); }

std::string_view openapi_page_style() noexcept { return kStyle; }

}  // namespace betrace::api
