// Is a violation log on disk what was signed? For backups and the state directory of a stopped
// service.
//
// Feeds its commits and records to evidence/chain_verifier, and checks besides what a database has
// and a bundle has not: pages, indexes, and columns that repeat the payload. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/evidence/bundle.h"
#include "betrace/evidence/verification.h"

namespace betrace::storage {

/// Verifies all generations below `path`.
[[nodiscard]] evidence::Verification verify_log(
    const std::string& path, const std::vector<evidence::CheckpointText>& checkpoints,
    const evidence::VerifyOptions& options);

/// True if `path` is a directory with a generation in it.
[[nodiscard]] bool is_log(const std::string& path);

}  // namespace betrace::storage
