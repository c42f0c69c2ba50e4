#include "betrace/storage/testing/model_vfs.h"

#include <cerrno>
#include <string>

namespace betrace::storage {
namespace {

// SQLite's own VFS, which does the work.
sqlite3_vfs* own() {
  static sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
  return vfs;
}

DiskModel& disk_of(sqlite3_vfs* vfs) { return *static_cast<DiskModel*>(vfs->pAppData); }

struct ModelFile {
  sqlite3_file base;
  DiskModel* disk;
  std::string* directory;  // to be synced with the first sync, as SQLite does for new WALs; or null
  std::uint64_t file;      // of the model
  bool has_failed;

  // SQLite gives room for both.
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

ModelFile& of(sqlite3_file* file) { return *reinterpret_cast<ModelFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }
const sqlite3_io_methods& real_methods(sqlite3_file* file) { return *real(file)->pMethods; }

int model_close(sqlite3_file* file) {
  static_cast<void>(of(file).disk->ask(DiskCall::Close));
  delete of(file).directory;
  return real_methods(file).xClose(real(file));
}

int model_read(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
  if (of(file).disk->ask(DiskCall::PageRead).error != 0) return SQLITE_IOERR_READ;
  return real_methods(file).xRead(real(file), bytes, count, offset);
}

int model_write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  ModelFile& model = of(file);
  const auto answer = model.disk->ask(DiskCall::PageWrite);
  if (model.has_failed) model.disk->note_misuse();
  if (answer.error == ENOSPC) return SQLITE_FULL;
  if (answer.error != 0) return SQLITE_IOERR_WRITE;
  const int done = answer.is_short ? count / 2 : count;
  const int code = real_methods(file).xWrite(real(file), bytes, done, offset);
  if (code != SQLITE_OK) return code;
  model.disk->write(model.file, static_cast<std::uint64_t>(offset),
                    {static_cast<const char*>(bytes), static_cast<std::size_t>(done)});
  return answer.is_short ? SQLITE_FULL : SQLITE_OK;
}

int model_truncate(sqlite3_file* file, sqlite3_int64 size) {
  ModelFile& model = of(file);
  if (model.disk->ask(DiskCall::Truncate).error != 0) return SQLITE_IOERR_TRUNCATE;
  model.disk->truncate(model.file, static_cast<std::uint64_t>(size));
  return real_methods(file).xTruncate(real(file), size);
}

int model_sync(sqlite3_file* file, int) {
  ModelFile& model = of(file);
  const auto answer = model.disk->ask(DiskCall::Sync);
  if (model.has_failed) model.disk->note_misuse();
  if (answer.error != 0) {
    model.has_failed = true;
    return SQLITE_IOERR_FSYNC;
  }
  model.disk->sync(model.file);
  if (model.directory == nullptr) return SQLITE_OK;
  model.disk->sync_directory(*model.directory);
  delete model.directory;
  model.directory = nullptr;
  return SQLITE_OK;
}

int model_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_methods(file).xFileSize(real(file), size);
}
int model_lock(sqlite3_file* file, int level) {
  return real_methods(file).xLock(real(file), level);
}
int model_unlock(sqlite3_file* file, int level) {
  return real_methods(file).xUnlock(real(file), level);
}
int model_reserved(sqlite3_file* file, int* out) {
  return real_methods(file).xCheckReservedLock(real(file), out);
}
int model_control(sqlite3_file* file, int what, void* argument) {
  return real_methods(file).xFileControl(real(file), what, argument);
}
int model_sector(sqlite3_file* file) { return real_methods(file).xSectorSize(real(file)); }
int model_characteristics(sqlite3_file* file) {
  return real_methods(file).xDeviceCharacteristics(real(file));
}
int model_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return real_methods(file).xShmMap(real(file), page, size, extend, out);
}
int model_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real_methods(file).xShmLock(real(file), offset, count, flags);
}
void model_shm_barrier(sqlite3_file* file) { real_methods(file).xShmBarrier(real(file)); }
int model_shm_unmap(sqlite3_file* file, int remove) {
  return real_methods(file).xShmUnmap(real(file), remove);
}

constexpr sqlite3_io_methods kMethods = {
    2,
    model_close,
    model_read,
    model_write,
    model_truncate,
    model_sync,
    model_size,
    model_lock,
    model_unlock,
    model_reserved,
    model_control,
    model_sector,
    model_characteristics,
    model_shm_map,
    model_shm_lock,
    model_shm_barrier,
    model_shm_unmap,
    nullptr,
    nullptr,
};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  ModelFile& model = of(file);
  model = {};
  DiskModel& disk = disk_of(vfs);
  if (disk.ask(DiskCall::Open).error != 0) return SQLITE_CANTOPEN;
  const int code = own()->xOpen(own(), name, model.real(), flags, flags_out);
  if (code != SQLITE_OK) return code;
  const bool is_created = (flags & SQLITE_OPEN_CREATE) != 0;
  model.disk = &disk;
  model.base.pMethods = &kMethods;
  if (name == nullptr) return SQLITE_OK;
  const std::string path = name;
  model.file = disk.open(path, is_created);
  const bool is_journal = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
  if (is_created && is_journal) model.directory = new std::string(path.substr(0, path.rfind('/')));
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int is_synced) {
  DiskModel& disk = disk_of(vfs);
  if (disk.ask(DiskCall::Unlink).error != 0) return SQLITE_IOERR_DELETE;
  const int code = own()->xDelete(own(), name, 0);
  if (code != SQLITE_OK) return code;
  const std::string path = name;
  disk.unlink(path);
  if (is_synced != 0) disk.sync_directory(path.substr(0, path.rfind('/')));
  return SQLITE_OK;
}

}  // namespace

ModelVfs::ModelVfs(DiskModel& disk) {
  vfs_ = *own();  // what is not replaced asks nothing of its VFS but what it has here
  vfs_.pNext = nullptr;
  vfs_.zName = "betrace-model";
  vfs_.szOsFile = static_cast<int>(sizeof(ModelFile)) + own()->szOsFile;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  vfs_.pAppData = &disk;
  sqlite3_vfs_register(&vfs_, 1);
}

ModelVfs::~ModelVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(own(), 1);
}

}  // namespace betrace::storage
