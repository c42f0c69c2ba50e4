// The signed message and its envelope, as in the Dead Simple Signing Envelope.
//
// Commit groups, checkpoints and bundles use it. Knows no key. Source:
// github.com/secure-systems-lab/dsse, protocol.md and envelope.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"

namespace betrace::evidence {

inline constexpr std::string_view kCommitType = "application/vnd.betrace.commit.v1+json";
inline constexpr std::string_view kRecordType = "application/vnd.betrace.record.v1+json";
inline constexpr std::size_t kEnvelopeBytesMax = 8 * 1024;

/// The bytes that are signed: the type is among them, so a signature fits one type alone.
[[nodiscard]] std::string pre_authentication_encoding(std::string_view type,
                                                      std::string_view payload);

/// A signed commit payload.
struct CommitEnvelope {
  std::string payload;
  std::string kid;        ///< A hint; the payload says it too.
  std::string signature;  ///< 64 bytes; empty: it was not signed.
};

/// Some of the checkpoints, and how many there are.
struct CheckpointPage {
  std::vector<CommitEnvelope> checkpoints;
  std::size_t total = 0;
};

/// Returns canonical JSON without a line feed.
[[nodiscard]] std::string write_envelope(const CommitEnvelope& envelope);
/// Error Corrupt: not exactly what write_envelope() makes; Unsupported: of another payload type.
[[nodiscard]] Result<CommitEnvelope> read_envelope(std::string_view text);

}  // namespace betrace::evidence
