#include "betrace/storage/log_backup.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <utility>

#include "betrace/storage/durable_file.h"
#include "betrace/storage/log_check.h"
#include "betrace/storage/log_files.h"
#include "betrace/storage/log_keys.h"
#include "betrace/storage/sqlite.h"

namespace betrace::storage {
namespace {

constexpr int kCopyPages = 256;

tl::unexpected<Error> not_written(std::string_view what, int negative_errno) {
  return fail(ErrorCode::StorageFailed,
              fmt::format("backup: {}: {}", what, errno_text(-negative_errno)));
}

// One transaction for all of it, so that nobody who writes meanwhile starts it anew.
Result<void> copy_generation(const ReadableGeneration& generation, const std::string& target) {
  const bool is_sealed = generation.seal == Seal::Sealed;
  const auto mode = is_sealed ? Database::Mode::Sealed : Database::Mode::ReadOnly;
  auto source = Database::open(generation.path, mode);
  if (!source) return fail(source.error());
  if (auto begun = source->exec("BEGIN"); !begun) return begun;
  if (const auto seen = source->integer("SELECT number FROM generation"); !seen) {
    return fail(seen.error());
  }
  auto copy = DatabaseCopy::begin(*source, target);
  if (!copy) return fail(copy.error());
  for (;;) {
    const auto is_done = copy->step(kCopyPages);
    if (!is_done) return fail(is_done.error());
    if (*is_done) return {};
  }
}

// The directory in which a copy grows.
class Workplace {
 public:
  Workplace(FileSystem& files, std::string path)
      : files_(files),
        path_(std::move(path)),
        name_(path_.filename()),
        temporary_(fmt::format(".{}.tmp-{:08x}", name_, std::random_device()())) {}

