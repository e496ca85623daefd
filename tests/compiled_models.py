"""One model run alone: the SQL that dbt made of it, on tables a test makes up.

What is asked here is the arithmetic of a model, hundreds of worlds at a time. Whether the models before it give it the
right rows is asked by dbt's unit tests and by refreshes of made-up exports.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd

from pipelines.dbt_runs import close_working_database, dbt_environment, invoke_dbt, parsed_project
from tests.conftest import Sandbox
from warehouse.layout import Workspace


@cache
def compiled_model(name: str) -> str:
    """The SQL that dbt makes of a model which asks no database for its columns."""
    with TemporaryDirectory() as folder:
        return compile_models(Workspace(Path(folder)), name)[name]


def compile_models(workspace: Workspace, *names: str) -> dict[str, str]:
    """The SQL of models by name; what they ask the database while they are compiled is told by the workspace's."""
    manifest = parsed_project().load()
    workspace.working_database.parent.mkdir(parents=True, exist_ok=True)
    try:
        result = invoke_dbt(dbt_environment(workspace), ["compile", "--no-write-json", "--select", *names], manifest)
    finally:
        close_working_database()
    return {one.node.name: one.node.compiled_code for one in result.result.results}


@contextmanager
def made_up_warehouse(folder: Path, tables: Mapping[str, pd.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A working database with `schema.table` → rows; columns that no model asks for may be missing."""
    database = folder / "linkgap_working.duckdb"
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        for name, rows in tables.items():
            fill(connection, name, rows)
        yield connection


Row = dict[str, Any]


@dataclass
class Models:
    """Compiled models by name, and a warehouse of which a test fills what they read."""

    connection: duckdb.DuckDBPyConnection
    sql: dict[str, str]

    def insert(self, table: str, *rows: Row) -> None:
        """Insert rows; columns that are not named have no value."""
        for row in rows:
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            self.connection.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, list(values)).fetchall()


@contextmanager
def models_on_empty(empty: Sandbox, folder: Path, sql: dict[str, str]) -> Iterator[Models]:
    """A copy of a warehouse without rows of clients, for one test."""
    database = folder / empty.workspace.working_database.name
    shutil.copy(empty.workspace.working_database, database)
    with duckdb.connect(str(database)) as connection:
        yield Models(connection, sql)


def fill(connection: duckdb.DuckDBPyConnection, name: str, rows: pd.DataFrame) -> None:
    """Put rows into a table in place of what it held."""
    connection.register("rows_of_table", rows)
    connection.execute(f"create schema if not exists {name.split('.')[0]}")
    connection.execute(f"create or replace table {name} as select * from rows_of_table")
    connection.unregister("rows_of_table")
