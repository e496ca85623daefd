"""Database files written anew, so that nothing of deleted rows is left in their free pages.

DuckDB and SQLite mark the pages of deleted rows as free and leave the bytes there. Whose rows may go is decided in
`warehouse.publication`, `warehouse.history` and `pipelines.forgetting`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from warehouse.connections import connect, sql_text, write_no_traces
from warehouse.dictionary import follow_dictionary
from warehouse.layout import Workspace

_SQLITE_HEADER = b"SQLite format 3\0"
_BUSY_SECONDS = 30.0


class DatabaseBusyError(RuntimeError):
    """Another process keeps a database from being written anew; the message names it and what to do."""


def copy_tables(
    source: Path,
    target: Path,
    workspace: Workspace,
    without_client: str | None = None,
    schemas: Collection[str] | None = None,
) -> dict[str, int]:
    """Copy the tables of a DuckDB file, with what its dictionary says of them, into a file that does not exist yet.

    Views are not copied.

    Args:
        source: The file to read; it is not changed.
        target: The file to write.
        workspace: Whose settings and scratch space to use.
        without_client: Rows with this client_id are left out.
        schemas: Only these schemas; all of them for None.

    Returns:
        `schema.table` → rows of `without_client`, for every table of the source that holds any, copied or not.
    """
    if source.with_name(f"{source.name}.wal").exists():
        # what a crash left in the write-ahead log belongs to the file
        with connect(source, workspace) as connection:
            connection.execute("checkpoint")
    left_out: dict[str, int] = {}
    with connect(target, workspace) as connection:
        if without_client is not None:
            write_no_traces(connection)
        connection.execute(f"attach {sql_text(source)} as source (read_only)")
        tables = connection.execute(
            """
            select tables.schema_name, tables.table_name, columns.table_name is not null
            from duckdb_tables() as tables
            left join duckdb_columns() as columns
                on tables.database_name = columns.database_name
                and tables.schema_name = columns.schema_name
                and tables.table_name = columns.table_name
                and columns.column_name = 'client_id'
            where tables.database_name = 'source' and not tables.internal
            order by tables.schema_name, tables.table_name
            """
        ).fetchall()
        for schema, table, has_client in tables:
            name = f'"{schema}"."{table}"'
            parameters = {"client_id": without_client} if has_client and without_client is not None else None
            if parameters:
                found = connection.execute(
                    f"select count(*) from source.{name} where client_id = $client_id", parameters
                ).fetchone()
                if found and found[0]:
                    left_out[f"{schema}.{table}"] = found[0]
            if schemas is not None and schema not in schemas:
                continue
            connection.execute(f'create schema if not exists "{schema}"')
            connection.execute(f"create table {name} as from source.{name} limit 0")
            condition = "where client_id is distinct from $client_id" if parameters else ""
            connection.execute(f"insert into {name} select * from source.{name} {condition}", parameters)
        connection.execute("detach source")
        follow_dictionary(connection)
        connection.execute("checkpoint")
    return left_out


def sqlite_files(folder: Path) -> list[Path]:
    """The SQLite databases below a folder, told by their first bytes."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(_SQLITE_HEADER)) == _SQLITE_HEADER:
                    found.append(path)
    return found


def rewrite_sqlite(path: Path) -> None:
    """Write a SQLite file anew without its free pages, and empty its write-ahead log.

    Raises:
        DatabaseBusyError: Another process uses the file all the time.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("vacuum")
            until = time.monotonic() + _BUSY_SECONDS
            while (is_busy := connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]) and (
                time.monotonic() < until
            ):
                time.sleep(0.2)
    except sqlite3.OperationalError as error:
        raise DatabaseBusyError(f"{path}: cannot be written anew ({error}); stop `linkgap ui`") from error
    if is_busy:
        raise DatabaseBusyError(f"{path}: another process reads it all the time; stop `linkgap ui`")
