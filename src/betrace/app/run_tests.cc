#include "betrace/app/run_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "betrace/app/counted.h"
#include "betrace/app/exit_code.h"
#include "betrace/app/scenario_check.h"
#include "betrace/app/scenario_reader.h"
#include "betrace/app/scenario_runner.h"
#include "betrace/storage/yaml.h"

namespace betrace::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTestFileBytesMax = 10 * 1024 * 1024;

bool is_test_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

/// Counts what happened and prints it.
class Report {
 public:
  Report(const TestOptions& options, std::ostream& out, std::ostream& error)
      : is_quiet_(options.is_quiet), out_(out), error_(error) {}

  void unusable(const std::string& place, const std::string& message) {
    is_unusable_ = true;
    error_ << place << ": " << message << '\n';
  }

  void file(const std::string& name) { file_ = name; }

  void result(const std::string& name, const std::vector<std::string>& differences) {
    ++cases_;
    if (differences.empty()) {
      if (!is_quiet_) out_ << "ok    " << file_ << ": " << name << '\n';
      return;
    }
    ++failures_;
    out_ << "FAIL  " << file_ << ": " << name << '\n';
    for (const std::string& line : differences) out_ << line << '\n';
  }

  int finish() {
    if (cases_ == 0 && !is_unusable_) unusable("betrace test", "no test case was found");
    out_ << fmt::format("{} of {} passed\n", cases_ - failures_, counted(cases_, "case"));
    if (is_unusable_) return kExitUsage;
    return failures_ == 0 ? kExitDone : kExitFailed;
  }

 private:
  bool is_quiet_;
  std::ostream& out_;
  std::ostream& error_;
  std::string file_;
  std::size_t cases_ = 0;
  std::size_t failures_ = 0;
  bool is_unusable_ = false;
};

void run_file(const fs::path& path, bool is_named, Report* report) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return report->unusable(path.string(), "cannot be read");
  const auto document = storage::yaml_to_json(text.str(), kTestFileBytesMax);
  if (!document.has_value()) {
    return report->unusable(path.string(), document.error().message);
  }
  if (!is_scenario_file(*document)) {
    // A folder may hold the rules beside their tests; a file that was named is meant to be a test.
    if (is_named) report->unusable(path.string(), "holds no 'cases'");
    return;
  }
  const auto scenarios = read_scenarios(*document, path.parent_path().string());
  if (!scenarios.has_value()) {
    return report->unusable(path.string(), scenarios.error().message);
  }
  report->file(path.string());
  for (const Scenario& scenario : *scenarios) {
    const auto outcome = run_scenario(scenario);
    report->result(scenario.name, outcome.has_value()
                                      ? check_scenario(scenario, *outcome)
                                      : std::vector{"    " + outcome.error().message});
  }
}

void run_path(const fs::path& path, Report* report) {
  std::error_code failure;
  if (!fs::is_directory(path, failure)) return run_file(path, true, report);
  std::vector<fs::path> files;
  for (auto entry = fs::recursive_directory_iterator(path, failure);
       !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    if (entry->is_regular_file(failure) && is_test_name(entry->path())) {
      files.push_back(entry->path());
    }
  }
  if (failure) report->unusable(path.string(), failure.message());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) run_file(file, false, report);
}

}  // namespace

int run_test(const TestOptions& options, std::ostream& out, std::ostream& error) {
  Report report(options, out, error);
  for (const std::string& path : options.paths) run_path(path, &report);
  return report.finish();
}

}  // namespace betrace::app
