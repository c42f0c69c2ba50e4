#include "betrace/storage/log_archive.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "betrace/storage/log_check.h"

namespace betrace::storage {

Result<std::unique_ptr<LogReader>> open_log_archive(const std::string& path) {
  std::vector<ReadableGeneration> generations;
  std::error_code problem;
  for (const auto& entry : std::filesystem::directory_iterator(path, problem)) {
    const std::uint64_t number = generation_number(entry.path().filename().string());
    if (number != 0) generations.push_back({number, entry.path().string(), 1, kSequenceMax});
  }
  if (problem) return fail(ErrorCode::NotFound, path + ": " + problem.message());
  if (generations.empty()) return fail(ErrorCode::NotFound, path + ": there is no violation log");
  std::ranges::sort(generations, {}, &ReadableGeneration::number);
  for (std::size_t i = 0; i < generations.size(); ++i) {
    auto database = Database::open(generations[i].path, Database::Mode::ReadOnly);
    if (!database) return fail(database.error());
    if (auto format = check_format(*database); !format) return fail(format.error());
    const auto start = read_start(*database);
    if (!start) return fail(start.error());
    generations[i].first_seq = start->first_seq;
    if (i != 0) generations[i - 1].end_seq = start->first_seq;
  }
  return LogReader::open(generations);
}

}  // namespace betrace::storage
