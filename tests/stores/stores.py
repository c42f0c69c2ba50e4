#!/usr/bin/env python3
"""Stores of released versions as texts: a folder of rule files, the violation log as SQL, the public keys.

Usage: stores.py dump STORAGE_PATH FOLDER    writes a store whose server has ended to tests/stores/VERSION
"""

import pathlib
import shutil
import sqlite3
import sys
import tempfile

LOG = "log-000001.db"


def literal(value):
    """A value of the log as SQL. Payloads are UTF-8, and stay readable."""
    if isinstance(value, bytes):
        try:
            return f"CAST({literal(value.decode())} AS BLOB)" if value.decode().isprintable() else f"X'{value.hex()}'"
        except UnicodeDecodeError:
            return f"X'{value.hex()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "NULL" if value is None else str(value)


def sql_of(database):
    """Marks, tables with their rows, indices and triggers, in this order."""
    for mark in ("application_id", "user_version"):
        yield f"PRAGMA {mark} = {database.execute(f'PRAGMA {mark}').fetchone()[0]};"
    made = database.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    yield from (f"{sql};" for kind, _, sql in made if kind == "table")
    for name in [name for kind, name, _ in made if kind == "table"]:
        for row in database.execute(f"SELECT * FROM {name}"):
            yield f"INSERT INTO {name} VALUES ({', '.join(map(literal, row))});"
    yield from (f"{sql};" for kind, _, sql in made if kind != "table")


def dump(storage, folder):
    shutil.copytree(storage, folder / "rules", ignore=shutil.ignore_patterns(".betrace"), dirs_exist_ok=True)
    shutil.copy(storage / ".betrace/keys.json", folder)
    with tempfile.TemporaryDirectory() as copy:  # to read it changes nothing of the original
        for suffix in ("", "-wal"):
            shutil.copy(storage / f".betrace/{LOG}{suffix}", copy)
        database = sqlite3.connect(pathlib.Path(copy) / LOG)
        (folder / "log.sql").write_text("\n".join(sql_of(database)) + "\n")
        database.close()


def restore(folder, storage, log_version=None):
    """Makes the storage path of a store as its server left it: what was committed last is in the WAL still.

    With `log_version` its log has this mark of a version instead of its own.
    """
    shutil.copytree(folder / "rules", storage)
    state = storage / ".betrace"
    state.mkdir(mode=0o700)
    shutil.copy(folder / "keys.json", state)
    with tempfile.TemporaryDirectory() as made:
        database = sqlite3.connect(pathlib.Path(made) / LOG)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
        mark = f"PRAGMA user_version = {log_version};" if log_version else ""
        database.executescript("BEGIN;" + (folder / "log.sql").read_text() + mark + "COMMIT;")
        for suffix in ("", "-wal"):  # before it is closed, which would empty the WAL
            shutil.copy(pathlib.Path(made) / f"{LOG}{suffix}", state)
        database.close()


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] != "dump":
        sys.exit(__doc__)
    dump(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
