#include "betrace/evidence/bundle.h"

#include <fmt/format.h>

#include <optional>

namespace betrace::evidence {
namespace {

Verdict verdict_of_text(const Error& error) {
  return error.code == ErrorCode::Unsupported ? Verdict::Newer : Verdict::Invalid;
}

/// Lines of bounded length, each of which must end in a line feed.
class BoundedLines {
 public:
  BoundedLines(std::istream& in, std::string_view file, std::size_t bytes_max)
      : in_(in), place_{std::string(file), 0}, bytes_max_(bytes_max) {}

  /// Nothing at the end. A line that is not whole comes with is_whole() false.
  std::optional<std::string_view> next() {
    line_.clear();
    ++place_.line;
    is_whole_ = false;
    for (int c = in_.get(); c != std::istream::traits_type::eof(); c = in_.get()) {
      if (c == '\n') {
        is_whole_ = true;
        return line_;
      }
      line_.push_back(static_cast<char>(c));
      if (line_.size() > bytes_max_) return line_;
    }
    if (line_.empty()) return std::nullopt;
    return line_;
  }
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }
  [[nodiscard]] const Place& place() const noexcept { return place_; }

 private:
  std::istream& in_;
  Place place_;
  std::size_t bytes_max_;
  std::string line_;
  bool is_whole_ = false;
};

bool read_records(BoundedLines* lines, ChainVerifier* verifier) {
  while (verifier->wants_record()) {
    const auto line = lines->next();
    if (!line) return true;  // finish() says what is missing
    const auto reject = [&](std::string what) {
      return verifier->reject(Verdict::Invalid, std::move(what), 0, lines->place());
    };
    if (!lines->is_whole()) return reject("the line is cut off or too long");
    const auto record = read_record_line(*line);
    if (!record) return reject(record.error().message);
    if (!verifier->record(*record, lines->place())) return false;
  }
  return true;
}

bool read_commits(BoundedLines* commits, BoundedLines* records, ChainVerifier* verifier) {
  while (const auto line = commits->next()) {
    if (!commits->is_whole()) {
      return verifier->reject(Verdict::Invalid, "the line is cut off or too long", 0,
                              commits->place());
    }
    const auto envelope = read_envelope(*line);
    if (!envelope) {
      return verifier->reject(verdict_of_text(envelope.error()), envelope.error().message, 0,
                              commits->place());
    }
    if (!verifier->commit(*envelope, commits->place())) return false;
    if (!read_records(records, verifier)) return false;
  }
  if (records->next()) {
    return verifier->reject(Verdict::Invalid, "the record belongs to no commit", 0,
                            records->place());
  }
  return true;
}

}  // namespace

std::string checkpoint_name(std::uint64_t last_seq) {
  return fmt::format("{}/{:020}.json", kCheckpointsFolder, last_seq);
}

bool read_checkpoints(const std::vector<CheckpointText>& checkpoints, ChainVerifier* verifier) {
  for (const CheckpointText& checkpoint : checkpoints) {
    std::string_view text = checkpoint.text;
    if (text.ends_with('\n')) text.remove_suffix(1);
    const Place place{checkpoint.name, 0};
    const auto envelope = read_envelope(text);
    if (!envelope) {
      return verifier->reject(verdict_of_text(envelope.error()), envelope.error().message, 0,
                              place);
    }
    if (!verifier->checkpoint(*envelope, checkpoint.is_held, place)) return false;
  }
  return true;
}

Verification verify_bundle(std::istream& records, std::istream& commits, std::string_view keys,
                           const std::vector<CheckpointText>& checkpoints,
                           const VerifyOptions& options) {
  auto ring = read_key_ring(keys);
  ChainVerifier verifier(ring.value_or(KeyRing()), options);
  BoundedLines record_lines(records, kRecordsFile, kRecordLineBytesMax);
  BoundedLines commit_lines(commits, kCommitsFile, kEnvelopeBytesMax);
  if (!ring) {
    verifier.reject(verdict_of_text(ring.error()), ring.error().message, 0,
                    {std::string(kKeysFile), 0});
  } else if (read_checkpoints(checkpoints, &verifier)) {
    read_commits(&commit_lines, &record_lines, &verifier);
  }
  return verifier.finish(record_lines.place());
}

}  // namespace betrace::evidence
