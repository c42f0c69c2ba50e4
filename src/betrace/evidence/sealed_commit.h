// A commit payload with the signature of the key that it names.
//
// The log thread of storage/ makes one for each group, once.
#pragma once

#include "betrace/evidence/commit_payload.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/signing_key.h"

namespace betrace::evidence {

/// `commit.kid` is set here. Cost: one Ed25519 signature.
[[nodiscard]] CommitEnvelope seal_commit(Commit commit, const SigningKey& key);

}  // namespace betrace::evidence
