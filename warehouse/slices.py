"""Slices of published tables: the rows of one client and refresh, replaced together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb

from warehouse.connections import connect
from warehouse.dictionary import allow_missing_values, copy_dictionary, follow_dictionary
from warehouse.layout import Workspace

Slice = tuple[str, date]
"""(client_id, refreshed_on)"""

Columns = dict[str, str]
"""Column → SQL type, in order."""


def publication_times(workspace: Workspace, database: Path) -> dict[Slice, datetime]:
    """When each slice of a published file was published."""
    with connect(database, workspace, read_only=True) as connection:
        rows = connection.execute("select client_id, refreshed_on, published_at from marts.refreshes").fetchall()
    return {(client_id, refreshed_on): published_at for client_id, refreshed_on, published_at in rows}


def replace_slices(connection: duckdb.DuckDBPyConnection, source: str, slices: Sequence[Slice]) -> dict[str, int]:
    """Replace slices of every mart by those of the attached database `source`, in one transaction."""
    written: dict[str, int] = {}
    copy_dictionary(connection, source)
    allow_missing_values(connection)
    connection.execute("begin")
    connection.execute("create schema if not exists marts")
    connection.execute("create or replace temp table slices (client_id varchar, refreshed_on date)")
    connection.executemany("insert into slices values (?, ?)", [list(one) for one in slices] or [[None, None]])
    marts = marts_of(connection, source)
    existing = marts_of(connection)
    for mart, columns in marts.items():
        _align_table(connection, mart, existing.get(mart, {}), columns)
        names = ", ".join(f'"{column}"' for column in columns)
        in_slices = _in_slices(columns)
        if mart in existing:
            connection.execute(f'delete from marts."{mart}" where {in_slices}')
        inserted = connection.execute(
            f'insert into marts."{mart}" ({names}) select {names} from {source}.marts."{mart}" where {in_slices}'
        ).fetchone()
        written[mart] = inserted[0] if inserted else 0
    _check(connection, marts, written)
    connection.execute("commit")
    follow_dictionary(connection)
    return written


def _in_slices(columns: Columns) -> str:
    """The condition that picks the rows of the slices; a table of clients has no refreshes."""
    keys = ", ".join(["client_id", "refreshed_on"] if "refreshed_on" in columns else ["client_id"])
    return f"({keys}) in (select {keys} from slices)"


def _check(connection: duckdb.DuckDBPyConnection, marts: dict[str, Columns], written: dict[str, int]) -> None:
    """Every table holds exactly the rows it was given for the slices."""
    counts = (
        f"select '{mart}' as mart, count(*) as rows from marts.\"{mart}\" where {_in_slices(columns)}"
        for mart, columns in marts.items()
    )
    for mart, found in connection.execute(" union all ".join(counts)).fetchall():
        if found != written[mart]:
            raise RuntimeError(
                f"publication stopped: marts.{mart} holds {found} rows of the slices instead of {written[mart]}"
            )


def marts_of(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> dict[str, Columns]:
    """Table → column → type of schema `marts` of an attached database, or of the one the connection opened."""
    marts: dict[str, Columns] = {}
    for mart, column, sql_type in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts' "
        "and database_name = coalesce($database, current_database()) order by table_name, column_index",
        {"database": database},
    ).fetchall():
        marts.setdefault(mart, {})[column] = sql_type
    return marts


def _align_table(connection: duckdb.DuckDBPyConnection, mart: str, existing: Columns, columns: Columns) -> None:
    """Make the target table hold exactly these columns; older rows have null in new ones."""
    if not existing:
        definition = ", ".join(f'"{name}" {sql_type}' for name, sql_type in columns.items())
        connection.execute(f'create table marts."{mart}" ({definition})')
        return
    for name in existing.keys() - columns.keys():
        connection.execute(f'alter table marts."{mart}" drop column "{name}"')
    for name, sql_type in columns.items():
        if name not in existing:
            connection.execute(f'alter table marts."{mart}" add column "{name}" {sql_type}')
