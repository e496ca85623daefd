"""The published file of each client: its rows of the common file, and nothing of another.

A publication announces whose file has to follow; the announcement stays until all of them do, also over a crash. A
small file is written anew from an empty one that is kept in the cache, in small blocks; in a large one, only the slices
that changed are replaced.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from warehouse.connections import (
    STORAGE_VERSION,
    attached_to_write,
    connect,
    connect_to_new,
    sql_text,
    write_no_traces,
)
from warehouse.dictionary import copy_dictionary, has_dictionary
from warehouse.layout import Workspace, cache_folder
from warehouse.replacing import copy_beside, copy_file, place_beside, take_place, write_text
from warehouse.slices import marts_of, publication_times, replace_slices

SMALL_ROWS = 100_000
"""Rows up to which a client's file is written anew. Of as many, that takes less time than replacing slices in 38 tables
does, and the file is a tenth as large: a table takes at least a block for each of its columns' groups."""

SMALL_BLOCK = 16384
"""Bytes of a block of a small file, the least that DuckDB can; the usual block is 16 times as large."""

_FILES_AT_A_TIME = min(os.cpu_count() or 1, 4)
"""What takes time is planning, which DuckDB does in one thread a statement."""

RowsByTable = dict[str, int]


def announce_clients(workspace: Workspace, client_ids: Collection[str]) -> None:
    """Note whose files must follow the common file, before it takes its place."""
    write_text(_announcement(workspace), "\n".join(sorted(client_ids)))


def finish_client_files(workspace: Workspace) -> None:
    """Bring the announced clients' files up to the common file; does nothing where none is behind."""
    announcement = _announcement(workspace)
    if not announcement.exists():
        return
    if workspace.published_database.exists():
        client_ids = announcement.read_text(encoding="utf-8").split()
        with connect(None, workspace) as connection:
            connection.execute(f"attach {sql_text(workspace.published_database)} as source (read_only)")
            rows = _rows_of(connection, client_ids)
            small = [one for one in client_ids if 0 < sum(rows[one].values()) <= SMALL_ROWS]
            if small:
                write_no_traces(connection)
                empty = _empty_file(connection)
                connection.execute("set threads = 1")
                with ThreadPoolExecutor(_FILES_AT_A_TIME, thread_name_prefix="client_files") as pool:
                    list(pool.map(lambda one: _write_anew(connection, workspace, one, rows[one], empty), small))
        for client_id in sorted(set(client_ids) - set(small)):
            if rows[client_id]:
                _replace_changed_slices(workspace, client_id)
            else:
                workspace.client_database(client_id).unlink(missing_ok=True)
    announcement.unlink()


def _announcement(workspace: Workspace) -> Path:
    return workspace.published / "clients" / "pending.txt"


def _rows_of(connection: duckdb.DuckDBPyConnection, client_ids: Collection[str]) -> Mapping[str, RowsByTable]:
    """Client → table → rows in the common file; nothing for a client without a refresh."""
    counts = " union all ".join(
        f"select '{mart}' as mart, client_id, count(*) as row_count from source.marts.\"{mart}\" group by client_id"
        for mart in marts_of(connection, "source")
    )
    rows: dict[str, RowsByTable] = {client_id: {} for client_id in client_ids}
    for mart, client_id, row_count in connection.execute(
        f"from ({counts}) where list_contains($client_ids, client_id)", {"client_ids": list(client_ids)}
    ).fetchall():
        rows[client_id][mart] = row_count
    return {client_id: of_client if "refreshes" in of_client else {} for client_id, of_client in rows.items()}


