// Files of an archive in memory, as `tar` writes and reads them.
//
// The export of evidence is one, and its verification reads it. Plain files only. Source: POSIX.1,
// pax, "ustar Interchange Format".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/result.h"

namespace betrace {

using TarFiles = std::vector<std::pair<std::string, std::string>>;  ///< Name and content.

/// Requires: names of at most 99 bytes, contents below 8 GiB.
[[nodiscard]] std::string write_tar(const TarFiles& files);
/// Error Corrupt: cut off, a wrong checksum, or an entry that is no plain file.
[[nodiscard]] Result<TarFiles> read_tar(std::string_view bytes);

}  // namespace betrace
