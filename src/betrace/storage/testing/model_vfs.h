// Lets SQLite work over a DiskModel: the VFS below every database that is opened meanwhile.
//
// One at a time, while no database is open. See disk_model.h.
#pragma once

#include <sqlite3.h>

#include "betrace/storage/testing/disk_model.h"

namespace betrace::storage {

class ModelVfs {
 public:
  /// Takes the place of SQLite's own VFS until it is destroyed.
  explicit ModelVfs(DiskModel& disk);
  ~ModelVfs();
  ModelVfs(const ModelVfs&) = delete;
  ModelVfs& operator=(const ModelVfs&) = delete;

 private:
  sqlite3_vfs vfs_{};
};

}  // namespace betrace::storage
