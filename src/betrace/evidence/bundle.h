// A bundle: the lines that an export writes and an auditor verifies, without a database.
//
// `records.jsonl`, `commits.jsonl`, `keys.json`, `checkpoints/*.json`. Knows no folder and no
// archive: who has the texts gives them. Format: docs/guide/evidence.md.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/evidence/chain_verifier.h"

namespace betrace::evidence {

inline constexpr std::string_view kRecordsFile = "records.jsonl";
inline constexpr std::string_view kCommitsFile = "commits.jsonl";
inline constexpr std::string_view kKeysFile = "keys.json";
inline constexpr std::string_view kCheckpointsFolder = "checkpoints";

/// One checkpoint: an envelope, with or without a line feed at its end.
struct CheckpointText {
  std::string name;  ///< For findings.
  std::string text;
  bool is_held = false;  ///< By who verifies, apart from the bundle.
};

/// `checkpoints/00000000000000184467.json`: so named that they sort.
[[nodiscard]] std::string checkpoint_name(std::uint64_t last_seq);

/// Reads to the end or to the first thing that is wrong. Memory: one line, and a hash for each
/// record of a group.
[[nodiscard]] Verification verify_bundle(std::istream& records, std::istream& commits,
                                         std::string_view keys,
                                         const std::vector<CheckpointText>& checkpoints,
                                         const VerifyOptions& options);

/// Gives the texts to the verifier; false once it is over.
bool read_checkpoints(const std::vector<CheckpointText>& checkpoints, ChainVerifier* verifier);

}  // namespace betrace::evidence
