#include "betrace/base/unguessable_bytes.h"

#include <openssl/rand.h>

#include "betrace/base/check.h"

namespace betrace {

std::vector<std::uint8_t> unguessable_bytes(std::size_t count) {
  std::vector<std::uint8_t> bytes(count);
  BETRACE_CHECK(RAND_bytes(bytes.data(), static_cast<int>(count)) == 1);
  return bytes;
}

}  // namespace betrace
