"""Workspaces for tests, and a refresh run in this process."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.planning import plan_rebuild, plan_refreshes
from pipelines.refresh import RefreshOutcome, run_refreshes
from warehouse.history import built_deliveries
from warehouse.layout import CHECKOUT, Workspace
from warehouse.publication import published_deliveries

SEEDS = CHECKOUT / "dbt_project" / "seeds"
REAL_EXPORTS = CHECKOUT.parent / "shared" / "exports"


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class Sandbox:
    """A workspace in a temporary folder."""

    workspace: Workspace

    def client(self, client_id: str, text: str) -> Path:
        path = self.workspace.clients / f"{client_id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"client_id: {client_id}\n{text}", encoding="utf-8")
        return path

    def deliver(self, relative_path: str, content: str | bytes) -> Path:
        path = self.workspace.inbox / relative_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def refresh(self, *client_ids: str, on: date | None = None) -> RefreshOutcome:
        plan = plan_refreshes(
            self.workspace,
            published_deliveries(self.workspace),
            built_deliveries(self.workspace),
            client_ids=client_ids,
            on=on,
        )
        return run_refreshes(self.workspace, plan, on=on)

    def rebuild(self) -> RefreshOutcome:
        return run_refreshes(self.workspace, plan_rebuild(self.workspace), rebuild=True)

    def query(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.workspace.published_database), read_only=True) as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def published_state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every published row of every table, sorted, without the time of publication."""
        return state_of(self.workspace.published_database)


def state_of(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        return {
            table: sorted(
                connection.execute(f"select * exclude (published_at) from marts.{table}").fetchall()
                if table == "refreshes"
                else connection.execute(f"select * from marts.{table}").fetchall(),
                key=repr,
            )
            for (table,) in sorted(tables)
        }


@pytest.fixture(autouse=True)
def _keep_environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return new_sandbox(tmp_path)


@pytest.fixture(scope="session")
def make_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sandbox]:
    return lambda name: new_sandbox(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def golden(make_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    from tests.test_golden_run import change_the_panel, deliver_golden_world

    sandbox = make_sandbox("golden")
    for deliver in (deliver_golden_world, change_the_panel):
        deliver(sandbox)
        outcome = sandbox.refresh()
        assert outcome.problems == []
    return sandbox


def new_sandbox(home: Path) -> Sandbox:
    workspace = Workspace(home)
    workspace.clients.mkdir(parents=True, exist_ok=True)
    return Sandbox(workspace)


def csv_text(headers: list[str], rows: list[list[Any]]) -> str:
    """A CSV as a provider writes it: commas, minimal quotes, LF."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows(rows)
    return sink.getvalue()
