#include "betrace/base/sha256.h"

#include <openssl/sha.h>

namespace betrace {

Sha256 sha256(std::string_view bytes) noexcept {
  Sha256 digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

}  // namespace betrace
