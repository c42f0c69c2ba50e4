// Read connections to the violation log that are not in use.
//
// Each question takes a LogReader and gives it back; a change of the generations makes all of them
// stale.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "betrace/storage/log_reader.h"

namespace betrace::storage {

/// Thread-safe.
class ReaderPool {
 public:
  /// From now on these generations are read. Requires: at least one.
  void set(std::vector<ReadableGeneration> readable);

  /// Asks a reader. Error of the reader, or of opening one.
  template <typename Ask>
  auto ask(Ask ask) -> decltype(ask(std::declval<LogReader&>())) {
    std::uint64_t epoch = 0;
    auto reader = take(&epoch);
    if (!reader) return fail(reader.error());
    auto answer = ask(**reader);
    // After an error the connection may be one that must not be used again.
    if (answer) give_back(*std::move(reader), epoch);
    if (!answer && answer.error().code == ErrorCode::Corrupt) is_damaged_.store(true);
    return answer;
  }
  /// An answer has met damage since the last call.
  [[nodiscard]] bool take_damage() noexcept { return is_damaged_.exchange(false); }

  /// What is read now.
  [[nodiscard]] std::vector<ReadableGeneration> readable();

 private:
  [[nodiscard]] Result<std::unique_ptr<LogReader>> take(std::uint64_t* epoch);
  void give_back(std::unique_ptr<LogReader> reader, std::uint64_t epoch);

  std::atomic<bool> is_damaged_{false};
  std::mutex mutex_;
  std::vector<ReadableGeneration> readable_;
  std::vector<std::unique_ptr<LogReader>> free_;
  std::uint64_t epoch_ = 0;
};

}  // namespace betrace::storage
