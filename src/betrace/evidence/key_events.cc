#include "betrace/evidence/key_events.h"

#include "betrace/base/hex.h"
#include "betrace/evidence/payload_members.h"

namespace betrace::evidence {

void add_key_event(const KeyEvent& event, Json* payload) {
  (*payload)["event"] = event.event;
  (*payload)["kid"] = event.key ? Json(kid_of(*event.key)) : Json();
  (*payload)["public_key"] = event.key ? Json(to_hex(*event.key)) : Json();
}

std::optional<KeyEvent> read_key_event(const Json& payload) {
  PayloadMembers members(payload);
  if (members.text("type") != kKeyEventType) return std::nullopt;
  KeyEvent event;
  event.event = members.text("event");
  const std::string digits = members.text("public_key");
  if (!digits.empty()) {
    PublicKey key;
    if (!from_hex(digits, key)) return std::nullopt;
    event.key = key;
  }
  return members.is_good() ? std::optional(event) : std::nullopt;
}

}  // namespace betrace::evidence
