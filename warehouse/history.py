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

HISTORY_SCHEMA = "tracking"
"""Schema of the tables that keep what earlier runs computed."""

_KEPT_SCHEMAS = ("history", HISTORY_SCHEMA)
"""All that a run reads of earlier ones; everything else in the working database is made anew by every run."""


def history_layout() -> str:
    """A digest of the models that keep history: rows of another layout cannot be read, and are computed again."""
    models = sorted((CHECKOUT / "dbt_project" / "models" / HISTORY_SCHEMA).glob("*.sql"))
    kept = [text for text in (model.read_text(encoding="utf-8") for model in models) if "'incremental'" in text]
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:16]


def _layout_of(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The layout that the working database holds; None for one without history, or of before layouts were kept."""
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'history' "
        "and table_name in ('built', 'layout')"
    ).fetchall()
    if {name for (name,) in tables} != {"built", "layout"}:
        return None
    row = connection.execute("select layout from history.layout").fetchone()
    return row[0] if row else None


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
        connection.execute("create schema if not exists history")
        layout = history_layout()
        if _layout_of(connection) != layout:
            connection.execute(f"drop schema if exists {HISTORY_SCHEMA} cascade")
            connection.execute("drop table if exists history.built")
            connection.execute("create or replace table history.layout as select $layout as layout", {"layout": layout})
        connection.execute(
            "create table if not exists history.built (client_id varchar, refreshed_on date, deliveries_hash varchar)"
        )
        for manifest in manifests:
            connection.execute(
                "delete from history.built where client_id = ? and refreshed_on = ?",
                [manifest.client_id, manifest.refreshed_on],
            )


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
    return copy_tables(workspace.working_database, target, workspace, without_client, _KEPT_SCHEMAS)


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
