// Is this a chain of commit groups as it was signed? The heart of every offline verification.
//
// Bundles, databases and tests feed it commit by commit, each followed by its records. Pure: no
// file, no clock, no database; memory does not grow with records. Source:
// docs/internals/violation_log.md, "Evidence".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/sha256.h"
#include "betrace/evidence/commit_payload.h"
#include "betrace/evidence/coverage_check.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/evidence_record.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/evidence/record_key.h"
#include "betrace/evidence/verification.h"

namespace betrace::evidence {

struct VerifyOptions {
  std::vector<Sha256> trusted;   ///< Fingerprints that were handed over out of band.
  bool requires_anchor = false;  ///< Without a checkpoint of the last commit it is incomplete.
  /// It is a whole log: it begins with record 1 or behind a `retention` record, or is incomplete.
  bool requires_beginning = false;
  RecordKeys record_keys;  ///< HMACs of these keys are checked too; may be empty.
};

/// One thread. Each call returns false once nothing more can be learnt; finish() says why.
class ChainVerifier {
 public:
  ChainVerifier(KeyRing ring, VerifyOptions options);

  /// A published envelope; before the first commit. `is_held`: by the verifier, out of reach of
  /// whoever holds the signing key.
  bool checkpoint(const CommitEnvelope& envelope, bool is_held, const Place& place);
  bool commit(const CommitEnvelope& envelope, const Place& place);
  /// Requires: after a commit() that returned true.
  bool record(const EvidenceRecord& record, const Place& place);
  /// Something is wrong that the caller has seen.
  bool reject(Verdict verdict, std::string what, std::uint64_t sequence, const Place& place);

  /// True while the last commit still lacks records.
  [[nodiscard]] bool wants_record() const noexcept { return leaves_.size() < commit_.count; }
  [[nodiscard]] bool is_over() const noexcept { return is_over_; }
  [[nodiscard]] Verification finish(const Place& end);

 private:
  struct Checkpoint {
    CommitEnvelope envelope;
    Commit commit;
    bool is_held = false;
    Place place;
  };
  struct UsedKey {
    std::uint64_t first_seq = 0;
    std::uint64_t last_seq = 0;
    std::uint64_t after_seq = 0;  ///< Where the chain ended when the key began.
    std::set<std::string> named;  ///< Kids that groups of it vouch for.
  };

  [[nodiscard]] std::optional<Commit> read_signed(const CommitEnvelope& envelope,
                                                  const Place& place);
  [[nodiscard]] std::optional<Commit> read_payload(const CommitEnvelope& envelope,
                                                   const Place& place);
  bool check_signature(const CommitEnvelope& envelope, const RingKey& key, const Place& place);
  bool check_link(const Commit& commit, const Place& place);
  bool check_checkpoints(const Commit& commit, const std::string& payload, const Place& place);
  void check_other_checkpoints();
  bool check_payload(const EvidenceRecord& record, const Place& place);
  bool check_mac(const EvidenceRecord& record, const Json& payload, const Place& place);
  bool learn(const EvidenceRecord& record, const Json& payload, const Place& place);
  bool learn_retention(const EvidenceRecord& record, const Json& payload, const Place& place);
  void note_unseen(const Place& place);
  bool end_group(const Place& place);
  void check_keys();
  void check_trust();
  void check_beginning();
  void check_tail(const Place& end);
  [[nodiscard]] std::set<std::string> vouched_for() const;

  const KeyRing ring_;
  const VerifyOptions options_;
  Verification result_;
  bool is_over_ = false;
  std::map<std::uint64_t, Checkpoint> checkpoints_;  // by last sequence
  std::uint64_t held_to_ = 0;  // last sequence that a held checkpoint and the chain agree on

  Commit commit_;  // of the group that is being read
  Sha256 hash_{};  // of its payload
  std::vector<Sha256> leaves_;
  std::string macs_;
  bool has_mac_ = false;
  bool names_previous_ = false;  // a key event of this group names the key before
  bool is_first_of_key_ = false;
  std::map<std::string, UsedKey> used_;  // by kid
  Sha256 first_prev_{};                  // what the first commit follows
  CoverageCheck coverage_;
};

}  // namespace betrace::evidence
