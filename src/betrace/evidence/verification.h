// What a verification found: one verdict, why, and where.
//
// Made by evidence/chain_verifier, printed by app/. The verdict is failure until everything was
// proven.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "betrace/evidence/coverage_check.h"

namespace betrace::evidence {

enum class Verdict : std::uint8_t {
  Valid,       ///< Everything is proven, and there was something.
  Untrusted,   ///< Consistent in itself, but nobody vouches for a key.
  Incomplete,  ///< What is there is right, but something is missing.
  Invalid,     ///< Something is not what was signed.
  Unreadable,  ///< It cannot be read at all.
  Newer,       ///< Of a format or an algorithm that is not known here.
};

/// `valid` `untrusted` `incomplete` `invalid` `unreadable` `newer`
[[nodiscard]] std::string_view name_of(Verdict verdict) noexcept;
/// The exit code of `betrace evidence verify`: 0, 1, 2 or 78.
[[nodiscard]] int exit_code_of(Verdict verdict) noexcept;

/// Where it stands: `records.jsonl line 12`, `log-000001.db`.
struct Place {
  std::string file;
  std::uint64_t line = 0;  ///< From 1; 0: none.
};

struct Finding {
  Verdict verdict = Verdict::Invalid;
  std::string what;            ///< One clause.
  std::uint64_t sequence = 0;  ///< 0: of no record.
  Place place;
};

/// A `gap` record: what the log itself says that it does not know.
struct ToldGap {
  std::uint64_t sequence = 0;
  std::string cause;
  std::uint64_t count = 0;
};

/// Where a chain begins.
enum class ChainBeginning : std::uint8_t {
  FirstRecord,  ///< With record 1.
  Retention,    ///< Behind records that retention removed: a signed record names the last commit.
  Cut,          ///< Anywhere else, as the part that a bundle is.
};

/// `first record` `retention` `cut`
[[nodiscard]] std::string_view name_of(ChainBeginning beginning) noexcept;

struct Verification {
  Verdict verdict = Verdict::Invalid;  ///< The worst of the findings.
  std::vector<Finding> findings;       ///< Empty if it is valid.
  std::string log;
  std::uint64_t records = 0;
  std::uint64_t commits = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t checkpoints = 0;  ///< Good ones.
  bool is_anchored = false;       ///< A checkpoint names the last commit.
  std::uint64_t macs_checked = 0;
  std::map<std::string, std::string> fingerprints;  ///< Of the keys that signed, by kid.
  std::map<std::string, std::uint64_t> types;       ///< How many records of each type.
  std::vector<ToldGap> gaps;
  ChainBeginning beginning = ChainBeginning::Cut;
  std::vector<UnseenTime> unseen;  ///< Times without coverage that are no finding.
};

}  // namespace betrace::evidence
