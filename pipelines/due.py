"""Who is due: the window between two refreshes, and whether a complete set of exports lies in the inbox.

A client is due when its window is open and every list of links that its last refresh had lies there again; a client
without a refresh, when its main site and each competitor have one. `linkgap refresh --due`, the schedule and the sensor
ask here; a plain `linkgap refresh` asks nobody.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from pipelines import inbox
from pipelines.clients import ClientSettings
from pipelines.exports.formats import format_named
from pipelines.intake import take_in
from pipelines.people_lists import is_people_list
from pipelines.planning import plan_refreshes
from warehouse.archive import DamagedArchiveError, Delivery, Manifest, read_manifests
from warehouse.connections import connect
from warehouse.layout import Workspace
from warehouse.publication import published_deliveries

NEVER_REFRESHED, WAITING, DUE, OVERDUE = "never refreshed", "waiting", "due", "overdue"

SETTLED_SECONDS = 60.0
"""A file that was written less than this ago is looked at twice: it may still be growing."""

SECOND_LOOK_SECONDS = 1.0


class ListOfLinks(NamedTuple):
    """What names an export of links when two refreshes are compared; a first refresh asks for a site only."""

    site: str
    provider: str | None
    export_kind: str | None

    def __str__(self) -> str:
        if self.provider is None or self.export_kind is None:
            return f"any list of links to {self.site}"
        return f"{self.provider} {self.export_kind.replace('_', ' ')} of {self.site}"


@dataclass(frozen=True)
class Window:
    """When the next refresh may start, should start, and is late; None where there was none before.

    Attributes:
        opens_on: First day.
        aimed_on: The day agreed with the client.
        latest_on: Last day that is in time.
    """

    opens_on: date | None = None
    aimed_on: date | None = None
    latest_on: date | None = None

    @classmethod
    def after(cls, refreshed_on: date | None, settings: ClientSettings) -> Window:
        """The window that follows a refresh."""
        if refreshed_on is None:
            return cls()
        days = (settings.refresh.earliest_days, settings.refresh.every_days, settings.refresh.latest_days)
        return cls(*(refreshed_on + timedelta(days=number) for number in days))

    def state(self, today: date) -> str:
        """`never refreshed`, `waiting`, `due` (its window is open) or `overdue`."""
        if self.opens_on is None or self.latest_on is None:
            return NEVER_REFRESHED
        if today > self.latest_on:
            return OVERDUE
        return DUE if today >= self.opens_on else WAITING


@dataclass(frozen=True)
class Standing:
    """How a client stands between two refreshes.

    Attributes:
        client_id: Whose.
        last_refreshed_on: Its last published refresh.
        window: When the next one may come.
        state: `never refreshed`, `waiting`, `due`, `overdue`.
        required: The lists of links that the next refresh waits for.
        delivered: Those of them that lie in the inbox for it.
        refused: Files there that are no export of the panel: path → reason.
        growing: Files there that are still being written.
        refreshes: `client_id/YYYY-MM-DD` of what a run would compute; empty where there is nothing new.
    """

    client_id: str
    last_refreshed_on: date | None
    window: Window
    state: str
    required: frozenset[ListOfLinks]
    delivered: frozenset[ListOfLinks] = frozenset()
    refused: dict[str, str] = field(default_factory=dict)
    growing: tuple[str, ...] = ()
    refreshes: tuple[str, ...] = ()

    @property
    def missing(self) -> list[ListOfLinks]:
        """What the next refresh waits for, in the order of a shopping list."""
        return sorted(self.required - self.delivered, key=str)

    @property
    def waits_for(self) -> str | None:
        """What keeps a client from its refresh although its window is open and something new lies there; else None."""
        if self.state == WAITING or not self.refreshes or self.is_ready:
            return None
        if self.growing:
            return f"still being copied: {', '.join(self.growing)}"
        return f"missing: {', '.join(map(str, self.missing))}"

    @property
    def is_ready(self) -> bool:
        """Its window is open, something new lies there, whole, and nothing is missing."""
        return self.state != WAITING and bool(self.refreshes) and not self.missing and not self.growing


def standings(
    workspace: Workspace,
    clients: dict[str, ClientSettings],
    today: date,
    *,
    wait_seconds: float = SECOND_LOOK_SECONDS,
    is_mirrored: bool = False,
) -> list[Standing]:
    """How the clients stand, by client_id; waits a moment where files were written just now.

    Writes nothing but the mirror of a remote inbox, so hold the writer's lock or say `is_mirrored`.

    Args:
        workspace: Where.
        clients: Readable client files.
        today: The day to judge windows by.
        wait_seconds: How long to wait before the second look at young files.
        is_mirrored: Take a remote inbox as it was mirrored last.
    """
    published = published_deliveries(workspace)
    last = {client_id: day for client_id, day in sorted(published)}
    found = {}
    for client_id, settings in sorted(clients.items()):
        window = Window.after(last.get(client_id), settings)
        required = _required(workspace, settings, last.get(client_id))
        found[client_id] = Standing(client_id, last.get(client_id), window, window.state(today), required)
    awaited = [one.client_id for one in found.values() if one.state != WAITING]
    if not awaited:
        return list(found.values())
    # what the working database has lost is no reason to refresh before the exports are there, and it may be in use
    plan = plan_refreshes(workspace, published, published, client_ids=awaited, is_mirrored=is_mirrored)
    candidates = [one for one in plan.refreshes if _is_candidate(one, last, today)]
    growing = _growing_files(workspace, candidates, wait_seconds)
    delivered, refused = _look_into(workspace, candidates)
    for client_id in {one.client_id for one in candidates}:
        days = {one.refreshed_on: delivered[client_id, one.refreshed_on] for one in _of(candidates, client_id)}
        required = found[client_id].required
        # the day that has most of what is required speaks for the client
        best = max(days, key=lambda day: (len(_met(required, days[day])), day))
        found[client_id] = replace(
            found[client_id],
            delivered=_met(required, days[best]),
            refused=refused.get(client_id, {}),
            growing=growing.get(client_id, ()),
            refreshes=tuple(name for name in plan.names if name.startswith(f"{client_id}/")),
        )
    return list(found.values())


def _is_candidate(manifest: Manifest, last: dict[str, date], today: date) -> bool:
    """New files for a refresh after the last one; what is dated tomorrow waits until then."""
    before = last.get(manifest.client_id)
    return manifest.refreshed_on <= today and (before is None or manifest.refreshed_on > before)


def _of(manifests: Iterable[Manifest], client_id: str) -> list[Manifest]:
    return [one for one in manifests if one.client_id == client_id]


def _required(workspace: Workspace, settings: ClientSettings, last: date | None) -> frozenset[ListOfLinks]:
    """What the next refresh waits for: what the last one had, of the sites that are still in the panel."""
    if last is None:
        return frozenset(ListOfLinks(site, None, None) for site in [settings.sites[0], *settings.competitors])
    try:
        had = _lists_of(read_manifests(workspace, settings.client_id)[last].deliveries)
    except (DamagedArchiveError, KeyError):
        # the plan refuses the client and says why
        return frozenset()
    return frozenset(one for one in had if one.site in settings.panel)


def _lists_of(deliveries: Iterable[Delivery]) -> set[ListOfLinks]:
    """The lists of links among accepted files; the rows of a file of many sites are one list for each."""
    return {
        ListOfLinks(site, one.facts["provider"], one.facts["export_kind"])
        for one in deliveries
        if one.facts.get("outcome") == "accepted"
        and one.facts.get("format")
        and format_named(one.facts["format"]).describes != "other"
        for site in one.facts["sites"]
    }


def _met(required: frozenset[ListOfLinks], lists: set[ListOfLinks]) -> frozenset[ListOfLinks]:
    sites = {one.site for one in lists}
    return frozenset(one for one in required if one in lists or (one.provider is None and one.site in sites))


def _look_into(
    workspace: Workspace, manifests: list[Manifest]
) -> tuple[dict[tuple[str, date], set[ListOfLinks]], dict[str, dict[str, str]]]:
    """What the files of refreshes are, found as a refresh finds it, in a scratch workspace that is thrown away.

    Returns:
        (client_id, refreshed_on) → lists of links; client_id → refused files with their reasons.
    """
    lists: dict[tuple[str, date], set[ListOfLinks]] = {}
    refused: dict[str, dict[str, str]] = {}
    workspace.temporary.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workspace.temporary, prefix="due-") as folder:
        scratch = Workspace(Path(folder), str(workspace.inbox))
        with connect(None, scratch) as connection:
            for manifest in manifests:
                exports = tuple(
                    one for one in manifest.deliveries if not one.is_withdrawn and not is_people_list(one.path)
                )
                taken = [file.delivery for file in take_in(connection, scratch, replace(manifest, deliveries=exports))]
                lists[manifest.client_id, manifest.refreshed_on] = _lists_of(taken)
                for one in taken:
                    if one.facts["outcome"] == "refused":
                        refused.setdefault(manifest.client_id, {})[one.path] = one.facts["reason"]
    return lists, refused


def _growing_files(workspace: Workspace, manifests: list[Manifest], wait_seconds: float) -> dict[str, tuple[str, ...]]:
    """client_id → files that change while they are looked at; `.part` and its like are no deliveries at all."""
    young: dict[Path, tuple[int, int]] = {}
    owners: dict[Path, set[str]] = {}
    now = time.time()
    for manifest in manifests:
        for delivery in manifest.deliveries:
            path = workspace.delivered(delivery.file)
            if not path.exists():
                continue
            owners.setdefault(path, set()).add(manifest.client_id)
            if now - path.stat().st_mtime < SETTLED_SECONDS:
                young[path] = _size_and_time(path)
    if not young:
        return {}
    time.sleep(wait_seconds)
    growing: dict[str, tuple[str, ...]] = {}
    for path, before in young.items():
        if not path.exists() or _size_and_time(path) != before:
            for client_id in owners[path]:
                growing[client_id] = (*growing.get(client_id, ()), workspace.relative(path))
    return growing


def _size_and_time(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def inbox_state(workspace: Workspace, clients: Iterable[str]) -> dict[str, str]:
    """client_id → a word that changes when a file of its inbox, or of the shared one, comes, goes or changes."""

    def told(folder: Path) -> str:
        lines = [f"{path}\0{_size_and_time(path)}" for path, _ in inbox.delivered_files(folder)]
        return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:12]

    shared = told(workspace.inbox / inbox.SHARED)
    return {client_id: f"{told(workspace.inbox / client_id)} {shared}" for client_id in clients}
