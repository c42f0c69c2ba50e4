// The stored form of a violation: from the model to canonical bytes, and back.
//
// storage/ writes it into the log and reads it for the API; exporters and verifiers read the same
// bytes. Sequence and signature stand beside the payload, not in it. Knows no database.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/model/violation.h"

namespace betrace::evidence {

/// Bounds in escaped bytes; what does not fit is cut and listed in `cut`.
inline constexpr std::size_t kWitnessAttributesBytesMax =
    48 * 1024;  ///< Of all witnesses together.
inline constexpr std::size_t kExplanationBytesMax = 24 * 1024;
inline constexpr std::size_t kMessageBytesMax = 4 * 1024;
inline constexpr std::size_t kTextBytesMax = 256;  ///< Of any other text.
inline constexpr std::size_t kWitnessesMax = 32;

/// What a record says besides its violation. Empty texts are written as null.
struct PayloadContext {
  std::string log;          ///< `betrace/prod/betrace-0/5c1e07d2`
  std::string rule_sha256;  ///< 64 hex: the rule object as recorded by its last change.
  std::string key_id;       ///< Empty: the record says `"unsigned":true`.
};

/// Returns the canonical bytes, at most kCanonicalBytesMax. Cost: linear, no tree.
[[nodiscard]] std::string violation_payload(const model::ViolationRecord& record,
                                            const PayloadContext& context);

/// A payload, read back.
struct ReadViolation {
  model::ViolationRecord record;
  std::string log;
  std::string engine;            ///< `betrace/2.0.0`
  std::string key_id;            ///< Empty when unsigned.
  std::vector<std::string> cut;  ///< `witnesses.attributes`, `message`, ...
};

/// Reads what violation_payload() wrote, members that it does not know included. Witnesses come
/// back with their service as resource attribute. Error Corrupt: anything else; Unsupported: a
/// newer `v`.
[[nodiscard]] Result<ReadViolation> read_violation_payload(std::string_view payload);

}  // namespace betrace::evidence
