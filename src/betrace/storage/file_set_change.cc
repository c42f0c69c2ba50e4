#include "betrace/storage/file_set_change.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "betrace/base/hex.h"
#include "betrace/base/json.h"
#include "betrace/base/sha256.h"
#include "betrace/storage/durable_file.h"

namespace betrace::storage {
namespace {

constexpr std::size_t kJournalBytesMax = 1ULL << 30;

Result<void> write_one(FileSystem& files, int directory, const std::string& name,
                       const std::optional<std::string>& bytes) {
  return bytes ? durable_replace(files, directory, name, *bytes)
               : durable_remove(files, directory, name);
}

// Puts the first `count` files back; the error says that this failed as well. A directory that
// could not be synced is not synced by the same handle again.
Result<void> put_back(FileSystem& files, int directory, const std::vector<FileChange>& changes,
                      std::size_t count, const Error& cause) {
  const FileHandle fresh(files, files.open(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  for (std::size_t i = 0; i < count; ++i) {
    const auto done = write_one(files, fresh.number(), changes[i].name, changes[i].before);
    if (!done) {
      return fail(ErrorCode::StorageUncertain,
                  fmt::format("{}; and putting it back: {}", cause.message, done.error().message));
    }
  }
  return fail(cause);
}

Result<void> write_all(FileSystem& files, int directory, const std::vector<FileChange>& changes) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto done = write_one(files, directory, changes[i].name, changes[i].after);
    if (done) continue;
    if (done.error().code == ErrorCode::StorageUncertain && changes.size() == 1) return done;
    const bool is_changed = done.error().code == ErrorCode::StorageUncertain;
    return put_back(files, directory, changes, i + (is_changed ? 1 : 0),
                    {ErrorCode::StorageFailed, done.error().message});
  }
  return {};
}

std::string digest_of(const std::optional<std::string>& bytes) {
  return bytes ? to_hex(sha256(*bytes)) : std::string();
}

std::string journal_of(const std::vector<FileChange>& changes) {
  Json list = Json::array();
  for (const FileChange& change : changes) {
    list.push_back({{"name", change.name},
                    {"before", digest_of(change.before)},
                    {"after", change.after ? Json(*change.after) : Json()}});
  }
  const std::string body = dump_json(list);
  return dump_json({{"changes", body}, {"sha256", to_hex(sha256(body))}});
}

bool is_plain_name(const Json& name) {
  if (!name.is_string()) return false;
  const auto& text = name.get_ref<const std::string&>();
  return !text.empty() && text[0] != '.' && text.find('/') == text.npos;
}

bool is_entry(const Json& entry) {
  return entry.is_object() && is_plain_name(entry.value("name", Json())) &&
         entry.value("before", Json()).is_string() && entry.contains("after") &&
         (entry.at("after").is_string() || entry.at("after").is_null());
}

// The list of the journal, or null if it is damaged.
Json read_journal(const std::string& text) {
  const auto journal = parse_json(text);
  const bool is_journal = journal && journal->is_object() &&
                          journal->value("changes", Json()).is_string() &&
                          journal->contains("sha256");
  if (!is_journal) return {};
  const auto& body = journal->at("changes").get_ref<const std::string&>();
  if (journal->at("sha256") != to_hex(sha256(body))) return {};
  const auto list = parse_json(body);
  const bool is_list =
      list && list->is_array() && std::all_of(list->begin(), list->end(), is_entry);
  return is_list ? *list : Json();
}

Result<void> finish(FileSystem& files, int directory, const Json& entry) {
  const auto name = entry.at("name").get<std::string>();
  const Json& after = entry.at("after");
  auto now = read_file(files, directory, name, kJournalBytesMax, Links::Refuse);
  if (!now && now.error().code != ErrorCode::NotFound) return fail(now.error());
  const std::string digest = now ? to_hex(sha256(*now)) : std::string();
  if (entry.at("before") != digest) return {};
  if (after.is_null()) return durable_remove(files, directory, name);
  return durable_replace(files, directory, name, after.get_ref<const std::string&>());
}

// After it is gone it decides nothing, whatever becomes of the directory's own entry: a stale
// journal changes only files that are still as they were before it.
Result<void> remove_journal(FileSystem& files, int directory) {
  FileHandle folder(files,
                    files.open(directory, ".betrace", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!folder.is_open()) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("cannot open .betrace: {}", errno_text(-folder.number())));
  }
  return durable_remove(files, folder.number(), "change.json");
}

Result<void> write_journal(FileSystem& files, int directory,
                           const std::vector<FileChange>& changes) {
  FileHandle folder(files,
                    files.open(directory, ".betrace", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!folder.is_open()) {
    return fail(ErrorCode::StorageFailed,
                fmt::format("cannot open .betrace: {}", errno_text(-folder.number())));
  }
  auto written = durable_replace(files, folder.number(), "change.json", journal_of(changes));
  if (written || written.error().code == ErrorCode::StorageFailed) return written;
  const auto removed = remove_journal(files, directory);  // by a fresh handle
  if (!removed) return written;
  return fail(ErrorCode::StorageFailed, written.error().message);
}

}  // namespace

Result<void> apply_changes(FileSystem& files, int directory,
                           const std::vector<FileChange>& changes) {
  if (changes.size() < 2) return write_all(files, directory, changes);
  if (auto journalled = write_journal(files, directory, changes); !journalled) return journalled;
  auto written = write_all(files, directory, changes);
  const bool is_half_done = !written && written.error().code == ErrorCode::StorageUncertain;
  if (is_half_done) return written;  // its journal stays, for recover_changes()
  const auto removed = remove_journal(files, directory);
  if (!written && !removed) {
    return fail(ErrorCode::StorageUncertain,
                fmt::format("{}; and {}", written.error().message, removed.error().message));
  }
  return written;  // a journal that stays after success changes nothing more
}

std::vector<FileChange> reversed(const std::vector<FileChange>& changes) {
  std::vector<FileChange> result;
  for (const FileChange& change : changes) {
    result.push_back({change.name, change.after, change.before});
  }
  return result;
}

Result<void> recover_changes(FileSystem& files, int directory) {
  const auto text = read_file(files, directory, kJournalName, kJournalBytesMax, Links::Refuse);
  if (!text) {
    const bool is_absent = text.error().code == ErrorCode::NotFound;
    return is_absent ? Result<void>() : fail(text.error());
  }
  for (const Json& entry : read_journal(*text)) {
    if (auto done = finish(files, directory, entry); !done) return done;
  }
  return remove_journal(files, directory);
}

}  // namespace betrace::storage
