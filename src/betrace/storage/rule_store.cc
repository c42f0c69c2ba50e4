#include "betrace/storage/rule_store.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "betrace/base/check.h"
#include "betrace/storage/durable_file.h"
#include "betrace/storage/file_lock.h"
#include "betrace/storage/rule_store_core.h"

namespace betrace::storage {
namespace {

constexpr const char* kOwnFolder = ".betrace";
constexpr const char* kRulesLockName = ".betrace/rules.lock";
constexpr const char* kProbeName = ".probe";

tl::unexpected<Error> failed(std::string_view what, const std::string& path, int negative_errno) {
  return fail(ErrorCode::StorageFailed,
              fmt::format("cannot {} {}: {}", what, path, errno_text(-negative_errno)));
}

}  // namespace

RuleStore::Core::Core(RuleStoreOptions given)
    : options(std::move(given)),
      files(options.files != nullptr ? *options.files : real_file_system()),
      directory(files),
      snapshot_(std::make_shared<RuleSnapshot>()) {}

Result<void> RuleStore::Core::load() {
  const std::lock_guard turn_lock(turn);
  if (auto made = make_directories(files, options.path); !made) return made;
  auto handle = open_directory();
  if (!handle) return fail(handle.error());
  if (auto checked = check_directory(handle->number()); !checked) return checked;
  clean_after_crash(handle->number());
  const auto looked =
      directory.look(handle->number(), RuleDirectory::Occasion::Start, options.clock());
  if (!looked) return looked;
  const std::lock_guard lock(mutex_);
  snapshot_ = directory.snapshot(nullptr);
  quarantined_ = directory.quarantined();
  return {};
}

Result<void> RuleStore::Core::check_directory(int handle) {
  FileStamp stamp;
  const int stamped = files.stamp(handle, ".", &stamp);
  if (stamped < 0) return failed("look at", options.path, stamped);
  const int made = files.make_directory(options.path + "/" + kOwnFolder, 0700);
  if (is_forbidden(made)) {
    set_fixed(fmt::format("cannot write to {}: {}", options.path, errno_text(-made)));
    return {};
  }
  if (!stamp.is_world_writable) return {};
  return fail(ErrorCode::FailedPrecondition,
              fmt::format("the rule directory {} is writable for everybody", options.path));
}

// Only under the lock: temporary files of a replica that is at work must stay.
void RuleStore::Core::clean_after_crash(int handle) {
  auto lock = take_rules_lock(handle);
  if (!lock) return;
  remove_stale_temporaries(files, handle);
  FileHandle folder(files, files.open(handle, kOwnFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (folder.is_open()) remove_stale_temporaries(files, folder.number());
  if (const auto done = recover_changes(files, handle); !done) note_error(done.error());
}

RuleSnapshotPtr RuleStore::Core::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void RuleStore::Core::publish(RuleSnapshotPtr snapshot) {
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
  quarantined_ = directory.quarantined();
}

RuleStoreStatus RuleStore::Core::status() const {
  const std::lock_guard lock(mutex_);
  RuleStoreStatus status;
  status.is_read_only = !read_only_reason_.empty();
  status.is_fixed = !fixed_reason_.empty();
  status.reason = status.is_read_only ? read_only_reason_ : fixed_reason_;
  status.quarantined = quarantined_;
  status.problems = snapshot_->problems.size();
  return status;
}

Result<RuleChanges> RuleStore::Core::look(int handle) {
  const auto looked = directory.look(handle, RuleDirectory::Occasion::Later, options.clock());
  if (!looked) return fail(looked.error());
  const RuleSnapshotPtr before = snapshot();
  const RuleSnapshotPtr after = directory.snapshot(before);
  publish(after);
  return changes_between(*before, *after);
}

Result<RuleChanges> RuleStore::Core::look_again(const std::vector<FileChange>& changes) {
  for (const FileChange& change : changes) directory.forget(change.name);
  auto handle = open_directory();
  if (!handle) return fail(handle.error());
  return look(handle->number());
}

Result<FileHandle> RuleStore::Core::open_directory() {
  FileHandle handle(files, files.open_directory(options.path));
  if (!handle.is_open()) return failed("open the rule directory", options.path, handle.number());
  return handle;
}

Result<FileHandle> RuleStore::Core::take_rules_lock(int handle) {
  files.make_directory(options.path + "/" + kOwnFolder, 0700);  // somebody may have removed it
  return take_lock(files, handle, kRulesLockName, options.lock_wait);
}

Result<RuleChange> RuleStore::Core::begin() {
  const RuleStoreStatus now = status();
  if (now.is_fixed) return fail(ErrorCode::FailedPrecondition, now.reason);
  if (now.is_read_only) return fail(ErrorCode::StorageFailed, now.reason);
  auto state = std::make_unique<RuleChange::State>();
  state->turn = std::unique_lock(turn, options.lock_wait);
  if (!state->turn.owns_lock()) {
    return fail(ErrorCode::Unavailable, "another change of the rules is under way");
  }
  auto handle = open_directory();
  if (!handle) return fail(handle.error());
  state->directory = *std::move(handle);
  auto lock = take_rules_lock(state->directory.number());
  if (!lock) {
    note_error(lock.error());
    return fail(lock.error());
  }
  state->lock = *std::move(lock);
  if (const auto done = recover_changes(files, state->directory.number()); !done) {
    note_error(done.error());
    return fail(ErrorCode::StorageFailed, done.error().message);
  }
  auto found = look(state->directory.number());
  if (!found) return fail(found.error());
  state->found = *std::move(found);
  state->current = snapshot();
  return RuleChange(std::move(state));
}

bool RuleStore::Core::probe() {
  const std::lock_guard turn_lock(turn);
  auto handle = open_directory();
  if (!handle) return false;
  const auto written =
      durable_replace(files, handle->number(), kProbeName, "probe\n").and_then([&] {
        return durable_remove(files, handle->number(), kProbeName);
      });
  if (!written) return false;
  const auto rules_lock = take_rules_lock(handle->number());
  if (!rules_lock || !recover_changes(files, handle->number())) return false;
  const std::lock_guard lock(mutex_);
  read_only_reason_.clear();
  return true;
}

void RuleStore::Core::note_error(const Error& error) {
  const std::lock_guard lock(mutex_);
  const bool is_of_disk =
      error.code == ErrorCode::StorageFailed || error.code == ErrorCode::StorageUncertain;
  if (is_of_disk) read_only_reason_ = error.message;
}

void RuleStore::Core::set_fixed(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  fixed_reason_ = reason;
}

RuleStore::RuleStore(std::shared_ptr<Core> core) : core_(std::move(core)) {}
RuleStore::~RuleStore() = default;

Result<std::unique_ptr<RuleStore>> RuleStore::open(RuleStoreOptions options) {
  BETRACE_CHECK(!options.path.empty());
  auto core = std::make_shared<Core>(std::move(options));
  if (auto loaded = core->load(); !loaded) return fail(loaded.error());
  return std::unique_ptr<RuleStore>(new RuleStore(std::move(core)));
}

RuleSnapshotPtr RuleStore::snapshot() const { return core_->snapshot(); }
RuleStoreStatus RuleStore::status() const { return core_->status(); }
const std::string& RuleStore::path() const noexcept { return core_->options.path; }

Result<RuleChange> RuleStore::begin() {
  auto change = core_->begin();
  if (change) change->state_->core = core_;
  return change;
}

Result<RuleChanges> RuleStore::refresh() {
  const std::lock_guard turn_lock(core_->turn);
  auto handle = core_->open_directory();
  if (!handle) return fail(handle.error());
  return core_->look(handle->number());
}

bool RuleStore::probe() { return core_->probe(); }

Result<std::size_t> RuleStore::clean_up(std::chrono::milliseconds age) {
  const UnixNanos now = core_->options.clock().wall;
  const auto age_ns = static_cast<UnixNanos>(std::chrono::nanoseconds(age).count());
  const auto is_old = [&](const auto& entry) { return entry.second.deleted_at + age_ns <= now; };
  const RuleSnapshotPtr seen = snapshot();
  if (std::none_of(seen->tombstones.begin(), seen->tombstones.end(), is_old)) return 0;
  auto change = begin();
  if (!change) return fail(change.error());
  std::size_t count = 0;
  for (const auto& entry : change->current().tombstones) {
    if (!is_old(entry)) continue;
    const std::string& id = entry.first;
    const int removed = core_->files.unlink(change->state_->directory.number(), rule_file_name(id));
    if (removed < 0) return failed("remove the tombstone of", id, removed);
    ++count;
  }
  if (count == 0) return count;
  const int synced = core_->files.sync(change->state_->directory.number());
  if (synced < 0) {
    auto error = failed("sync", core_->options.path, synced);
    core_->note_error(error.value());
    return error;
  }
  if (auto looked = core_->look(change->state_->directory.number()); !looked) {
    return fail(looked.error());
  }
  return count;
}

}  // namespace betrace::storage
