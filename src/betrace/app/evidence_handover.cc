#include "betrace/app/evidence_handover.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <ostream>

#include "betrace/app/evidence_files.h"
#include "betrace/app/exit_code.h"
#include "betrace/app/own_server.h"
#include "betrace/app/serve.h"
#include "betrace/base/hex.h"
#include "betrace/base/utf8.h"
#include "betrace/http/client.h"
#include "betrace/storage/log_verify.h"
#include "betrace/storage/stored_evidence.h"

namespace betrace::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFingerprintPrefix = "sha256:";

int fail_with(std::ostream& err, int code, std::string_view what) {
  fmt::print(err, "betrace: {}\n", what);
  return code;
}

std::optional<std::uint64_t> read_sequence_text(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end || value == 0) return std::nullopt;
  return value;
}

// Numbers are sequences, all else is a time.
Result<storage::EvidenceQuery> read_export_range(const EvidenceExportOptions& options,
                                                 storage::StoredEvidence* stored) {
  storage::EvidenceQuery query;
  const auto first = read_sequence_text(options.from);
  const auto last = read_sequence_text(options.to);
  UnixNanos start = 0;
  UnixNanos end = INT64_MAX;
  if (!options.from.empty() && !first) {
    const auto time = parse_rfc3339(options.from);
    if (!time)
      return fail_invalid("--from is neither a sequence nor a time: " + time.error().message);
    start = *time;
  }
  if (!options.to.empty() && !last) {
    const auto time = parse_rfc3339(options.to);
    if (!time)
      return fail_invalid("--to is neither a sequence nor a time: " + time.error().message);
    end = *time;
  }
  if (start != 0 || end != INT64_MAX) {
    auto range = stored->range(start, end);
    if (!range) return range;
    query = *range;
  }
  if (first) query.first_seq = *first;
  if (last) query.last_seq = *last;
  if (query.last_seq < query.first_seq) return fail_invalid("--to is below --from");
  return query;
}

/// The files of a bundle in a new folder.
class BundleFolder {
 public:
  explicit BundleFolder(const fs::path& folder) : folder_(folder) {}

  Result<void> make() {
    std::error_code failed;
    if (fs::exists(folder_, failed)) return fail_invalid(folder_.string() + " is there already");
    fs::create_directories(folder_ / evidence::kCheckpointsFolder, failed);
    if (failed) return fail(ErrorCode::StorageFailed, failed.message());
    records_.open(folder_ / evidence::kRecordsFile, std::ios::binary);
    commits_.open(folder_ / evidence::kCommitsFile, std::ios::binary);
    return {};
  }
  void add(const storage::EvidenceGroup& group) {
    std::string records;
    std::string commits;
    storage::write_bundle_lines(group, &records, &commits);
    records_ << records;
    commits_ << commits;
  }
  void write(std::string_view name, std::string_view text) {
    std::ofstream file(folder_ / name, std::ios::binary);
    file << text;
    is_good_ = is_good_ && file.flush().good();
  }
  Result<void> finish() {
    is_good_ = is_good_ && records_.flush().good() && commits_.flush().good();
    if (is_good_) return {};
    return fail(ErrorCode::StorageFailed, folder_.string() + " cannot be written");
  }

 private:
  fs::path folder_;
  std::ofstream records_;
  std::ofstream commits_;
  bool is_good_ = true;
};

struct ExportedRange {
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
};

Result<ExportedRange> export_groups(storage::StoredEvidence* stored, storage::EvidenceQuery query,
                                    BundleFolder* folder) {
  ExportedRange range;
  for (;;) {
    const auto groups = stored->groups(query);
    if (!groups) return fail(groups.error());
    if (groups->empty()) break;
    for (const storage::EvidenceGroup& group : *groups) folder->add(group);
    if (range.first_seq == 0) range.first_seq = groups->front().first_seq;
    range.last_seq = groups->back().last_seq;
    query.first_seq = range.last_seq + 1;
  }
  if (range.first_seq == 0) return fail(ErrorCode::NotFound, "there is no record of that range");
  return range;
}

