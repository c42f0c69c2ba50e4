#include "betrace/exporter/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/base/json.h"
#include "betrace/base/utf8.h"
#include "betrace/model/violation_json.h"

namespace betrace::exporter {
namespace {

constexpr std::string_view kEvent = "event";
constexpr std::string_view kWhole = "violation";

bool is_place_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// Members with one value, or a list of texts.
const OrderedJson& known_members() {
  static const OrderedJson kMembers = [] {
    OrderedJson members = model::violation_json(model::Violation(), {});
    members.erase("metadata");
    return members;
  }();
  return kMembers;
}

bool is_known(const std::string& name) {
  return name == kEvent || name == kWhole || known_members().contains(name);
}

// As within the quotes of a JSON string.
std::string quoted_text(const std::string& text) {
  const std::string json = dump(OrderedJson(text));
  return json.substr(1, json.size() - 2);
}

std::string value_text(const OrderedJson& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return quoted_text(value.get_ref<const std::string&>());
  if (!value.is_array()) return dump(value);
  std::vector<std::string> items;
  for (const OrderedJson& item : value) items.push_back(value_text(item));
  return fmt::format("{}", fmt::join(items, ", "));
}

}  // namespace

Result<WebhookTemplate> WebhookTemplate::read(std::string_view text) {
  WebhookTemplate made;
  Piece piece;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    piece.text += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto* const end = std::find_if_not(text.begin() + 1, text.end(), is_place_letter);
    const std::string name(text.begin() + 1, end);
    if (name.empty() || end == text.end() || *end != '}') {
      piece.text += '{';
      text.remove_prefix(1);
      continue;
    }
    if (!is_known(name)) {
      return fail(ErrorCode::InvalidArgument,
                  fmt::format("has a place {{{}}} that is none", quote_excerpt(name)));
    }
    piece.place = name;
    made.pieces_.push_back(std::exchange(piece, {}));
    text.remove_prefix(name.size() + 2);
  }
  made.pieces_.push_back(std::move(piece));
  return made;
}

std::string WebhookTemplate::fill(const OrderedJson& violation, std::string_view event) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    text += piece.text;
    if (piece.place.empty()) continue;
    if (piece.place == kEvent) {
      text += event;
    } else if (piece.place == kWhole) {
      text += dump(violation);
    } else if (const auto member = violation.find(piece.place); member != violation.end()) {
      text += value_text(*member);
    }
  }
  return text;
}

std::optional<Telling> WebhookForm::tell(const storage::TailRecord& record) const {
  const model::Violation& violation = record.record.violation;
  if (violation.severity < options_.least) return std::nullopt;
  OrderedJson json = model::violation_json(violation, record.place);
  const std::string_view event = model::event_name(record.record);
  if (options_.body) return options_.body->fill(json, event);
  return dump(OrderedJson{{kEvent, event}, {kWhole, std::move(json)}});
}

std::string WebhookForm::write(const std::vector<OutboxItem>& items) const {
  BETRACE_CHECK(items.size() == 1);
  return std::get<std::string>(items.front().telling);
}

}  // namespace betrace::exporter
