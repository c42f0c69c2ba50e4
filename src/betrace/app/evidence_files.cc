#include "betrace/app/evidence_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "betrace/base/tar.h"
#include "betrace/ingest/byte_source.h"

namespace betrace::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kArchiveBytesMax = 1024UL * 1024 * 1024;
constexpr std::size_t kCheckpointsMax = 1'000'000;

tl::unexpected<Error> missing(const std::string& what) {
  return fail(ErrorCode::NotFound, what + " cannot be read");
}

Result<std::string> read_text(const fs::path& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  std::string text(bytes_max + 1, '\0');
  if (!file) return missing(path.string());
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// The checkpoints of a folder in the order of their names.
Result<std::vector<evidence::CheckpointText>> read_folder(const fs::path& folder, bool is_held) {
  std::vector<fs::path> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  if (failed || paths.size() > kCheckpointsMax) return missing(folder.string());
  std::ranges::sort(paths);
  std::vector<evidence::CheckpointText> found;
  for (const fs::path& path : paths) {
    auto text = read_text(path, evidence::kEnvelopeBytesMax);
    if (!text) return fail(text.error());
    found.push_back({path.string(), *std::move(text), is_held});
  }
  return found;
}

Result<OpenBundle> open_folder(const fs::path& folder) {
  OpenBundle bundle;
  bundle.records =
      std::make_unique<std::ifstream>(folder / evidence::kRecordsFile, std::ios::binary);
  bundle.commits =
      std::make_unique<std::ifstream>(folder / evidence::kCommitsFile, std::ios::binary);
  if (!*bundle.records || !*bundle.commits)
    return missing(folder.string() + ": a file of the bundle");
  auto keys = read_text(folder / evidence::kKeysFile, evidence::kKeyRingBytesMax);
  if (!keys) return fail(keys.error());
  bundle.keys = *std::move(keys);
  const fs::path checkpoints = folder / evidence::kCheckpointsFolder;
  if (!fs::exists(checkpoints)) return bundle;
  auto found = read_folder(checkpoints, false);
  if (!found) return fail(found.error());
  bundle.checkpoints = *std::move(found);
  return bundle;
}

Result<std::string> read_archive(const std::string& path) {
  auto source = ingest::ByteSource::open(path);
  if (!source) return fail(ErrorCode::NotFound, source.error().message);
  std::string bytes;
  std::string piece(256 * 1024, '\0');
  for (;;) {
    const auto count = (*source)->read(piece);
    if (!count) return fail(count.error());
    if (*count == 0) return bytes;
    bytes.append(piece, 0, *count);
    if (bytes.size() > kArchiveBytesMax) {
      return fail(ErrorCode::NotFound, "the archive is over 1 GiB: unpack it, and name the folder");
    }
  }
}

Result<OpenBundle> open_archive(const std::string& path) {
  const auto bytes = read_archive(path);
  if (!bytes) return fail(bytes.error());
  auto files = read_tar(*bytes);
  if (!files) return fail(files.error());
  OpenBundle bundle;
  std::size_t found = 0;
  for (auto& [name, content] : *files) {
    if (name == evidence::kRecordsFile) {
      bundle.records = std::make_unique<std::istringstream>(std::move(content));
    } else if (name == evidence::kCommitsFile) {
      bundle.commits = std::make_unique<std::istringstream>(std::move(content));
    } else if (name == evidence::kKeysFile) {
      bundle.keys = std::move(content);
      ++found;
    } else {
      bundle.checkpoints.push_back({name, std::move(content), false});
    }
  }
  const bool is_whole = bundle.records && bundle.commits && found == 1;
  return is_whole ? Result<OpenBundle>(std::move(bundle))
                  : missing(path + ": a file of the bundle");
}

}  // namespace

Result<OpenBundle> open_bundle(const std::string& path) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return open_folder(path);
  if (fs::is_regular_file(path, failed)) return open_archive(path);
  return missing(path);
}

Result<std::vector<evidence::CheckpointText>> read_checkpoints_held(
    const std::vector<std::string>& paths) {
  std::vector<evidence::CheckpointText> held;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (fs::is_directory(path, failed)) {
      auto found = read_folder(path, true);
      if (!found) return fail(found.error());
      std::ranges::move(*found, std::back_inserter(held));
      continue;
    }
    auto text = read_text(path, evidence::kEnvelopeBytesMax);
    if (!text) return fail(text.error());
    held.push_back({path, *std::move(text), true});
  }
  return held;
}

}  // namespace betrace::app
