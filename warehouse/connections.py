"""DuckDB connections and the lock that lets one process write at a time.

Only `warehouse` and `dbt_project` open databases for writing. Readers of the published file need nothing from here.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import filelock

from warehouse.layout import Workspace

MEMORY_LIMIT = "2500MB"
"""DuckDB's own ceiling. 3 million rows then peak below 4 GB for the whole process (`make bench`); more rows spill."""

STORAGE_VERSION = "v1.3.0"
"""Oldest DuckDB that reads what is published (May 2025). Its string compression writes links a quarter faster than the
default format and makes files a tenth smaller."""


WAIT_SECONDS = 6 * 3600.0
"""How long a writer waits for another: longer than any refresh lasts."""


class WarehouseBusyError(RuntimeError):
    """Another process holds the writer's lock."""


_PASSING_ERRNOS = {errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ENETDOWN, errno.ENETUNREACH, errno.ESTALE}


def may_pass(error: BaseException) -> bool:
    """Whether trouble may pass by itself (a lock, a network, a storage that is away); bad input never does."""
    while True:
        if isinstance(error, (WarehouseBusyError, ConnectionError, TimeoutError)):
            return True
        if isinstance(error, OSError) and error.errno in _PASSING_ERRNOS:
            return True
        if isinstance(error, duckdb.IOException) and "lock" in str(error).lower():
            return True
        if error.__cause__ is None:
            return False
        error = error.__cause__


def sql_text(value: object) -> str:
    """A text as an SQL literal: the only way one gets into a statement that takes no parameters."""
    return "'" + str(value).replace("'", "''") + "'"


@contextmanager
def writing(workspace: Workspace, timeout_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the writer's lock of a workspace.

    Args:
        workspace: The workspace to write to.
        timeout_seconds: How long to wait for another writer.

    Raises:
        WarehouseBusyError: Another process still writes after the waiting time.
    """
    workspace.warehouse.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(workspace.writer_lock, timeout=timeout_seconds)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise WarehouseBusyError(
            f"{workspace.writer_lock}: another linkgap process writes to this workspace; "
            "wait for it to end and run the command again"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def connect(path: Path | None, workspace: Workspace, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file (or memory, for None) with linkgap's settings, and close it again."""
    workspace.temporary.mkdir(parents=True, exist_ok=True)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    # a reader's settings stay the usual ones: within one process DuckDB wants them equal for the same file
    config: dict[str, Any] = {} if read_only else {"storage_compatibility_version": STORAGE_VERSION}
    connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only, config=config)
    try:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        if path is None:
            # files spill beside themselves; DuckDB refuses to move that place once something has spilled
            connection.execute("set temp_directory = $folder", {"folder": str(workspace.temporary)})
        connection.execute("set enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


def write_no_traces(connection: duckdb.DuckDBPyConnection) -> None:
    """Write files in which nothing stands but their rows.

    DuckDB leaves in the room after compressed texts what lay in memory before, which may be texts of another client
    (duckdb/duckdb#23382). Texts are written as they are, then; that makes a file of many links five times as large.
    """
    connection.execute("set disabled_compression_methods = 'dict_fsst,dictionary,fsst'")


@contextmanager
def connect_to_new(path: Path, workspace: Workspace) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file that nobody reads before it is swapped in, and close it again.

    Nothing is written to a write-ahead log: of a crash nothing but rubbish would be left either way.
    """
    with connect(None, workspace) as connection, attached_to_write(connection, path, "following"):
        yield connection


@contextmanager
def attached_to_write(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, block_size: int | None = None
) -> Iterator[None]:
    """Attach a DuckDB file that nobody reads before it is swapped in as the current database, and checkpoint it.

    After an error it stays attached: the connection cannot be used again.

    Args:
        connection: In memory.
        path: The file; made where it does not exist.
        name: Of the attached database.
        block_size: Bytes of a block of a new file; DuckDB's default where it is None.
    """
    options = f"storage_version {sql_text(STORAGE_VERSION)}, recovery_mode 'no_wal_writes'"
    if block_size is not None:
        options += f", block_size {block_size}"
    connection.execute(f'attach {sql_text(path)} as "{name}" ({options})')
    connection.execute(f'use "{name}"')
    yield
    connection.execute("checkpoint")
    connection.execute("use memory")
    connection.execute(f'detach "{name}"')