  // What is not to be kept goes. Its name first: what has it is whole.
  ~Workplace() {
    if (!directory_.is_open() || is_kept_) return;
    if (is_named_ && files_.rename(parent_.number(), name_, temporary_) < 0) return;
    std::vector<std::string> names;
    files_.list(directory_.number(), &names);
    for (const std::string& name : names) files_.unlink(directory_.number(), name);
    files_.remove_directory(parent_.number(), temporary_);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  Result<void> make() {
    const std::string parent = path_.parent_path().empty() ? "." : path_.parent_path().string();
    parent_ = FileHandle(files_, files_.open_directory(parent));
    if (!parent_.is_open()) return not_written(parent, parent_.number());
    FileStamp stamp;
    if (files_.stamp(parent_.number(), name_, &stamp) == 0) {
      return fail(ErrorCode::AlreadyExists,
                  fmt::format("backup: there is something at {} already", path_.string()));
    }
    const int made = files_.make_directory(place(), 0700);
    if (made < 0) return not_written(path_.string(), made);
    directory_ = FileHandle(files_, files_.open_directory(place()));
    return directory_.is_open() ? Result<void>() : not_written(place(), directory_.number());
  }

  // SQLite would give it the mode of any file.
  Result<void> create(const std::string& name) {
    const int flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
    const FileHandle file(files_, files_.open(directory_.number(), name, flags, 0600));
    return file.is_open() ? Result<void>() : not_written(name, file.number());
  }

  Result<void> sync(const std::string& name) {
    const FileHandle file(files_, files_.open(directory_.number(), name, O_RDWR | O_CLOEXEC, 0));
    const int synced = file.is_open() ? files_.sync(file.number()) : file.number();
    return synced < 0 ? not_written(name, synced) : Result<void>();
  }

  // Gives the directory its name.
  Result<void> finish() {
    int code = files_.sync(directory_.number());
    if (code >= 0) code = files_.rename(parent_.number(), temporary_, name_);
    if (code < 0) return not_written(path_.string(), code);
    is_named_ = true;
    code = files_.sync(parent_.number());
    return code < 0 ? not_written(path_.string(), code) : Result<void>();
  }

  void keep() { is_kept_ = true; }

  [[nodiscard]] std::string place() const { return (path_.parent_path() / temporary_).string(); }
  [[nodiscard]] int directory() const { return directory_.number(); }

 private:
  FileSystem& files_;
  const std::filesystem::path path_;
  const std::string name_;
  const std::string temporary_;
  FileHandle parent_;
  FileHandle directory_;
  bool is_named_ = false;
  bool is_kept_ = false;
};

Result<void> copy_key_ring(FileSystem& files, const std::string& state_path, int target) {
  const FileHandle state(files, files.open_directory(state_path));
  const auto ring =
      read_file(files, state.number(), kKeyRingName, evidence::kKeyRingBytesMax, Links::Refuse);
  if (!ring && ring.error().code == ErrorCode::NotFound) return {};
  if (!ring) return fail(ring.error());
  return durable_replace(files, target, kKeyRingName, *ring);
}

Result<BackupReport> verify(FileSystem& files, const std::string& path) {
  static const std::atomic<bool> kGoesOn{false};
  const auto generations = find_generations(files, path);
  if (!generations) return fail(generations.error());
  BackupReport report{path, generations->size(), {}};
  for (const ReadableGeneration& generation : *generations) {
    auto database = Database::open(generation.path, Database::Mode::Sealed);
    if (!database) return fail(database.error());
    const auto start = read_start(*database);
    if (!start) return fail(start.error());
    const auto tail = check_chain(*database, *start, generation.end_seq, Holes::Allow, kGoesOn);
    if (!tail) return fail(tail.error());
    if (tail->last_seq < start->first_seq) continue;
    if (report.records.first == 0) report.records.first = start->first_seq;
    report.records.last = tail->last_seq;
  }
  return report;
}

}  // namespace

Result<std::vector<ReadableGeneration>> find_generations(FileSystem& files,
                                                         const std::string& path) {
  const FileHandle directory(files, files.open_directory(path));
  std::vector<std::string> names;
  const int listed =
      directory.is_open() ? files.list(directory.number(), &names) : directory.number();
  if (listed < 0) {
    return fail(ErrorCode::NotFound, fmt::format("{}: {}", path, errno_text(-listed)));
  }
  std::sort(names.begin(), names.end());
  std::vector<ReadableGeneration> found;
  for (const std::string& name : names) {
    const std::uint64_t number = generation_number(name);
    if (number == 0) continue;
    auto database = Database::open(path + "/" + name, Database::Mode::ReadOnly);
    if (!database) return fail(database.error());
    const auto start =
        check_format(*database).and_then([&](bool) { return read_start(*database); });
    if (!start) {
      return fail(start.error().code, fmt::format("{}: {}", name, start.error().message));
    }
    if (!found.empty()) found.back().end_seq = start->first_seq;
    found.push_back({number, path + "/" + name, start->first_seq, kSequenceMax, start->created});
  }
  if (found.empty())
    return fail(ErrorCode::NotFound, fmt::format("{}: there is no violation log", path));
  return found;
}

Result<BackupReport> write_backup(FileSystem& files, const std::string& state_path,
                                  const std::vector<ReadableGeneration>& generations,
                                  const std::string& path) {
  const std::filesystem::path given(path);
  const std::filesystem::path named = given.has_filename() ? given : given.parent_path();
  Workplace workplace(files, named.string());
  if (auto made = workplace.make(); !made) return fail(made.error());
  for (const ReadableGeneration& generation : generations) {
    const std::string name = generation_file_name(generation.number);
    auto copied = workplace.create(name);
    if (copied) copied = copy_generation(generation, workplace.place() + "/" + name);
    if (copied) copied = workplace.sync(name);
    if (!copied) return fail(copied.error());
  }
  if (auto done = copy_key_ring(files, state_path, workplace.directory()); !done) {
    return fail(done.error());
  }
  if (auto done = workplace.finish(); !done) return fail(done.error());
  auto report = verify(files, named.string());
  if (report) workplace.keep();
  return report;
}

Result<BackupReport> back_up_stopped_log(FileSystem& files, const std::string& state_path,
                                         const std::string& path, UnixNanos now) {
  if (const auto found = find_generations(files, state_path); !found) return fail(found.error());
  LogFiles locked(files, state_path);
  if (auto taken = locked.take(now); !taken) return fail(taken.error());
  const auto generations = find_generations(files, state_path);
  if (!generations) return fail(generations.error());
  return write_backup(files, state_path, *generations, path);
}

}  // namespace betrace::storage
