// Ed25519 keys: the instance's own that seals commit groups, and public ones that verify them.
//
// storage/ signs with it, verifiers check with it. Reads no file. Source: RFC 8032, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/base/secret.h"
#include "betrace/base/sha256.h"

struct evp_pkey_st;

namespace betrace::evidence {

inline constexpr std::string_view kEd25519 = "ed25519";

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// SHA-256 of the public key: what is handed over out of band, as 64 hex digits.
[[nodiscard]] Sha256 fingerprint_of(const PublicKey& key) noexcept;
/// `ed25519:1f00aa12`: a name with the first 8 digits of the fingerprint.
[[nodiscard]] std::string kid_of(const PublicKey& key);

/// The key as a PEM file with a line feed at its end. Source: RFC 8410.
[[nodiscard]] std::string public_key_pem(const PublicKey& key);

/// True only if `signature` is that of `message` under `key`.
[[nodiscard]] bool verify_signature(const PublicKey& key, std::string_view message,
                                    std::string_view signature) noexcept;

/// A private key. Movable; signing is thread-safe.
class SigningKey {
 public:
  /// A new one, of the machine's randomness.
  [[nodiscard]] static SigningKey generate();
  /// Error InvalidArgument: not the PEM text of a private Ed25519 key without a password.
  [[nodiscard]] static Result<SigningKey> from_pem(const Secret& pem);

  [[nodiscard]] Secret to_pem() const;
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }
  [[nodiscard]] Signature sign(std::string_view message) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const noexcept;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;
  explicit SigningKey(Handle handle);

  Handle handle_;
  PublicKey public_key_{};
};

}  // namespace betrace::evidence
