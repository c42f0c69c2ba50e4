// The public keys of a log: which key was valid for which sequences. `keys.json`.
//
// storage/ keeps it in the state directory, bundles carry it, GET /v1/evidence/keys shows it. Holds
// nothing secret. The algorithm of a signature is taken from here, never from the message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/evidence/signing_key.h"

namespace betrace::evidence {

inline constexpr std::size_t kKeyRingBytesMax = 1024 * 1024;

enum class KeyStatus : std::uint8_t { Active, Retired, Compromised };

/// One key; its kid and its algorithm follow from it.
struct RingKey {
  PublicKey key{};
  std::uint64_t from_seq = 1;
  std::optional<std::uint64_t> to_seq;  ///< Nothing: it is in use.
  KeyStatus status = KeyStatus::Active;

  [[nodiscard]] std::string kid() const { return kid_of(key); }
  [[nodiscard]] bool covers(std::uint64_t first_seq, std::uint64_t last_seq) const noexcept {
    return from_seq <= first_seq && (!to_seq || last_seq <= *to_seq);
  }
};

/// Keys in the order in which they came.
struct KeyRing {
  std::vector<RingKey> keys;

  [[nodiscard]] const RingKey* find(std::string_view kid) const noexcept;
  [[nodiscard]] RingKey* active() noexcept;
};

/// `active` `retired` `compromised`
[[nodiscard]] std::string_view name_of(KeyStatus status) noexcept;

/// Returns one key as canonical JSON, as the API shows it.
[[nodiscard]] std::string write_ring_key(const RingKey& key);
/// Returns canonical JSON and a line feed.
[[nodiscard]] std::string write_key_ring(const KeyRing& ring);
/// Error Corrupt: not exactly what write_key_ring() makes, or two keys of one kid; Unsupported: a
/// newer version or an algorithm that is not known here.
[[nodiscard]] Result<KeyRing> read_key_ring(std::string_view text);

/// The ring of a bundle: the keys that signed something from `first_seq` to `last_seq`, each with
/// just the part of that range that it signed. So every number in it can be checked.
[[nodiscard]] KeyRing cut_key_ring(const KeyRing& ring, std::uint64_t first_seq,
                                   std::uint64_t last_seq);

}  // namespace betrace::evidence
