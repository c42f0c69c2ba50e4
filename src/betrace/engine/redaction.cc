#include "betrace/engine/redaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "betrace/base/ascii.h"
#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/engine/message_fields.h"

namespace betrace::engine {
namespace {

using model::AttributeView;
using model::ValueType;
using model::ValueView;

// Says which service a violation is of.
constexpr std::string_view kServiceKey = "service.name";
constexpr std::size_t kHiddenBytes = 8;

std::string policy_id(RedactionLists lists, const Secret& key) {
  std::string text = to_hex(hmac_sha256(key.reveal(), "betrace:kid:v1"));
  for (auto* list : {&lists.allow, &lists.deny}) {
    std::ranges::sort(*list);
    text += '\n';
    for (const std::string& pattern : *list) text += pattern + ",";
  }
  return "p-" + to_hex(sha256(text)).substr(0, 8);
}

}  // namespace

Redaction::Redaction(RedactionLists lists, Secret key)
    : lists_(std::move(lists)), key_(std::move(key)), id_(policy_id(lists_, key_)) {
  for (const std::string& pattern : lists_.allow) allowed_.add(pattern);
  for (const std::string& pattern : lists_.deny) denied_.add(lower_case(pattern));
}

bool Redaction::is_allowed(std::string_view key) const {
  return key == kServiceKey || allowed_.match(key);
}

bool Redaction::is_denied(std::string_view key) const {
  return key != kServiceKey && denied_.match(lower_case(key));
}

std::string Redaction::hidden(std::string_view text) const {
  const Sha256 mac = hmac_sha256(key_.reveal(), text);
  return "hmac:" + to_hex(std::span(mac).first<kHiddenBytes>());
}

ValueView Redaction::shown(std::string_view key, const ValueView& value, ShownValues* room) const {
  if (!is_denied(key)) return shown_parts(key, value, room);
  const FieldText text = text_of(value);
  if (!text.has_value()) return value;
  return ValueView::string(room->texts_.emplace_back(hidden(*text)));
}

// The depth of attribute values is bounded where they are read, so recursion is too.
ValueView Redaction::shown_parts(std::string_view path, const ValueView& value,
                                 ShownValues* room) const {
  if (value.type() == ValueType::List) {
    std::vector<ValueView> items;
    for (const ValueView& item : value.as_list()) items.push_back(shown_parts(path, item, room));
    return ValueView::list(room->lists_.emplace_back(std::move(items)));
  }
  if (value.type() != ValueType::Map) return value;
  std::vector<AttributeView> fields;
  for (const AttributeView& field : value.as_map()) {
    const std::string field_path = fmt::format("{}.{}", path, field.key);
    const std::string_view rule = is_denied(field.key) ? field.key : std::string_view(field_path);
    fields.push_back({field.key, shown(rule, field.value, room)});
  }
  return ValueView::map(room->maps_.emplace_back(std::move(fields)));
}

}  // namespace betrace::engine
