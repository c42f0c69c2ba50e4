#include "betrace/api/key_ring.h"

#include <algorithm>

namespace betrace::api {

const ApiKey* KeyRing::find_key(std::string_view key) const noexcept {
  const Sha256 digest = sha256(key);
  const ApiKey* found = nullptr;
  for (const ApiKey& entry : keys_) {
    if (entry.digest && same_digest(*entry.digest, digest)) found = &entry;
  }
  return found;
}

const ApiKey* KeyRing::find_name(std::span<const std::string> names) const noexcept {
  const auto bears = [names](const ApiKey& entry) {
    return std::ranges::find_first_of(names, entry.names) != names.end();
  };
  const auto found = std::ranges::find_if(keys_, bears);
  return found == keys_.end() ? nullptr : &*found;
}

}  // namespace betrace::api
