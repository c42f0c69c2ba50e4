// `betrace evidence export | verify | keys`: hands evidence over, and checks what was handed over.
//
// Export and verification read files alone; only a change of the key asks the running server.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "betrace/app/config.h"

namespace betrace::app {

struct EvidenceExportOptions {
  std::string from;  ///< A sequence, or RFC 3339; empty: the first record.
  std::string to;    ///< The same, up to and with it; a time is not included. Empty: the last.
  std::string out = "evidence";  ///< Folder that is made.
};
/// Returns 0; 1 if there is nothing to export or it cannot be written; 2 usage.
[[nodiscard]] int run_evidence_export(const Config& config, const EvidenceExportOptions& options,
                                      std::ostream& out, std::ostream& err);

struct EvidenceVerifyOptions {
  std::string path;                      ///< Bundle, archive of one, backup, state directory.
  std::vector<std::string> trusted;      ///< Fingerprints: 64 hex digits.
  std::vector<std::string> checkpoints;  ///< Files or folders that the verifier holds.
  bool requires_anchor = false;
};
/// Returns the exit code of the verdict: 0, 1, 2 or 78. With a signature key in `config` the HMACs
/// of records are checked too.
[[nodiscard]] int run_evidence_verify(const Config& config, const EvidenceVerifyOptions& options,
                                      std::ostream& out, std::ostream& err);

struct EvidenceKeysOptions {
  bool rotates = false;
  bool is_compromised = false;  ///< What the old key becomes.
};
/// Prints the keys of the state directory, or has the server that runs with these settings change
/// the key. Returns 0, or 1 with the reason on `err`.
[[nodiscard]] int run_evidence_keys(const Config& config, const EvidenceKeysOptions& options,
                                    std::ostream& out, std::ostream& err);

}  // namespace betrace::app
