"""What the working database holds of the dbt project alone, and what its ledger says was delivered.

Seeds, staging views and the data dictionary depend on the project and the catalogue of exports, and on no data. They
are built once for each state of both, not in every run; a table beside the seeds says for which.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from warehouse.connections import connect, sql_text
from warehouse.history import HISTORY_SCHEMA
from warehouse.layout import Workspace

_INPUT_SCHEMAS = ("ledger", "landed", "reference", HISTORY_SCHEMA, "main")
"""Written before dbt runs, or kept from earlier runs; dbt builds every other schema."""


@dataclass(frozen=True)
class WorkingState:
    """What a dbt run finds.

    Attributes:
        is_static_built: What depends on the project alone is there.
        formats: The formats of the accepted exports in the ledger, sorted.
    """

    is_static_built: bool
    formats: tuple[str, ...]


def prepare_working(workspace: Workspace, digest: str, schemas: Iterable[str]) -> WorkingState:
    """Drop what another state of the project built, and read what the run has to build.

    Args:
        workspace: Its ledger must be written.
        digest: Of the project and the catalogue.
        schemas: In which the project builds.
    """
    with connect(workspace.working_database, workspace) as connection:
        formats = connection.execute(
            "select distinct export_format from ledger.export_files where outcome = 'accepted' order by 1"
        ).fetchall()
        is_built = _built_from(connection) == digest
        if not is_built:
            for (schema,) in connection.execute(
                "select schema_name from duckdb_schemas() where database_name = current_database() and not internal"
            ).fetchall():
                if schema not in _INPUT_SCHEMAS:
                    connection.execute(f'drop schema "{schema}" cascade')
            for schema in sorted(schemas):
                connection.execute(f'create schema if not exists "{schema}"')
    return WorkingState(is_built, tuple(name for (name,) in formats))


def is_static_built(workspace: Workspace, digest: str) -> bool:
    """Whether the working database holds what depends on this state of the project alone."""
    if not workspace.working_database.exists():
        return False
    with connect(workspace.working_database, workspace, read_only=True) as connection:
        return _built_from(connection) == digest


def _built_from(connection: duckdb.DuckDBPyConnection) -> str | None:
    tables = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'seeds' and table_name = 'built_from'"
    ).fetchall()
    row = connection.execute("select digest from seeds.built_from").fetchone() if tables else None
    return row[0] if row else None


def mark_static_built(connection: duckdb.DuckDBPyConnection, digest: str) -> None:
    """Record that what depends on the project alone is built; the database of `connection` is the working one."""
    connection.execute(f"create or replace table seeds.built_from as select {sql_text(digest)} as digest")
