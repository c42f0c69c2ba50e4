// One record as evidence: its sequence, its stored bytes and its HMAC, as a line of a bundle.
//
// Written by exports, read by verifiers, shown by GET /v1/violations/{id}/evidence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace::evidence {

inline constexpr std::size_t kRecordLineBytesMax = 192 * 1024;

struct EvidenceRecord {
  std::uint64_t sequence = 0;
  std::string payload;  ///< The stored bytes.
  std::string mac;      ///< `v1:<kid>:<64 hex>`; empty if it is unsigned.
};

/// Returns canonical JSON without a line feed:
/// `{"payload":"<base64>","sequence":"1","signature":null,"unsigned":true}`.
[[nodiscard]] std::string write_record_line(const EvidenceRecord& record);
/// Error Corrupt: not exactly what write_record_line() makes.
[[nodiscard]] Result<EvidenceRecord> read_record_line(std::string_view line);

}  // namespace betrace::evidence
