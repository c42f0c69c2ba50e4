// The log as evidence: whole commit groups with their records, and the proof of one violation.
//
// Read on the connections of a LogReader, so a running service can be read too. Used by exports,
// the API and log_verify. Source: docs/internals/violation_log.md, "Evidence".
#pragma once

#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/evidence_query.h"
#include "betrace/storage/log_walk.h"

namespace betrace::storage {

/// Gives the next groups, oldest first; none at the end. Error Corrupt: a record is not what its
/// leaf says.
[[nodiscard]] Result<std::vector<EvidenceGroup>> read_groups(GenerationReaders& readers,
                                                             const EvidenceQuery& query);
/// All records of a violation, oldest first. Error NotFound; Corrupt.
[[nodiscard]] Result<std::vector<EvidenceProof>> read_proofs(GenerationReaders& readers,
                                                             const ViolationIdBytes& id);
/// First and last record that were decided in [start, end). Error NotFound: none was.
[[nodiscard]] Result<EvidenceQuery> read_range(GenerationReaders& readers, UnixNanos start,
                                               UnixNanos end);

}  // namespace betrace::storage
