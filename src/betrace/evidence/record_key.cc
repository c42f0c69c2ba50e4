#include "betrace/evidence/record_key.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <array>

#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/evidence/dsse.h"

namespace betrace::evidence {
namespace {

constexpr std::string_view kMacVersion = "v1:";
constexpr std::size_t kKidDigits = 8;

// In lower case: upper case would be a second text of the same bytes.
template <std::size_t N>
bool is_hex_of(std::string_view text) {
  std::array<std::uint8_t, N> bytes{};
  return from_hex(text, bytes) && to_hex(bytes) == text;
}

// Takes the same time wherever the first difference is.
bool is_same(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace

RecordKey::RecordKey(Secret secret)
    : secret_(std::move(secret)),
      kid_(to_hex(hmac_sha256(secret_.reveal(), "betrace:kid:v1")).substr(0, kKidDigits)) {}

std::string RecordKey::mac(std::string_view payload) const {
  const std::string message = pre_authentication_encoding(kRecordType, payload);
  return fmt::format("{}{}:{}", kMacVersion, kid_, to_hex(hmac_sha256(secret_.reveal(), message)));
}

std::optional<bool> RecordKeys::verify(std::string_view payload, std::string_view mac) const {
  const auto kid = kid_of_mac(mac);
  if (!kid) return false;
  if (active && active->kid() == *kid) return is_same(active->mac(payload), mac);
  for (const RecordKey& key : previous) {
    if (key.kid() == *kid) return is_same(key.mac(payload), mac);
  }
  return std::nullopt;
}

std::optional<std::string> kid_of_mac(std::string_view mac) {
  const std::size_t digest = kMacVersion.size() + kKidDigits + 1;
  if (mac.size() != digest + 64 || !mac.starts_with(kMacVersion) || mac[digest - 1] != ':') {
    return std::nullopt;
  }
  const std::string_view kid = mac.substr(kMacVersion.size(), kKidDigits);
  const bool is_hex =
      is_hex_of<kKidDigits / 2>(kid) && is_hex_of<std::tuple_size_v<Sha256>>(mac.substr(digest));
  if (!is_hex) return std::nullopt;
  return std::string(kid);
}

}  // namespace betrace::evidence
