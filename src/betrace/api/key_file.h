// The file of further API keys: a list in YAML or JSON, of digests and of names in certificates.
//
// Read at start and whenever it changes; `betrace key new` writes entries for it. Source:
// docs/guide/security.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/key_ring.h"
#include "betrace/base/result.h"

namespace betrace::api {

inline constexpr std::size_t kKeyFileBytesMax = 256 * 1024;

/// Returns the entries of the file, in its order. Error InvalidArgument, saying which entry and
/// member: not a list; more than kApiKeysMax; `id` missing, illegal or given twice; `roles` none or
/// unknown; neither `sha256` nor `san`; a digest given twice; times that no moment lies between; an
/// unknown member. Never quotes a digest.
[[nodiscard]] Result<std::vector<ApiKey>> read_key_file(std::string_view text);

/// True for `[A-Za-z0-9_][A-Za-z0-9._-]{0,63}` but for the ids of the keys that are not in a file.
[[nodiscard]] bool is_key_id(std::string_view id) noexcept;

/// The ids of the key of the setting `api_key` and of bootstrap mode.
inline constexpr std::string_view kSettingKeyId = "api_key";
inline constexpr std::string_view kBootstrapKeyId = "bootstrap";

}  // namespace betrace::api
