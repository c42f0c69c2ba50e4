#include "betrace/app/rule_files.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <system_error>

#include "betrace/storage/rule_document.h"

namespace betrace::app {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kExtensions = {".json", ".jsonl", ".ndjson", ".yaml",
                                                         ".yml"};

bool is_rule_file(const fs::path& path) {
  return std::ranges::find(kExtensions, path.extension().string()) != kExtensions.end();
}

}  // namespace

Result<std::vector<fs::path>> rule_files_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  auto entry = fs::recursive_directory_iterator(path, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool is_hidden = name.starts_with('.');
    if (entry->is_directory(error)) {
      if (is_hidden || name == "tests") entry.disable_recursion_pending();
    } else if (!is_hidden && entry->is_regular_file(error) && is_rule_file(entry->path())) {
      files.push_back(entry->path());
    }
  }
  if (error) return fail(ErrorCode::NotFound, path.string() + ": " + error.message());
  std::ranges::sort(files);
  return files;
}

Result<std::string> read_rule_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text(storage::kRuleDocumentBytesMax + 1, '\0');
  if (stream) stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.eof() && !stream)
    return fail(ErrorCode::NotFound, path.string() + ": cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return text;
}

}  // namespace betrace::app
