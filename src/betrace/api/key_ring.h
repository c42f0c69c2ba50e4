// The credentials that are known, and whose a given one is.
//
// access.h asks for each request; key_file.h and app/ fill it. Keeps digests of keys, no key.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/role_set.h"
#include "betrace/base/sha256.h"
#include "betrace/base/time.h"

namespace betrace::api {

/// Most entries of a key file.
inline constexpr std::size_t kApiKeysMax = 64;

/// One client, known by its key or by a name in its certificate.
struct ApiKey {
  std::string id;  ///< Shown in logs and records; not secret.
  RoleSet roles;
  std::optional<Sha256> digest;      ///< Of the key.
  std::vector<std::string> names{};  ///< Subject alternative names of client certificates.
  UnixNanos not_before = 0;
  UnixNanos not_after = std::numeric_limits<UnixNanos>::max();  ///< Exclusive.

  [[nodiscard]] bool is_valid_at(UnixNanos now) const noexcept {
    return not_before <= now && now < not_after;
  }
};

/// Immutable.
class KeyRing {
 public:
  explicit KeyRing(std::vector<ApiKey> keys = {}) : keys_(std::move(keys)) {}

  /// Returns the entry of that key, valid now or not; null if there is none. All entries are
  /// compared whole, whichever it is.
  [[nodiscard]] const ApiKey* find_key(std::string_view key) const noexcept;
  /// Returns the first entry that bears one of the names of a verified certificate, or null.
  [[nodiscard]] const ApiKey* find_name(std::span<const std::string> names) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }

 private:
  const std::vector<ApiKey> keys_;
};

}  // namespace betrace::api
