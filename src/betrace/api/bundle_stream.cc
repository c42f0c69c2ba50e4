#include "betrace/api/bundle_stream.h"

#include <utility>

#include "betrace/base/tar.h"
#include "betrace/storage/stored_evidence.h"

namespace betrace::api {
namespace {

constexpr int kBundleLevel = 1;  // the log is read faster than a higher one compresses

std::string tar_file(std::string_view name, std::string_view content) {
  std::string file = tar_header(name, content.size());
  file += content;
  return file += tar_padding(content.size());
}

}  // namespace

BundleStream::BundleStream(const storage::ViolationLog& log, storage::EvidenceQuery range,
                           std::string witness_path)
    : log_(log),
      range_(range),
      witness_path_(std::move(witness_path)),
      gzip_(kBundleLevel),
      left_(range) {}

http::BodyStream::Piece BundleStream::next(MonotonicTime) {
  const bool is_last = step_ == Step::Rest;
  const auto bytes = advance();
  if (!bytes) return {"", false, true};
  return {is_last ? gzip_.finish(*bytes) : gzip_.add(*bytes), is_last};
}

Result<std::string> BundleStream::advance() {
  if (step_ == Step::Rest) return rest();
  const auto groups = log_.evidence(left_);
  if (!groups) return fail(groups.error());
  return groups->empty() ? end_step() : take(*groups);
}

Result<std::string> BundleStream::take(const std::vector<storage::EvidenceGroup>& groups) {
  std::string records;
  std::string commits;
  for (const storage::EvidenceGroup& group : groups) {
    storage::write_bundle_lines(group, &records, &commits);
  }
  left_.first_seq = groups.back().last_seq + 1;
  if (step_ == Step::Measure) {
    if (first_seq_ == 0) first_seq_ = groups.front().first_seq;
    last_seq_ = groups.back().last_seq;
    records_bytes_ += records.size();
    commits_bytes_ += commits.size();
    return "";
  }
  std::string& lines = step_ == Step::Records ? records : commits;
  if (lines.size() > left_bytes_) return fail(ErrorCode::Corrupt, "more than was measured");
  left_bytes_ -= lines.size();
  return std::move(lines);
}

Result<std::string> BundleStream::end_step() {
  if (left_bytes_ != 0) return fail(ErrorCode::NotFound, "less than was measured");
  switch (step_) {
    case Step::Measure:
      return begin(Step::Records, evidence::kRecordsFile, records_bytes_);
    case Step::Records:
      return tar_padding(records_bytes_) +
             begin(Step::Commits, evidence::kCommitsFile, commits_bytes_);
    case Step::Commits:
    case Step::Rest:
      break;
  }
  step_ = Step::Rest;
  return tar_padding(commits_bytes_);
}

std::string BundleStream::begin(Step step, std::string_view name, std::uint64_t bytes) {
  step_ = step;
  left_ = range_;
  left_.has_records = step == Step::Records;
  left_bytes_ = bytes;
  return tar_header(name, bytes);
}

// The ring is read last: a key that began meanwhile has sealed some of it.
std::string BundleStream::rest() const {
  const evidence::KeyRing ring = evidence::cut_key_ring(log_.key_ring(), first_seq_, last_seq_);
  std::string files = tar_file(evidence::kKeysFile, evidence::write_key_ring(ring));
  for (const evidence::CheckpointText& checkpoint :
       storage::read_checkpoint_files(witness_path_, first_seq_, last_seq_)) {
    files += tar_file(checkpoint.name, checkpoint.text);
  }
  return files += tar_end();
}

}  // namespace betrace::api
