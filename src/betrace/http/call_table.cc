#include "betrace/http/call_table.h"

#include <utility>

#include "betrace/base/check.h"

namespace betrace::http {

void CallTable::add(CallMethod method) {
  BETRACE_CHECK(method.handler && find(method.path) == nullptr);
  rows_.push_back(std::move(method));
}

void CallTable::add(std::vector<CallMethod> methods) {
  for (CallMethod& method : methods) add(std::move(method));
}

const CallMethod* CallTable::find(std::string_view path) const noexcept {
  for (const CallMethod& method : rows_) {
    if (method.path == path) return &method;
  }
  return nullptr;
}

}  // namespace betrace::http
