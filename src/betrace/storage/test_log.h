// A violation log in a directory of its own, for tests that damage its files.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "betrace/base/test_directory.h"
#include "betrace/storage/sqlite.h"
#include "betrace/storage/test_violations.h"
#include "betrace/storage/violation_log.h"

namespace betrace::storage {

/// Version `revision` of the rule `rule`.
inline RuleChangeRecord test_rule_change(std::uint64_t revision) {
  RuleChangeRecord record;
  record.rule_id = "rule";
  record.change = "update";
  record.source = "api";
  record.time = kTestTime + revision;
  record.revision = revision;
  record.sha256 = std::string(64, static_cast<char>('a' + revision));
  return record;
}

class TestLog : public ::testing::Test {
 protected:
  explicit TestLog(const std::filesystem::path& parent = std::filesystem::temp_directory_path())
      : directory_(parent) {
    options_.path = directory_.file("state");
    options_.retry_time = std::chrono::milliseconds(1);
    options_.group_time = std::chrono::milliseconds(0);
  }

  ViolationLog& log() {
    if (log_ == nullptr) {
      auto opened = ViolationLog::open(options_);
      if (!opened) throw std::runtime_error(opened.error().message);
      log_ = *std::move(opened);
    }
    return *log_;
  }
  void stop() {
    if (log_ == nullptr) return;
    EXPECT_TRUE(log_->stop(std::chrono::seconds(60)).has_value());
    log_.reset();
  }
  void crash() { log_.reset(); }

  /// Records the violations from `first` to before `end`, and waits until they are committed.
  void record(std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t i = first; i < end; ++i) log().record(first_record(test_violation(i)));
    ASSERT_TRUE(log().flush(std::chrono::seconds(60)).has_value());
  }
  /// Five violations in the first generation, closed in order; returns its last sequence.
  std::uint64_t write_five() {
    record(0, 5);
    stop();
    return static_cast<std::uint64_t>(ask(1, "SELECT max(seq) FROM record"));
  }
  std::uint64_t last_sequence() { return log().status().last_sequence; }
  bool has(std::uint64_t number) { return log().find(test_violation(number).key.id()).has_value(); }
  std::uint64_t total() { return log().query({}).value().total; }

  static std::string name(int generation) {
    return "log-00000" + std::to_string(generation) + ".db";
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.file("state/" + name);
  }
  [[nodiscard]] bool has_file(const std::string& name) const {
    return directory_.has("state/" + name);
  }
  /// Databases that were set aside, sorted.
  [[nodiscard]] std::vector<std::string> set_aside() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path(""))) {
      const std::string name = entry.path().filename();
      if (name.find(".corrupt-") != name.npos && name.ends_with(".db")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// Changes a byte of a file.
  void flip(const std::string& name, std::size_t offset, char bits = '\xFF') const {
    std::string bytes = directory_.read("state/" + name);
    ASSERT_LT(offset, bytes.size());
    bytes[offset] = static_cast<char>(bytes[offset] ^ bits);
    directory_.write("state/" + name, bytes);
  }
  /// Runs SQL in one generation, on a connection of its own.
  void run(int generation, const std::string& sql) const {
    auto database = Database::open(path(name(generation)), Database::Mode::ReadWrite);
    ASSERT_TRUE(database.has_value());
    const auto done = database->exec(sql);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  [[nodiscard]] std::int64_t ask(int generation, const std::string& sql) const {
    auto database = Database::open(path(name(generation)), Database::Mode::ReadOnly);
    return database->integer(sql).value().value_or(-1);
  }
  /// How many gap records with this text in them a generation has.
  [[nodiscard]] std::int64_t gaps(int generation, const std::string& text) const {
    return ask(generation,
               "SELECT count(*) FROM record WHERE type = 5 AND instr(payload, '" + text + "') > 0");
  }

  TestDirectory directory_;
  ViolationLogOptions options_;
  std::unique_ptr<ViolationLog> log_;
};

}  // namespace betrace::storage
