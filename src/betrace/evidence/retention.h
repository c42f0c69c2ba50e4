// What a `retention` record says: which records were removed, and behind which commit the chain
// begins since.
//
// Written by storage/, read by evidence/chain_verifier. Format: docs/internals/violation_log.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/base/sha256.h"

namespace betrace::evidence {

inline constexpr std::string_view kRetentionType = "retention";

struct Retention {
  std::string reason;  ///< `age` `bytes`
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  Sha256 last_hash{};  ///< Of the last commit that went: `prev` of the first that stays.
};

/// Adds the members to a payload that has its head.
void add_retention(const Retention& retention, Json* payload);
/// Error Corrupt: a member is wrong.
[[nodiscard]] Result<Retention> read_retention(const Json& payload);

}  // namespace betrace::evidence
