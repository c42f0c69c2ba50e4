#include "betrace/storage/log_mender.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <utility>

namespace betrace::storage {

LogMender::~LogMender() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_.store(true);
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void LogMender::begin() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void LogMender::add(SalvageTask task) {
  const std::lock_guard lock(mutex_);
  salvages_.push_back(std::move(task));
  begin();
}

void LogMender::add(ReadableGeneration generation, Holes holes) {
  const std::lock_guard lock(mutex_);
  checks_.emplace_back(std::move(generation), holes);
  begin();
}

std::vector<SalvageDone> LogMender::take_salvaged() {
  const std::lock_guard lock(mutex_);
  return std::exchange(salvaged_, {});
}

std::vector<CheckDone> LogMender::take_checked() {
  const std::lock_guard lock(mutex_);
  return std::exchange(checked_, {});
}

void LogMender::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock,
                  [this] { return is_stopped_.load() || !salvages_.empty() || !checks_.empty(); });
    if (is_stopped_.load()) return;
    if (!salvages_.empty()) {
      SalvageTask task = std::move(salvages_.front());
      salvages_.pop_front();
      lock.unlock();
      auto salvaged = salvage_synced(task);
      lock.lock();
      salvaged_.push_back({std::move(task), std::move(salvaged)});
    } else {
      const auto [generation, holes] = std::move(checks_.front());
      checks_.pop_front();
      lock.unlock();
      auto checked = check(generation, holes);
      lock.lock();
      checked_.push_back({generation.number, std::move(checked)});
    }
  }
}

Result<Salvaged> LogMender::salvage_synced(const SalvageTask& task) const {
  auto salvaged = salvage(task, is_stopped_);
  if (!salvaged || salvaged->groups == 0) return salvaged;
  // SQLite has closed it, so no lock of its is dropped.
  const FileHandle file(files_, files_.open(AT_FDCWD, task.target, O_RDWR | O_CLOEXEC, 0));
  const int synced = file.is_open() ? files_.sync(file.number()) : file.number();
  if (synced >= 0) return salvaged;
  return fail(ErrorCode::StorageFailed,
              fmt::format("{} cannot be synced: {}", task.target, errno_text(-synced)));
}

Result<void> LogMender::check(const ReadableGeneration& generation, Holes holes) const {
  auto database = Database::open(generation.path, Database::Mode::ReadOnly);
  if (!database) return fail(database.error());
  const auto start = read_start(*database);
  if (!start) return fail(start.error());
  const auto tail = check_chain(*database, *start, generation.end_seq, holes, is_stopped_);
  return tail ? Result<void>() : fail(tail.error());
}

}  // namespace betrace::storage