def _write_anew(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, client_id: str, rows: RowsByTable, empty: Path
) -> None:
    """Write a client's file from an empty one."""
    target = workspace.client_database(client_id)
    following = place_beside(target)
    copy_file(empty, following)
    with connection.cursor() as cursor, attached_to_write(cursor, following, f"file of {client_id}"):
        cursor.execute("begin")
        for mart, row_count in rows.items():
            written = cursor.execute(
                f'insert into marts."{mart}" by name from source.marts."{mart}" where client_id = $client_id',
                {"client_id": client_id},
            ).fetchone()
            if written != (row_count,):
                raise RuntimeError(
                    f"publication stopped: marts.{mart} of {client_id} got {written} rows instead of {row_count}"
                )
        cursor.execute("commit")
    take_place(following, target)


def _empty_file(connection: duckdb.DuckDBPyConnection) -> Path:
    """A file with the tables, comments, `not null` and dictionary of the common file; kept for all that look alike."""
    columns = connection.execute(
        "select table_name, column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where database_name = 'source' and schema_name = 'marts' order by table_name, column_index"
    ).fetchall()
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() "
        "where database_name = 'source' and schema_name = 'marts' order by table_name"
    ).fetchall()
    dictionary = (
        connection.execute(
            "select string_agg(told, chr(10) order by told) from ("
            "select cast(columns as varchar) as told from source.dictionary.published_columns as columns "
            "union all select cast(tables as varchar) from source.dictionary.published_tables as tables)"
        ).fetchone()
        if has_dictionary(connection, "source")
        else None
    )
    facts = repr((columns, tables, dictionary, STORAGE_VERSION, SMALL_BLOCK, duckdb.__version__))
    path = cache_folder() / "published" / f"{hashlib.sha256(facts.encode()).hexdigest()[:16]}.duckdb"
    if not path.exists():
        partial = place_beside(path.with_name(f"{path.stem}.{os.getpid()}.duckdb"))
        with connection.cursor() as cursor, attached_to_write(cursor, partial, "empty", SMALL_BLOCK):
            cursor.execute("begin")
            cursor.execute("create schema marts")
            for table, comment in tables:
                definition = ", ".join(
                    f'"{name}" {sql_type}{"" if is_nullable else " not null"}'
                    for of_table, name, sql_type, is_nullable, _ in columns
                    if of_table == table
                )
                cursor.execute(f'create table marts."{table}" ({definition})')
                if comment:
                    cursor.execute(f'comment on table marts."{table}" is {sql_text(comment)}')
            for table, name, _, _, comment in columns:
                if comment:
                    cursor.execute(f'comment on column marts."{table}"."{name}" is {sql_text(comment)}')
            copy_dictionary(cursor, "source")
            cursor.execute("commit")
        partial.rename(path)
    return path


def _replace_changed_slices(workspace: Workspace, client_id: str) -> None:
    """Replace the slices of a client's file that were published at another time in the common file."""
    target = workspace.client_database(client_id)
    wanted = {
        one: published_at
        for one, published_at in publication_times(workspace, workspace.published_database).items()
        if one[0] == client_id
    }
    is_kept = target.exists() and not _has_small_blocks(workspace, target)
    known = publication_times(workspace, target) if is_kept else {}
    slices = [one for one in sorted(wanted.keys() | known.keys()) if wanted.get(one) != known.get(one)]
    following = copy_beside(target) if is_kept else place_beside(target)
    with connect_to_new(following, workspace) as connection:
        connection.execute(f"attach {sql_text(workspace.published_database)} as source (read_only)")
        replace_slices(connection, "source", slices)
        # the row of the client itself belongs to no refresh
        columns = ", ".join(f'"{name}"' for name in marts_of(connection)["clients"])
        connection.execute("delete from marts.clients")
        connection.execute(
            f"insert into marts.clients ({columns}) "
            f"select {columns} from source.marts.clients where client_id = $client_id",
            {"client_id": client_id},
        )
        connection.execute("detach source")
    take_place(following, target)


def _has_small_blocks(workspace: Workspace, database: Path) -> bool:
    """Whether a file was written when it was small."""
    with connect(database, workspace, read_only=True) as connection:
        return connection.execute("select block_size from pragma_database_size()").fetchall() == [(SMALL_BLOCK,)]
