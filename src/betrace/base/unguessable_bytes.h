// Bytes that nobody can guess, for keys. Source: OpenSSL's generator, seeded by the system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace betrace {

/// Returns `count` random bytes.
[[nodiscard]] std::vector<std::uint8_t> unguessable_bytes(std::size_t count);

}  // namespace betrace
