// The sealed statement about one commit group: which records, under which root, after which group.
//
// storage/ writes one for each group; its SHA-256 is the `prev` of the next. Source:
// docs/internals/violation_log.md. Signing comes on top and is not here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/base/sha256.h"
#include "betrace/base/time.h"

namespace betrace::evidence {

struct Commit {
  std::string log;
  std::uint64_t first_seq = 0;
  std::uint64_t count = 0;
  Sha256 prev{};  ///< SHA-256 of the payload before; all zero for the first group of a log.
  Sha256 root{};  ///< Of the leaves.
  UnixNanos time = 0;
  std::string kid;  ///< Key that signs it; empty while there is none.
  /// SHA-256 over the HMACs of the records in order, a line feed after each, an unsigned record's
  /// being empty; nothing if no record has one.
  std::optional<Sha256> macs;

  [[nodiscard]] std::uint64_t last_seq() const noexcept { return first_seq + count - 1; }
};

[[nodiscard]] std::string commit_payload(const Commit& commit);

/// Error Corrupt: not a commit payload; Unsupported: a newer `v`.
[[nodiscard]] Result<Commit> read_commit_payload(std::string_view payload);

}  // namespace betrace::evidence
