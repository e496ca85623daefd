"""The states that were published before: kept as files of their own, so that one command puts one of them back.

A published file is replaced and never changed, so that keeping it costs another name for it, no time, and its bytes for
as long as it is kept. `LINKGAP_KEEP_STATES` says how many are.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from warehouse.connections import connect
from warehouse.layout import Workspace
from warehouse.replacing import link_file, place_beside, take_place
from warehouse.rewriting import copy_tables

KEEP_STATES = "LINKGAP_KEEP_STATES"
"""Variable with the number of earlier states to keep."""

USUAL_NUMBER = 3


class UnknownStateError(LookupError):
    """No state of this name is kept; the message names those that are."""


@dataclass(frozen=True)
class KeptState:
    """A state that was published before.

    Attributes:
        name: When it was published (UTC), as `20260110-143005`.
        path: Its file.
    """

    name: str
    path: Path

    @property
    def published_at(self) -> datetime:
        return datetime.strptime(self.name, "%Y%m%d-%H%M%S")


def kept_states(workspace: Workspace) -> list[KeptState]:
    """The states that are kept, the latest first."""
    paths = sorted(workspace.earlier_states.glob("*.duckdb"), reverse=True)
    return [KeptState(path.stem, path) for path in paths]


def find_state(workspace: Workspace, name: str) -> KeptState:
    """The state of this name.

    Raises:
        UnknownStateError: None is kept.
    """
    states = {state.name: state for state in kept_states(workspace)}
    if name not in states:
        kept = ", ".join(states) or f"none; {KEEP_STATES} says how many states are kept"
        raise UnknownStateError(f"{name}: no published state of this name is kept: {kept}")
    return states[name]


def keep_state(workspace: Workspace) -> None:
    """Keep the state that is published now, before another takes its place; the oldest ones go."""
    number = _number_to_keep()
    if number and workspace.published_database.exists():
        with connect(workspace.published_database, workspace, read_only=True) as connection:
            (published_at,) = connection.execute("select max(published_at) from marts.refreshes").fetchone() or (None,)
        if published_at is not None:
            target = workspace.earlier_states / f"{published_at:%Y%m%d-%H%M%S}.duckdb"
            following = place_beside(target)
            link_file(workspace.published_database, following)
            take_place(following, target)
    for state in kept_states(workspace)[number:]:
        state.path.unlink()


def withdraw_from_kept_states(workspace: Workspace, client_id: str) -> dict[str, int]:
    """Write every kept state anew without a client.

    Returns:
        State → rows of the client that it held, where it held any.
    """
    removed = {}
    for state in kept_states(workspace):
        following = place_beside(state.path)
        rows = sum(copy_tables(state.path, following, workspace, without_client=client_id).values())
        take_place(following, state.path)
        if rows:
            removed[state.name] = rows
    return removed


def _number_to_keep() -> int:
    text = os.environ.get(KEEP_STATES, "")
    return int(text) if text.isdecimal() else USUAL_NUMBER
