#include "betrace/api/document_routes.h"

#include <memory>
#include <string>
#include <utility>

#include "betrace/api/openapi_document.h"
#include "betrace/api/openapi_page.h"
#include "betrace/base/check.h"
#include "betrace/storage/yaml.h"

namespace betrace::api {
namespace {

constexpr std::size_t kDocumentBytesMax = 1024 * 1024;

struct DocumentFile {
  const char* path;
  const char* content_type;
  std::string text;
};

http::Route route_of(const char* path, std::string produces) {
  return {.method = "GET",
          .path = path,
          .role = http::Role::Public,
          .handler = [](const http::Request&, const http::PathParameters&) -> http::Response {
            return http::empty_response(404);
          },
          .produces = std::move(produces)};
}

}  // namespace

void add_document_routes(std::vector<http::Route>* routes) {
  std::vector<DocumentFile> files = {{"/openapi.yaml", "application/yaml", ""},
                                     {"/docs", "text/html", ""},
                                     {kPageStylePath.data(), "text/css", ""}};
  const std::size_t first = routes->size();
  for (const DocumentFile& file : files) {
    routes->push_back(route_of(file.path, file.content_type));
  }
  files[0].text = openapi_document(*routes);
  const auto document = storage::yaml_to_json(files[0].text, kDocumentBytesMax);
  BETRACE_CHECK(document.has_value());
  files[1].text = openapi_page(*document);
  files[2].text = openapi_page_style();
  for (std::size_t index = 0; index < files.size(); ++index) {
    const auto file = std::make_shared<const DocumentFile>(std::move(files[index]));
    (*routes)[first + index].handler = [file](const http::Request&, const http::PathParameters&) {
      return http::make_response(200, std::string(file->content_type) + "; charset=utf-8",
                                 file->text);
    };
  }
}

}  // namespace betrace::api
