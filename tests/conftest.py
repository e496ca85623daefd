"""Workspaces for tests, and a refresh run in this process."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.planning import plan_rebuild, plan_refreshes
from pipelines.refresh import RefreshOutcome, run_refreshes
from warehouse.history import built_deliveries
from warehouse.layout import CHECKOUT, Workspace
from warehouse.publication import published_deliveries

if TYPE_CHECKING:
    from tests.world import World

SEEDS = CHECKOUT / "dbt_project" / "seeds"
REAL_EXPORTS = CHECKOUT.parent / "shared" / "exports"


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@dataclass
class Sandbox:
    """A workspace in a temporary folder.

    Attributes:
        workspace: Where it is.
        client_id: Whose published file is asked; without one, the common file.
    """

    workspace: Workspace
    client_id: str | None = None

    @property
    def database(self) -> Path:
        """The published file."""
        if self.client_id is None:
            return self.workspace.published_database
        return self.workspace.client_database(self.client_id)

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

    def receive(self, files: Mapping[str, bytes]) -> None:
        """Write files by their path below the workspace."""
        for name, content in files.items():
            path = self.workspace.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

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
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def published_state(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every published row of every table, sorted, without the time of publication."""
        return state_of(self.database)


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


LONGEST = ("test_laws.py", "test_forget.py", "test_notices.py", "test_publication.py", "test_examples.py")
"""Modules to begin with, so that no process is left with a long one at the end. The first builds the shared world."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process build the shared world while the others are busy with modules that do not need it."""
    needs = {item.path for item in items if {"world", "garbage_rules"} & set(getattr(item, "fixturenames", ()))}
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (places.get(item.path.name, len(LONGEST)), item.path in needs))


@contextmanager
def _kept_environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _keep_environment() -> Iterator[None]:
    with _kept_environment():
        yield


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return new_sandbox(tmp_path)


@pytest.fixture(scope="session")
def make_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sandbox]:
    return lambda name: new_sandbox(tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The workspace of many stories; no test may change it."""
    from tests.world import World, build_world

    return World(*_built_once(tmp_path_factory, "world", lambda sandbox: build_world(sandbox, seed=20)))


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A warehouse in which every model is built and no table of a client has a row; each process has a copy."""
    from pipelines.dbt_runs import build_models
    from pipelines.planning import Plan
    from pipelines.refresh_inputs import prepare_inputs

    def build(sandbox: Sandbox) -> list[RefreshOutcome]:
        prepare_inputs(sandbox.workspace, Plan())
        assert all(result.is_success for result in build_models(sandbox.workspace))
        return []

    built, _ = _built_once(tmp_path_factory, "empty", build)
    copy = tmp_path_factory.mktemp("empty") / "copy"
    shutil.copytree(built.workspace.home, copy)
    return new_sandbox(copy)


@pytest.fixture(scope="session")
def garbage_rules(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Made-up pages and links, of which the rules for garbage alone take some: `pages` and `assets`."""
    from tests.test_assets import deliver_assets
    from tests.test_segments import deliver_pages

    def build(sandbox: Sandbox) -> list[RefreshOutcome]:
        deliver_assets(sandbox)
        deliver_pages(sandbox)
        os.environ["LINKGAP_RULES"] = "garbage"
        return [sandbox.refresh()]

    sandbox, (outcome,) = _built_once(tmp_path_factory, "garbage_rules", build)
    assert outcome.problems == []
    return sandbox


def _built_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, build: Callable[[Sandbox], list[RefreshOutcome]]
) -> tuple[Sandbox, list[RefreshOutcome]]:
    """A workspace of all test processes, built by the one that needs it first, and what its refreshes said."""
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent
    sandbox, told = new_sandbox(folder / name), folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock, _kept_environment():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            outcomes = build(sandbox)
            told.write_text(json.dumps([asdict(outcome) for outcome in outcomes]), encoding="utf-8")
    return sandbox, [RefreshOutcome(**outcome) for outcome in json.loads(told.read_text(encoding="utf-8"))]


@pytest.fixture(scope="session")
def golden(world: World) -> Sandbox:
    return world.of("golden")


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
