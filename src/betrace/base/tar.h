// Files of an archive, as `tar` writes and reads them.
//
// The export of evidence is one, made piece by piece, and its verification reads it in memory.
// Plain files only. Source: POSIX.1, pax, "ustar Interchange Format".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/result.h"

namespace betrace {

using TarFiles = std::vector<std::pair<std::string, std::string>>;  ///< Name and content.

/// What stands before a file of `size` bytes. Of 8 GiB and more the size is written as GNU tar
/// does. Requires: a name of at most 99 bytes.
[[nodiscard]] std::string tar_header(std::string_view name, std::uint64_t size);
/// What stands behind it.
[[nodiscard]] std::string tar_padding(std::uint64_t size);
/// What stands behind the last file.
[[nodiscard]] std::string tar_end();

/// Error Corrupt: cut off, a wrong checksum, or an entry that is no plain file.
[[nodiscard]] Result<TarFiles> read_tar(std::string_view bytes);

}  // namespace betrace
