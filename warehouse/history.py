"""What the working database still holds of earlier runs.

Its history tables can be made again from the archive. A refresh counts as built only once everything of it was
computed, so that a crash, or a deleted working database, leads to computing it again and to nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb

from warehouse.archive import Manifest
from warehouse.connections import connect
from warehouse.layout import CHECKOUT, Workspace
from warehouse.replacing import place_beside, take_place
from warehouse.rewriting import copy_tables

HISTORY_SCHEMA = "history"
"""Schema of the tables that keep what earlier runs computed: all that a run reads of earlier ones. Everything else in
the working database is made by every run, or depends on the project alone."""

_MODELS = CHECKOUT / "dbt_project" / "models"


def history_layout() -> dict[str, str]:
    """Table → digest of the model that keeps it: rows of another layout cannot be read, and are computed again."""
    texts = {path.stem: path.read_bytes() for path in _MODELS.rglob("*.sql")}
    return {
        name: hashlib.sha256(text).hexdigest()[:16]
        for name, text in sorted(texts.items())
        if b"materialized='incremental'" in text
    }


def _layout_of(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The layout that the working database holds; empty for one without history, or of before 0.2."""
    columns = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'history' and table_name = 'layout' order by 1"
    ).fetchall()
    if columns != [("digest",), ("table_name",)]:
        return {}
    return dict(connection.execute("select table_name, digest from history.layout").fetchall())


def built_deliveries(workspace: Workspace) -> dict[tuple[str, date], str]:
    """(client_id, refreshed_on) → deliveries_hash of every refresh the working database holds whole."""
    if not workspace.working_database.exists():
        return {}
    with connect(workspace.working_database, workspace, read_only=True) as connection:
        if _layout_of(connection) != history_layout():
            return {}
        rows = connection.execute("select client_id, refreshed_on, deliveries_hash from history.built").fetchall()
    return {(client_id, refreshed_on): deliveries_hash for client_id, refreshed_on, deliveries_hash in rows}


def forget_built(workspace: Workspace, manifests: Iterable[Manifest]) -> None:
    """Before a run: what it is about to compute is not whole until it ends."""
    with connect(workspace.working_database, workspace) as connection:
        connection.execute(f"create schema if not exists {HISTORY_SCHEMA}")
        layout, held = history_layout(), _layout_of(connection)
        if held != layout:
            _drop_other_layouts(connection, layout, held)
        connection.execute(
            "create table if not exists history.built (client_id varchar, refreshed_on date, deliveries_hash varchar)"
        )
        for manifest in manifests:
            connection.execute(
                "delete from history.built where client_id = ? and refreshed_on = ?",
                [manifest.client_id, manifest.refreshed_on],
            )


def _drop_other_layouts(connection: duckdb.DuckDBPyConnection, layout: dict[str, str], held: dict[str, str]) -> None:
    """Drop the histories whose model changed, and with them the record that anything is built."""
    for name in {**held, **layout}:
        if held.get(name) != layout.get(name):
            connection.execute(f"drop table if exists {HISTORY_SCHEMA}.{name}")
    connection.execute(f"drop table if exists {HISTORY_SCHEMA}.built")
    connection.execute("create or replace table history.layout (table_name varchar, digest varchar)")
    connection.executemany("insert into history.layout values (?, ?)", list(layout.items()))


def remember_built(workspace: Workspace) -> list[tuple[str, date]]:
    """After a run: its refreshes are whole.

    Returns:
        The (client_id, refreshed_on) slices of the run.
    """
    with connect(workspace.working_database, workspace) as connection:
        return connection.execute(
            """
            insert into history.built
            select client_id, refreshed_on, deliveries_hash from ledger.refreshes where is_in_run
            returning client_id, refreshed_on
            """
        ).fetchall()


def copy_histories(workspace: Workspace, target: Path, without_client: str | None = None) -> dict[str, int]:
    """Copy what later runs need of the working database into a new file.

    Args:
        workspace: Whose working database; it must exist.
        target: The file to write; what lies there is replaced.
        without_client: Rows of this client are left out.

    Returns:
        `schema.table` → rows that the working database holds of `without_client`.
    """
    target.unlink(missing_ok=True)
    return copy_tables(workspace.working_database, target, workspace, without_client, (HISTORY_SCHEMA,))


def forget_histories(workspace: Workspace, client_id: str) -> dict[str, int]:
    """Write the working database anew, without a client and without what every run makes anew.

    Tables without a client_id (hosts, landed views) may hold a client's data, too, and so nothing of them is kept.

    Returns:
        `schema.table` → rows that were removed.
    """
    database = workspace.working_database
    if not database.exists():
        return {}
    following = place_beside(database)
    removed = copy_histories(workspace, following, without_client=client_id)
    take_place(following, database)
    return removed
