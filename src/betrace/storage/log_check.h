// Is a generation of the violation log what was written? Structure and the newest groups.
//
// Used when a log is opened; the whole chain is for verifiers. Works on any connection, changes
// nothing, and costs the same for a log of any size. Source: docs/internals/violation_log.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/base/sha256.h"
#include "betrace/base/time.h"
#include "betrace/evidence/commit_payload.h"
#include "betrace/evidence/dsse.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/storage/sqlite.h"

namespace betrace::storage {

/// Where a generation begins.
struct GenerationStart {
  std::uint64_t number = 1;
  std::string log_id;
  std::uint64_t first_seq = 1;
  Sha256 prev{};  ///< Hash of the last commit before it.
  UnixNanos created = 0;
};

/// Where it ends now.
struct GenerationTail {
  std::uint64_t last_seq = 0;  ///< first_seq - 1 while it has no record.
  Sha256 last_hash{};          ///< `prev` of the start while it has no group.
  bool ended_orderly = true;   ///< The newest record is a `stop`, or there is none.
};

/// A row of `commit_group` whose payload is what its hash says.
struct CheckedGroup {
  evidence::Commit commit;
  Sha256 hash{};
};
/// Columns: first_seq, last_seq, payload, hash. Error Corrupt.
[[nodiscard]] Result<CheckedGroup> read_group(const Statement& row);

/// The signature by the key that the commit names. A key that `ring` does not have is for verifiers
/// to judge. Error Corrupt. Cost: 0.1 ms.
[[nodiscard]] Result<void> check_signature(const evidence::CommitEnvelope& envelope,
                                           const evidence::KeyRing& ring);

/// Leaves and root of the records of a group. Error Corrupt: they are not what was committed.
[[nodiscard]] Result<void> check_records(Database& database, const evidence::Commit& commit);

/// A generation that was salvaged lacks groups; any other is whole.
enum class Holes : std::uint8_t { Refuse, Allow };

/// Checks all groups before `end_seq` from the start on, and returns where they end. Error Corrupt;
/// Unavailable: stopped. Cost: all of the file.
[[nodiscard]] Result<GenerationTail> check_chain(Database& database, const GenerationStart& start,
                                                 std::uint64_t end_seq, Holes holes,
                                                 const std::atomic<bool>& is_stopped);

/// True if the file has neither schema nor mark: its creation was interrupted.
[[nodiscard]] Result<bool> is_unfinished(Database& database);

/// True if it holds no record. Error as check_format().
[[nodiscard]] Result<bool> is_unused(Database& database);

/// Checks mark, version and schema. True if a newer minor version wrote it: what we read is there,
/// but it must not be appended to. Error Corrupt; Unsupported: a newer major version.
[[nodiscard]] Result<bool> check_format(Database& database);

/// Error Corrupt.
[[nodiscard]] Result<GenerationStart> read_start(Database& database);

/// Checks that the newest record is found through every index, that records and groups end alike,
/// and leaves, roots, hashes and signatures of the newest 256 groups or 20,000 records. Error
/// Corrupt.
[[nodiscard]] Result<GenerationTail> check_tail(Database& database, const GenerationStart& start,
                                                const evidence::KeyRing& ring);

/// The newest group that ends before `end_seq`, or the start if there is none; only that group's
/// hash is checked. Error Corrupt.
[[nodiscard]] Result<GenerationTail> read_tail_before(Database& database,
                                                      const GenerationStart& start,
                                                      std::uint64_t end_seq);

/// True if `stored` is exactly the bytes of `digest`.
[[nodiscard]] bool is_digest(std::string_view stored, const Sha256& digest) noexcept;

}  // namespace betrace::storage
