"""What the gates last asked of a client and what they found, one small JSON file a client.

For the page of checks alone: nothing published depends on it, and without it the page says that nothing was checked
yet. A run writes a client's file anew at its first gate and adds to it at the later ones. What stands in an entry is
told in `data_quality.answers`; here it is only kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from warehouse.layout import Workspace
from warehouse.replacing import write_text

Checks = dict[str, list[dict[str, Any]]]
"""Client → entries, in the order in which they were asked."""


def begin_checks(workspace: Workspace, client_ids: Iterable[str], checks: Mapping[str, list[dict[str, Any]]]) -> None:
    """Forget what was asked of these clients before, and keep what their first gate found."""
    for client_id in client_ids:
        _write(workspace, client_id, checks.get(client_id, []))


def add_checks(workspace: Workspace, checks: Mapping[str, list[dict[str, Any]]]) -> None:
    """Keep what a later gate of the same run found."""
    for client_id, entries in checks.items():
        _write(workspace, client_id, [*_read(workspace, client_id), *entries])


def read_checks(workspace: Workspace) -> Checks:
    """Everything that is kept, by client."""
    return {path.stem: _read(workspace, path.stem) for path in sorted(workspace.checks.glob("*.json"))}


def _read(workspace: Workspace, client_id: str) -> list[dict[str, Any]]:
    path = workspace.client_checks(client_id)
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["suites"]
    return entries


def _write(workspace: Workspace, client_id: str, entries: list[dict[str, Any]]) -> None:
    content = {"client_id": client_id, "suites": entries}
    write_text(workspace.client_checks(client_id), json.dumps(content, ensure_ascii=False))
