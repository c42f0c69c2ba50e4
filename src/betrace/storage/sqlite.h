// SQLite as two small classes: a connection and a prepared statement, with Results for errors.
//
// Internal to storage/: no other module includes it. Every parameter is bound, never pasted.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace::storage {

/// What an SQLite failure means for the file.
enum class SqliteFailure : std::uint8_t {
  None,
  Full,     ///< No room; nothing was changed and the handle is still good.
  Io,       ///< The handle must never be used again.
  Corrupt,  ///< The file is not what was written.
  Busy,     ///< Somebody else holds the file.
  Refused,  ///< The statement cannot be run on this schema, or not now.
  Other,
};

/// Sorts an extended result code; `system_error` is the errno behind it.
[[nodiscard]] SqliteFailure failure_of(int code, int system_error) noexcept;

/// Makes SQLite keep fewer pages in memory once all connections of the process hold that many
/// bytes; 0 = no such bound. Thread-safe.
void limit_sqlite_memory(std::uint64_t bytes) noexcept;

class Database;

/// One prepared statement; columns and parameters count from 0. One thread.
class Statement {
 public:
  Statement() = default;

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::uint64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::span<const std::uint8_t> bytes);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);
  /// Binds a column of the row that `row` stands at, as it is.
  Statement& bind_column(int index, const Statement& row, int column);

  /// True for a row, false at the end; Error as Database::exec().
  [[nodiscard]] Result<bool> step();
  /// Steps to the end and resets.
  [[nodiscard]] Result<void> run();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  /// Valid until the next step() or reset().
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection. One thread at a time.
class Database {
 public:
  /// `Sealed`: read only, of a file that nobody changes; takes no locks and looks for no WAL.
  enum class Mode { ReadOnly, Sealed, ReadWrite, Create };

  /// Opens with our limits: nothing in a crafted file runs, closing writes nothing, a foreign lock
  /// is waited for 5 s.
  [[nodiscard]] static Result<Database> open(const std::string& path, Mode mode);

  /// Error StorageFailed with SQLite's words; Corrupt if the file is not a sound database.
  [[nodiscard]] Result<void> exec(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// The first column of the first row; nothing if there is no row or it is null.
  [[nodiscard]] Result<std::optional<std::int64_t>> integer(std::string_view sql);
  [[nodiscard]] Result<std::string> text(std::string_view sql);

  /// How long a foreign lock is waited for from now on.
  void set_busy_wait(std::chrono::milliseconds wait) noexcept;
  /// Of the last call on this connection, which failed.
  [[nodiscard]] SqliteFailure last_failure() const noexcept;
  /// Pages in the write-ahead log after the last commit of this connection.
  [[nodiscard]] std::uint64_t wal_pages() const noexcept { return *wal_pages_; }

 private:
  friend class Statement;
  friend class DatabaseCopy;
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<std::uint64_t> wal_pages_ = std::make_unique<std::uint64_t>(0);
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Copies a database page by page while it is in use. What `source` itself changes meanwhile is
/// copied too; what another connection changes starts the copy anew. One thread at a time.
class DatabaseCopy {
 public:
  /// `source` must outlive the copy. Error as Database::open() and exec().
  [[nodiscard]] static Result<DatabaseCopy> begin(Database& source, const std::string& path);

  /// Copies so many pages; true when all are copied and `path` is closed, in no need of a WAL.
  [[nodiscard]] Result<bool> step(int pages);

 private:
  struct Finish {
    void operator()(sqlite3_backup* copy) const noexcept { sqlite3_backup_finish(copy); }
  };
  Database target_;
  std::unique_ptr<sqlite3_backup, Finish> copy_;
};

}  // namespace betrace::storage
