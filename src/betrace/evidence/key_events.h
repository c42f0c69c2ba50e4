// `key_event` records: how one key of a log vouches for another.
//
// storage/ writes them when the key changes, verifiers follow them from a key that they trust.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/evidence/signing_key.h"

namespace betrace::evidence {

inline constexpr std::string_view kKeyEventType = "key_event";

/// What such a record says besides the members that every record has.
struct KeyEvent {
  /// `next`: the group that holds it names the key that follows. `previous`: the first group of a
  /// key names the one before it.
  std::string event;
  std::optional<PublicKey> key;  ///< Nothing: there was none before.
};

/// Adds `event`, `kid` and `public_key` to a payload.
void add_key_event(const KeyEvent& event, Json* payload);
/// Nothing if the payload is no key event of a form that is known here.
[[nodiscard]] std::optional<KeyEvent> read_key_event(const Json& payload);

}  // namespace betrace::evidence
