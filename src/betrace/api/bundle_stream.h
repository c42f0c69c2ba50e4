// A bundle of evidence as one archive, made while it is sent: tar in gzip.
//
// Reads the log twice, since an archive says how long a file is before the file begins: once to
// measure, once to send. Memory does not depend on how much is exported. Made by evidence_handler.
#pragma once

#include <cstdint>
#include <string>

#include "betrace/api/services.h"
#include "betrace/http/body_stream.h"
#include "betrace/http/gzip.h"

namespace betrace::api {

/// Breaks off when the log cannot be read, or no longer holds what was measured because retention
/// has removed a file: what was sent until then is no archive. One thread at a time.
class BundleStream : public http::BodyStream {
 public:
  /// Of the groups that hold a record of `range`, which must end at or before the last one that is
  /// committed. Checkpoints come from the folder `witness_path`, if it is not empty. `log` must
  /// outlive it.
  BundleStream(const storage::ViolationLog& log, storage::EvidenceQuery range,
               std::string witness_path);

  [[nodiscard]] Kind kind() const noexcept override { return Kind::Whole; }
  /// Cost: `bytes_max` of the range, or one group.
  [[nodiscard]] Piece next(MonotonicTime now) override;

 private:
  enum class Step : std::uint8_t { Measure, Records, Commits, Rest };

  [[nodiscard]] Result<std::string> advance();
  [[nodiscard]] Result<std::string> take(const std::vector<storage::EvidenceGroup>& groups);
  [[nodiscard]] Result<std::string> end_step();
  [[nodiscard]] std::string begin(Step step, std::string_view name, std::uint64_t bytes);
  [[nodiscard]] std::string rest() const;

  const storage::ViolationLog& log_;
  const storage::EvidenceQuery range_;
  const std::string witness_path_;
  http::GzipStream gzip_;
  Step step_ = Step::Measure;
  storage::EvidenceQuery left_;  // to be read in this step
  std::uint64_t first_seq_ = 0;
  std::uint64_t last_seq_ = 0;
  std::uint64_t records_bytes_ = 0;
  std::uint64_t commits_bytes_ = 0;
  std::uint64_t left_bytes_ = 0;  // to be sent in this step
};

}  // namespace betrace::api
