#include "betrace/storage/sqlite.h"

#include <fmt/format.h>

#include <cerrno>

namespace betrace::storage {
namespace {

constexpr int kRowBytesMax = 256 * 1024;
constexpr int kBusyMilliseconds = 5'000;

// The errno behind a failed write to the WAL or the database; SQLite itself keeps it only for other
// failures.
int write_errno(sqlite3* handle) {
  sqlite3_file* wal = nullptr;
  int number = 0;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&wal));
  if (wal != nullptr && wal->pMethods != nullptr) {
    wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &number);
  }
  if (number == 0) sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

SqliteFailure failure_on(sqlite3* handle) {
  const int code = sqlite3_extended_errcode(handle);
  return failure_of(code, code == SQLITE_IOERR_WRITE ? write_errno(handle) : 0);
}

tl::unexpected<Error> failed(sqlite3* handle) {
  const int code = sqlite3_extended_errcode(handle);
  const SqliteFailure failure = failure_on(handle);
  const bool is_corrupt = failure == SqliteFailure::Corrupt;
  const ErrorCode kind = is_corrupt ? ErrorCode::Corrupt : ErrorCode::StorageFailed;
  // The file beside the log that readers share is made larger when the log is opened.
  const bool has_no_room = failure == SqliteFailure::Full || code == SQLITE_IOERR_SHMSIZE;
  const char* what =
      has_no_room ? "no room: the disk is full, or a quota or a limit of file sizes is reached"
                  : sqlite3_errmsg(handle);
  return fail(kind, fmt::format("violation log: {} ({})", what, code));
}

int note_wal_pages(void* counter, sqlite3*, const char*, int pages) {
  *static_cast<std::uint64_t*>(counter) = static_cast<std::uint64_t>(pages);
  return SQLITE_OK;
}

// The path as a URI that says that nobody changes the file.
std::string sealed_name(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    const bool is_special = c == '%' || c == '?' || c == '#';
    uri += is_special ? fmt::format("%{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return uri + "?immutable=1";
}

bool is_no_room(int code, int system_error) {
  return code == SQLITE_IOERR_WRITE &&
         (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG);
}

}  // namespace

void limit_sqlite_memory(std::uint64_t bytes) noexcept {
  sqlite3_soft_heap_limit64(static_cast<sqlite3_int64>(bytes));
}

SqliteFailure failure_of(int code, int system_error) noexcept {
  if (is_no_room(code, system_error)) return SqliteFailure::Full;
  switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return SqliteFailure::None;
    case SQLITE_FULL:
      return SqliteFailure::Full;
    case SQLITE_IOERR:
      return SqliteFailure::Io;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return SqliteFailure::Corrupt;
    case SQLITE_ERROR:
      return SqliteFailure::Refused;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return SqliteFailure::Busy;
    default:
      return SqliteFailure::Other;
  }
}

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index + 1, value);
  return *this;
}

Statement& Statement::bind(int index, std::uint64_t value) {
  return bind(index, static_cast<std::int64_t>(value));
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(statement_.get(), index + 1, text.empty() ? "" : text.data(),
                    static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_blob(int index, std::span<const std::uint8_t> bytes) {
  return bind_blob(index,
                   std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob(statement_.get(), index + 1, bytes.empty() ? "" : bytes.data(),
                    static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(statement_.get(), index + 1);
  return *this;
}

Statement& Statement::bind_column(int index, const Statement& row, int column) {
  sqlite3_bind_value(statement_.get(), index + 1,
                     sqlite3_column_value(row.statement_.get(), column));
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  auto error = failed(sqlite3_db_handle(statement_.get()));
  sqlite3_reset(statement_.get());
  return error;
}

Result<void> Statement::run() {
  for (;;) {
    const auto more = step();
    if (!more) return fail(more.error());
    if (!*more) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  const bool is_sealed = mode == Mode::Sealed;
  const bool is_read_only = is_sealed || mode == Mode::ReadOnly;
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
  flags |= is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (mode == Mode::Create) flags |= SQLITE_OPEN_CREATE;
  if (is_sealed) flags |= SQLITE_OPEN_URI;
  const std::string name = is_sealed ? sealed_name(path) : path;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  Database database;
  database.handle_.reset(handle);
  if (code != SQLITE_OK) return failed(handle);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kRowBytesMax);
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  sqlite3_wal_hook(handle, note_wal_pages, database.wal_pages_.get());
  auto done = database.exec(
      "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;"
      "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY");
  if (!done) return fail(done.error());
  return database;
}

Result<void> Database::exec(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failed(handle_.get());
  }
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  Statement statement;
  statement.statement_.reset(raw);
  if (code != SQLITE_OK) return failed(handle_.get());
  return statement;
}

Result<std::optional<std::int64_t>> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return fail(statement.error());
  const auto row = statement->step();
  if (!row) return fail(row.error());
  return *row ? statement->maybe_integer(0) : std::nullopt;
}

Result<std::string> Database::text(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return fail(statement.error());
  const auto row = statement->step();
  if (!row) return fail(row.error());
  return *row ? std::string(statement->bytes(0)) : std::string();
}

void Database::set_busy_wait(std::chrono::milliseconds wait) noexcept {
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(wait.count()));
}

SqliteFailure Database::last_failure() const noexcept { return failure_on(handle_.get()); }

Result<DatabaseCopy> DatabaseCopy::begin(Database& source, const std::string& path) {
  auto target = Database::open(path, Database::Mode::Create);
  if (!target) return fail(target.error());
  DatabaseCopy copy;
  copy.target_ = *std::move(target);
  // Who copies syncs the whole file at the end.
  if (auto done = copy.target_.exec("PRAGMA synchronous=OFF"); !done) return fail(done.error());
  sqlite3* const to = copy.target_.handle_.get();
  copy.copy_.reset(sqlite3_backup_init(to, "main", source.handle_.get(), "main"));
  if (copy.copy_ == nullptr) return failed(to);
  return copy;
}

Result<bool> DatabaseCopy::step(int pages) {
  const int code = sqlite3_backup_step(copy_.get(), pages);
  if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return false;
  if (code != SQLITE_DONE) {
    copy_.reset();
    return fail(ErrorCode::StorageFailed,
                fmt::format("violation log: a copy failed: {} ({})", sqlite3_errstr(code), code));
  }
  copy_.reset();
  const auto mode = target_.text("PRAGMA journal_mode=DELETE");
  if (!mode) return fail(mode.error());
  target_ = Database();
  return true;
}

}  // namespace betrace::storage
