// SHA-256, for ids that must be the same on any machine, the evidence chain and API keys.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace betrace {

using Sha256 = std::array<std::uint8_t, 32>;

/// Returns the digest of `bytes`. Source: FIPS 180-4, by OpenSSL.
[[nodiscard]] Sha256 sha256(std::string_view bytes) noexcept;

/// True if both are equal; takes as long whichever byte differs, so that a stranger learns nothing.
[[nodiscard]] bool same_digest(const Sha256& left, const Sha256& right) noexcept;

/// Returns the HMAC of `bytes` under a key of any length. Source: RFC 2104, by OpenSSL.
[[nodiscard]] Sha256 hmac_sha256(std::string_view key, std::string_view bytes) noexcept;

}  // namespace betrace
