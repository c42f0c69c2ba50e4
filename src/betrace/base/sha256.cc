#include "betrace/base/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "betrace/base/check.h"

namespace betrace {

Sha256 sha256(std::string_view bytes) noexcept {
  // Looked up once: by name it takes longer than the digest of a short text.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  Sha256 digest;
  const int is_done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm, nullptr);
  BETRACE_CHECK(is_done == 1);
  return digest;
}

bool same_digest(const Sha256& left, const Sha256& right) noexcept {
  return CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) noexcept {
  Sha256 digest{};
  const auto* const made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                digest.data(), nullptr);
  BETRACE_CHECK(made != nullptr);
  return digest;
}

}  // namespace betrace
