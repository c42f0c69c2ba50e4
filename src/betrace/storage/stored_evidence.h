// The evidence in a state directory or a backup, for exports.
//
// Opens the log read-only and takes no lock; the service may go on writing. SQLite stays below.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/evidence/bundle.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/storage/evidence_query.h"

namespace betrace::storage {

/// One thread.
class StoredEvidence {
 public:
  /// Error NotFound: no log, or no `keys.json`; Corrupt; Unsupported.
  [[nodiscard]] static Result<std::unique_ptr<StoredEvidence>> open(const std::string& path);
  ~StoredEvidence();

  [[nodiscard]] const evidence::KeyRing& keys() const noexcept;
  /// As ViolationLog::evidence() and evidence_range().
  [[nodiscard]] Result<std::vector<EvidenceGroup>> groups(const EvidenceQuery& query);
  [[nodiscard]] Result<EvidenceQuery> range(UnixNanos start, UnixNanos end);

 private:
  struct Parts;
  explicit StoredEvidence(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// Adds the lines of a group to the two files of a bundle.
void write_bundle_lines(const EvidenceGroup& group, std::string* records, std::string* commits);

/// Writes the commit as a checkpoint into a folder, which is made if it is missing, durably.
[[nodiscard]] Result<void> write_checkpoint_file(const std::string& folder,
                                                 const LastCommit& commit);

/// The checkpoints that lie in a folder, of commits that end within the range; oldest first. Files
/// of other names are left out; of a folder that cannot be opened there are none.
[[nodiscard]] std::vector<evidence::CheckpointText> read_checkpoint_files(const std::string& folder,
                                                                          std::uint64_t first_seq,
                                                                          std::uint64_t last_seq);

}  // namespace betrace::storage
