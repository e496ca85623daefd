"""One workspace for the stories of many modules, refreshed together.

A module that asks what becomes of exports has clients of its own here: its `deliver_stories` says what is delivered
for them, and its tests read their published files. So a story costs what its rows cost, and the laws of any order and
of rebuilding (`test_laws.py`) are asked of all stories at once: in which step the exports of a date arrive is drawn by
chance where a story does not say it.
"""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path

import duckdb

from pipelines.refresh import RefreshOutcome
from tests.conftest import Sandbox, new_sandbox

MODULES = (
    "test_all_kinds",
    "test_authority_history",
    "test_coverage_estimates",
    "test_due",
    "test_gates",
    "test_golden_run",
    "test_histories",
    "test_isolation",
    "test_kpis",
    "test_link_survival",
    "test_merging",
    "test_odd_input",
    "test_publication",
    "test_quality_rules",
    "test_rankings",
    "test_schedules",
    "test_settings",
    "test_ubiquity",
    "test_what_to_do_next",
    "test_winning",
)
STEPS = 4
"""Calls of `linkgap refresh`."""


class Deliveries:
    """What is delivered in which step.

    Attributes:
        steps: Of each step, path below the workspace → content.
        reruns: Day → clients whose refresh of that day is asked for after the last step (`--on`).
    """

    def __init__(self, seed: int) -> None:
        self.steps: list[dict[str, bytes]] = [{} for _ in range(STEPS)]
        self.reruns: dict[date, list[str]] = {}
        self._chance = random.Random(seed)
        self._drawn: dict[str, int] = {}

    def client(self, client_id: str, text: str, step: int = 0) -> None:
        """Write a client file, in place of the one before it."""
        self.steps[step][f"clients/{client_id}.yaml"] = f"client_id: {client_id}\n{text}".encode()

    def deliver(self, path: str, content: str | bytes, step: int | None = None) -> None:
        """Deliver a file to the inbox; the step of a date is drawn by chance where it is not said.

        Lists of people, which belong to no date, come with the first step.
        """
        client_id, folder, *_ = path.split("/")
        if step is None:
            step = self._step_of(f"{client_id}/{folder}") if folder[:1].isdigit() else 0
        self.steps[step][f"inbox/{path}"] = content.encode() if isinstance(content, str) else content

    def rerun(self, client_id: str, day: date) -> None:
        """Ask for a refresh of a day again, after the last step."""
        self.reruns.setdefault(day, []).append(client_id)

    def _step_of(self, name: str) -> int:
        return self._drawn.setdefault(name, self._chance.randrange(STEPS))


@dataclass
class World:
    """The workspace after all steps.

    Attributes:
        sandbox: The workspace.
        outcomes: Of each step.
    """

    sandbox: Sandbox
    outcomes: list[RefreshOutcome]

    def of(self, client_id: str) -> Sandbox:
        """The workspace, of which the published file of one client is asked."""
        return Sandbox(self.sandbox.workspace, client_id)

    def extract(self, home: Path, *client_ids: str) -> Sandbox:
        """A workspace of some clients alone, which may be changed: client files, archive, published and built rows."""
        source, copy = self.sandbox.workspace, new_sandbox(home)
        for client_id in client_ids:
            shutil.copy(source.clients / f"{client_id}.yaml", copy.workspace.clients)
            for folder in (source.inbox, source.archived_refreshes):
                shutil.copytree(folder / client_id, home / (folder / client_id).relative_to(source.home))
        copy.workspace.published.mkdir(parents=True)
        shutil.copy(source.published_database, copy.workspace.published_database)
        copy.workspace.working_database.parent.mkdir(parents=True)
        with duckdb.connect(str(copy.workspace.working_database)) as connection:
            connection.execute(f"attach '{source.working_database}' as whole (read_only)")
            connection.execute("create schema history")
            for table in ("built", "layout"):
                connection.execute(f"create table history.{table} as from whole.history.{table}")
        return copy

    def lines(self, kind: str, client_id: str) -> list[str]:
        """The problems or warnings that name a client, of all steps."""
        found = [line for outcome in self.outcomes for line in getattr(outcome, kind)]
        return [line for line in found if f"/{client_id}/" in line or line.startswith(f"{client_id} ")]


def build_world(sandbox: Sandbox, seed: int) -> list[RefreshOutcome]:
    """Deliver and refresh, step by step; what each call said."""
    deliveries = Deliveries(seed)
    for name in MODULES:
        import_module(f"tests.{name}").deliver_stories(deliveries)
    outcomes = []
    for files in deliveries.steps:
        sandbox.receive(files)
        outcomes.append(sandbox.refresh())
    for day, client_ids in deliveries.reruns.items():
        outcomes.append(sandbox.refresh(*client_ids, on=day))
    return outcomes
