"""Which events were told, so that each is told once, whichever process sees it first and however often.

An event is claimed before its notice is sent: a crash in between costs that notice and never sends it twice. Only a
claim whose notice surely reached nobody may be taken back. What events are, and who is told, is none of this module's
business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import filelock

from warehouse.layout import Workspace
from warehouse.replacing import write_text

EventKey = tuple[str, str]
"""(client_id, key); client_id is empty for events that are no single client's."""

ATTEMPTS = 3
"""Notices in a row that surely reached nobody after which an event is given up: a wrong address stays wrong, and the
hourly look at overdue clients should not knock there for ever."""

LOCK_SECONDS = 30.0
"""How long to wait for another process; it holds the lock while it reads and writes some small files."""


class NoticeRecordError(RuntimeError):
    """The record cannot be read, so nobody knows what was told."""


def claim(workspace: Workspace, events: Iterable[EventKey]) -> set[EventKey]:
    """Note events as told, and give those that were not before.

    Raises:
        NoticeRecordError: A file of the record is damaged, or another process keeps the lock.
    """
    claimed: set[EventKey] = set()
    with _locked(workspace):
        for client_id, keys in _by_client(events):
            record = _read(workspace, client_id)
            new = [key for key in keys if "told_at" not in record.get(key, {})]
            for key in new:
                record[key] = {**record.get(key, {}), "told_at": datetime.now(UTC).isoformat(timespec="seconds")}
                claimed.add((client_id, key))
            if new:
                _write(workspace, client_id, record)
    return claimed


def release(workspace: Workspace, events: Iterable[EventKey]) -> None:
    """Take claims back whose notice surely reached nobody; at the last of `ATTEMPTS` they stay.

    Raises:
        NoticeRecordError: As `claim`.
    """
    with _locked(workspace):
        for client_id, keys in _by_client(events):
            record = _read(workspace, client_id)
            for key in keys:
                failures = record.get(key, {}).get("failures", 0) + 1
                kept = {"told_at": record[key]["told_at"]} if failures >= ATTEMPTS and key in record else {}
                record[key] = {**kept, "failures": failures}
            _write(workspace, client_id, record)


@contextmanager
def _locked(workspace: Workspace) -> Iterator[None]:
    workspace.notices.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(workspace.notices / "record.lock", timeout=LOCK_SECONDS)
    try:
        with lock:
            yield
    except filelock.Timeout as error:
        raise NoticeRecordError(f"{workspace.relative(workspace.notices)}: another process keeps it locked") from error


def _by_client(events: Iterable[EventKey]) -> Iterator[tuple[str, list[str]]]:
    for client_id, of_client in groupby(sorted(set(events)), key=lambda event: event[0]):
        yield client_id, [key for _, key in of_client]


def _read(workspace: Workspace, client_id: str) -> dict[str, dict[str, Any]]:
    path = workspace.client_notices(client_id)
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise NoticeRecordError(
            f"{workspace.relative(path)}: is damaged, so nobody knows what was told; remove it to begin anew"
        ) from error


def _write(workspace: Workspace, client_id: str, record: dict[str, dict[str, Any]]) -> None:
    write_text(workspace.client_notices(client_id), json.dumps(record, indent=1, sort_keys=True))
