#include "betrace/api/diagnostic_json.h"

#include "betrace/control/rule_check.h"

namespace betrace::api {

OrderedJson diagnostic_json(const rules::Diagnostic& diagnostic) {
  OrderedJson json = {{"code", rules::name_of(diagnostic.code)},
                      {"message", diagnostic.message},
                      {"line", diagnostic.line},
                      {"column", diagnostic.column},
                      {"offset", diagnostic.range.offset},
                      {"length", diagnostic.range.length}};
  if (!diagnostic.hint.empty()) json["hint"] = diagnostic.hint;
  return json;
}

OrderedJson diagnostics_json(const std::vector<rules::Diagnostic>& diagnostics) {
  OrderedJson list = OrderedJson::array();
  for (const rules::Diagnostic& diagnostic : diagnostics) {
    list.push_back(diagnostic_json(diagnostic));
  }
  return list;
}

ApiError expression_error(const rules::Diagnostic& diagnostic) {
  ApiError error;
  error.kind = ErrorKind::InvalidExpression;
  error.message = control::located_message(diagnostic);
  error.details["errors"] = diagnostics_json({diagnostic});
  return error;
}

}  // namespace betrace::api
