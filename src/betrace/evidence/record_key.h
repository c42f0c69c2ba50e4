// The HMAC of each record, under a secret of the operator: a quick check for those who have it.
//
// The record thread of storage/ makes them, the API checks them. Whoever can check one can forge
// one; evidence for outsiders are the signatures of commit groups. Source: RFC 2104.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/secret.h"

namespace betrace::evidence {

/// Immutable.
class RecordKey {
 public:
  /// Requires: not empty.
  explicit RecordKey(Secret secret);

  /// `9f31c0aa`: says which key it was, and nothing else about it.
  [[nodiscard]] const std::string& kid() const noexcept { return kid_; }
  /// `v1:<kid>:<64 hex>` over the payload and its type.
  [[nodiscard]] std::string mac(std::string_view payload) const;

 private:
  Secret secret_;
  std::string kid_;
};

/// The key that signs and those that only verify. Immutable.
struct RecordKeys {
  std::optional<RecordKey> active;
  std::vector<RecordKey> previous;

  /// Whether `mac` is that of `payload`; nothing if it was made by a key that is not here.
  [[nodiscard]] std::optional<bool> verify(std::string_view payload, std::string_view mac) const;
};

/// The key id in `v1:<kid>:<64 hex>`; nothing if the text is anything else.
[[nodiscard]] std::optional<std::string> kid_of_mac(std::string_view mac);

}  // namespace betrace::evidence
