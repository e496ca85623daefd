"""One model run alone: the SQL that dbt made of it, on tables a test makes up.

What is asked here is the arithmetic of a model, hundreds of worlds at a time. Whether the models before it give it the
right rows is asked by dbt's unit tests and by refreshes of made-up exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd

from tests.conftest import Sandbox


def compiled_model(sandbox: Sandbox, name: str) -> str:
    """The model's SQL, as the last refresh of the sandbox ran it."""
    (path,) = (sandbox.workspace.dbt_target / "compiled" / "linkgap" / "models").glob(f"*/{name}.sql")
    return path.read_text(encoding="utf-8")


@contextmanager
def made_up_warehouse(folder: Path, tables: Mapping[str, pd.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A working database with `schema.table` → rows; columns that no model asks for may be missing."""
    database = folder / "linkgap_working.duckdb"
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        for name, rows in tables.items():
            fill(connection, name, rows)
        yield connection


def fill(connection: duckdb.DuckDBPyConnection, name: str, rows: pd.DataFrame) -> None:
    """Put rows into a table in place of what it held."""
    connection.register("rows_of_table", rows)
    connection.execute(f"create schema if not exists {name.split('.')[0]}")
    connection.execute(f"create or replace table {name} as select * from rows_of_table")
    connection.unregister("rows_of_table")
