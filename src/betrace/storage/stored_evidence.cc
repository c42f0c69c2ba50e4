#include "betrace/storage/stored_evidence.h"

#include <algorithm>
#include <charconv>

#include "betrace/storage/durable_file.h"
#include "betrace/storage/log_backup.h"
#include "betrace/storage/log_keys.h"
#include "betrace/storage/log_reader.h"

namespace betrace::storage {

struct StoredEvidence::Parts {
  evidence::KeyRing keys;
  std::unique_ptr<LogReader> reader;
};

StoredEvidence::StoredEvidence(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StoredEvidence::~StoredEvidence() = default;

Result<std::unique_ptr<StoredEvidence>> StoredEvidence::open(const std::string& path) {
  auto keys = read_key_ring_in(path);
  if (!keys) return fail(keys.error());
  const auto generations = find_generations(real_file_system(), path);
  if (!generations) return fail(generations.error());
  auto reader = LogReader::open(*generations);
  if (!reader) return fail(reader.error());
  auto parts = std::make_unique<Parts>();
  parts->keys = *std::move(keys);
  parts->reader = *std::move(reader);
  return std::unique_ptr<StoredEvidence>(new StoredEvidence(std::move(parts)));
}

const evidence::KeyRing& StoredEvidence::keys() const noexcept { return parts_->keys; }

Result<std::vector<EvidenceGroup>> StoredEvidence::groups(const EvidenceQuery& query) {
  return parts_->reader->groups(query);
}

Result<EvidenceQuery> StoredEvidence::range(UnixNanos start, UnixNanos end) {
  return parts_->reader->range(start, end);
}

void write_bundle_lines(const EvidenceGroup& group, std::string* records, std::string* commits) {
  for (const evidence::EvidenceRecord& record : group.records) {
    records->append(evidence::write_record_line(record)).push_back('\n');
  }
  commits->append(evidence::write_envelope(group.envelope)).push_back('\n');
}

Result<void> write_checkpoint_file(const std::string& folder, const LastCommit& commit) {
  FileSystem& files = real_file_system();
  if (auto made = make_directories(files, folder); !made) return made;
  const FileHandle directory(files, files.open_directory(folder));
  if (!directory.is_open()) {
    return fail(ErrorCode::StorageFailed, folder + " cannot be opened");
  }
  const std::string path = evidence::checkpoint_name(commit.last_seq);
  return durable_replace(files, directory.number(), path.substr(path.find('/') + 1),
                         evidence::write_envelope(commit.envelope) + "\n");
}

std::vector<evidence::CheckpointText> read_checkpoint_files(const std::string& folder,
                                                            std::uint64_t first_seq,
                                                            std::uint64_t last_seq) {
  std::vector<evidence::CheckpointText> found;
  if (folder.empty()) return found;
  FileSystem& files = real_file_system();
  const FileHandle directory(files, files.open_directory(folder));
  std::vector<std::string> names;
  if (!directory.is_open() || files.list(directory.number(), &names) != 0) return found;
  std::ranges::sort(names);
  for (const std::string& name : names) {
    std::uint64_t sequence = 0;
    const char* const end = name.data() + name.size();
    const auto [at, error] = std::from_chars(name.data(), end, sequence);
    if (error != std::errc() || std::string_view(at, end) != ".json") continue;
    if (sequence < first_seq || sequence > last_seq) continue;
    auto text =
        read_file(files, directory.number(), name, evidence::kEnvelopeBytesMax, Links::Refuse);
    if (text) found.push_back({evidence::checkpoint_name(sequence), *std::move(text), false});
  }
  return found;
}

}  // namespace betrace::storage
