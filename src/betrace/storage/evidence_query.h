// Questions to the violation log about evidence, and the answers.
//
// Asked by exports and api/, answered by ViolationLog and by log_evidence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "betrace/base/sha256.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/evidence_record.h"
#include "betrace/storage/log_format.h"

namespace betrace::storage {

struct EvidenceGroup {
  evidence::CommitEnvelope envelope;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::vector<evidence::EvidenceRecord> records;
};

/// Which groups: those that hold a record of the range. Both ends are included.
struct EvidenceQuery {
  std::uint64_t first_seq = 1;
  std::uint64_t last_seq = kSequenceMax;
  std::size_t bytes_max = 4 * 1024 * 1024;  ///< Of payloads in one answer; at least one group.
  bool has_records = true;                  ///< False: the groups come without their records.
};

/// The newest commit; what a checkpoint says.
struct LastCommit {
  evidence::CommitEnvelope envelope;
  std::uint64_t last_seq = 0;  ///< 0: there is none yet.
};

/// One record with all that an outsider needs to check it with the public key.
struct EvidenceProof {
  evidence::EvidenceRecord record;
  std::size_t leaf_index = 0;
  std::vector<Sha256> merkle_path;
  evidence::CommitEnvelope envelope;
};

}  // namespace betrace::storage