// What a bundle says may be anything, and a terminal takes some of it for orders.
std::string printable(std::string_view text) {
  const bool is_plain = is_utf8(text) && std::ranges::none_of(text, [](char byte) {
                          return static_cast<unsigned char>(byte) < ' ' || byte == '\x7F';
                        });
  return is_plain ? std::string(text) : quote_excerpt(text, text.size());
}

std::string place_text(const evidence::Finding& finding) {
  std::string text = finding.place.file;
  if (finding.place.line != 0) text += fmt::format(" line {}", finding.place.line);
  if (finding.sequence != 0) text += fmt::format(", record {}", finding.sequence);
  return text;
}

constexpr std::size_t kPrintedMax = 20;

// Times without coverage that are no finding; who reads has to know of them all the same.
void print_unseen(const std::vector<evidence::UnseenTime>& unseen, std::ostream& out) {
  for (std::size_t i = 0; i < unseen.size() && i < kPrintedMax; ++i) {
    fmt::print(out, "unseen: {} to {} ({}, record {})\n", format_rfc3339(unseen[i].from),
               format_rfc3339(unseen[i].to), name_of(unseen[i].cause), unseen[i].sequence);
  }
  if (unseen.size() > kPrintedMax) {
    fmt::print(out, "unseen: and {} more\n", unseen.size() - kPrintedMax);
  }
}

void print_verification(const evidence::Verification& result, std::ostream& out) {
  fmt::print(out, "result: {}\n", name_of(result.verdict));
  for (std::size_t i = 0; i < result.findings.size() && i < kPrintedMax; ++i) {
    const evidence::Finding& finding = result.findings[i];
    fmt::print(out, "  {}: {} ({})\n", name_of(finding.verdict), printable(finding.what),
               place_text(finding));
  }
  if (result.findings.size() > kPrintedMax) {
    fmt::print(out, "  and {} more\n", result.findings.size() - kPrintedMax);
  }
  fmt::print(out, "log: {}\n", printable(result.log));
  fmt::print(out, "records: {} ({} to {}) in {} commits\n", result.records, result.first_seq,
             result.last_seq, result.commits);
  for (const auto& [type, count] : result.types) {
    fmt::print(out, "  {}: {}\n", printable(type), count);
  }
  for (const auto& [kid, fingerprint] : result.fingerprints) {
    fmt::print(out, "key: {} sha256:{}\n", printable(kid), fingerprint);
  }
  std::map<std::string, std::uint64_t> causes;
  for (const evidence::ToldGap& gap : result.gaps) ++causes[gap.cause];
  for (const auto& [cause, count] : causes) {
    fmt::print(out, "gap: {} ({} records)\n", printable(cause), count);
  }
  print_unseen(result.unseen, out);
  if (result.macs_checked != 0) fmt::print(out, "hmacs checked: {}\n", result.macs_checked);
  fmt::print(out, "beginning: {}\n", name_of(result.beginning));
  fmt::print(out, "checkpoints: {}\n", result.checkpoints);
  fmt::print(out, "tail anchored: {}\n", result.is_anchored ? "yes" : "no");
}

Result<evidence::VerifyOptions> read_verify_options(const Config& config,
                                                    const EvidenceVerifyOptions& options) {
  evidence::VerifyOptions made;
  made.requires_anchor = options.requires_anchor;
  made.record_keys = record_keys(config);
  for (std::string_view text : options.trusted) {
    if (text.starts_with(kFingerprintPrefix)) text.remove_prefix(kFingerprintPrefix.size());
    if (!from_hex(text, made.trusted.emplace_back())) {
      return fail_invalid("--trust is no fingerprint: 64 hex digits");
    }
  }
  return made;
}

}  // namespace

int run_evidence_export(const Config& config, const EvidenceExportOptions& options,
                        std::ostream& out, std::ostream& err) {
  auto stored = storage::StoredEvidence::open(config.text("state.path"));
  if (!stored) return fail_with(err, exit_code_of(stored.error()), stored.error().message);
  auto query = read_export_range(options, stored->get());
  if (!query) return fail_with(err, exit_code_of(query.error()), query.error().message);
  BundleFolder folder(options.out);
  if (auto made = folder.make(); !made) {
    return fail_with(err, exit_code_of(made.error()), made.error().message);
  }
  const auto range = export_groups(stored->get(), *query, &folder);
  if (!range) return fail_with(err, exit_code_of(range.error()), range.error().message);
  // Read again: a key that began meanwhile has sealed some of it.
  auto reread = storage::StoredEvidence::open(config.text("state.path"));
  if (!reread) return fail_with(err, exit_code_of(reread.error()), reread.error().message);
  folder.write(evidence::kKeysFile, evidence::write_key_ring(evidence::cut_key_ring(
                                        (*reread)->keys(), range->first_seq, range->last_seq)));
  for (const evidence::CheckpointText& checkpoint : storage::read_checkpoint_files(
           config.text("evidence.witness_dir"), range->first_seq, range->last_seq)) {
    folder.write(checkpoint.name, checkpoint.text);
  }
  if (auto done = folder.finish(); !done) return fail_with(err, kExitFailed, done.error().message);
  fmt::print(out, "exported records {} to {} to {}\n", range->first_seq, range->last_seq,
             options.out);
  return kExitDone;
}

int run_evidence_verify(const Config& config, const EvidenceVerifyOptions& options,
                        std::ostream& out, std::ostream& err) {
  auto verify = read_verify_options(config, options);
  if (!verify) return fail_with(err, kExitUsage, verify.error().message);
  auto checkpoints = read_checkpoints_held(options.checkpoints);
  if (!checkpoints) return fail_with(err, kExitUsage, checkpoints.error().message);
  if (storage::is_log(options.path)) {
    const auto result = storage::verify_log(options.path, *checkpoints, *verify);
    print_verification(result, out);
    return exit_code_of(result.verdict);
  }
  auto bundle = open_bundle(options.path);
  if (!bundle) {
    const bool is_corrupt = bundle.error().code == ErrorCode::Corrupt;
    fmt::print(out, "result: {}\n", is_corrupt ? "invalid" : "unreadable");
    return fail_with(err, is_corrupt ? kExitFailed : kExitUsage, bundle.error().message);
  }
  for (evidence::CheckpointText& each : bundle->checkpoints)
    checkpoints->push_back(std::move(each));
  const auto result = evidence::verify_bundle(*bundle->records, *bundle->commits, bundle->keys,
                                              *checkpoints, *verify);
  print_verification(result, out);
  return exit_code_of(result.verdict);
}

int run_evidence_keys(const Config& config, const EvidenceKeysOptions& options, std::ostream& out,
                      std::ostream& err) {
  if (!options.rotates) {
    auto stored = storage::StoredEvidence::open(config.text("state.path"));
    if (!stored) return fail_with(err, exit_code_of(stored.error()), stored.error().message);
    for (const evidence::RingKey& key : (*stored)->keys().keys) {
      fmt::print(out, "{} sha256:{} {} from {} to {}\n", key.kid(),
                 to_hex(evidence::fingerprint_of(key.key)), evidence::name_of(key.status),
                 key.from_seq, key.to_seq ? std::to_string(*key.to_seq) : "now");
    }
    return kExitDone;
  }
  http::Client client(own_server(config));
  const auto reply =
      client.post("/v1/evidence/keys/rotate", "application/json",
                  options.is_compromised ? R"({"compromised":true})" : R"({"compromised":false})");
  if (!reply) return fail_with(err, kExitFailed, reply.error().message);
  if (reply->status != 200) return fail_with(err, kExitFailed, reply->body);
  fmt::print(out, "{}\n", reply->body);
  return kExitDone;
}

}  // namespace betrace::app
