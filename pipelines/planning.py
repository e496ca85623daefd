"""Which refreshes have work to do, with which settings and which files.

Compares the inbox with the archive and the published ledger. Reads only; taking files in is `pipelines.intake`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pipelines import inbox
from pipelines.clients import ClientFileError, ClientSettings, client_file_names, read_client_files
from pipelines.inbox import InboxError
from pipelines.people_lists import DAY_HEADERS, is_people_list, rows_before, rows_id
from pipelines.remote_inbox import mirror_inbox
from warehouse.archive import DamagedArchiveError, Delivery, Manifest, archived_clients, read_manifests
from warehouse.layout import Workspace

PublishedRefreshes = dict[tuple[str, date], str]
"""(client_id, refreshed_on) → deliveries_hash, of everything the published file holds."""


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes:
        refreshes: Manifests to compute, by client and date. Later refreshes of a client stand here too, because what
            they carry, and the history, may depend on the changed one.
        history: Every other manifest of the same clients, needed as the past of the ones above.
        clients: The readable client files, by client_id.
        client_errors: Client files that cannot be used.
        inbox_errors: Folders that cannot be taken.
    """

    refreshes: list[Manifest] = field(default_factory=list)
    history: list[Manifest] = field(default_factory=list)
    clients: dict[str, ClientSettings] = field(default_factory=dict)
    client_errors: list[ClientFileError] = field(default_factory=list)
    inbox_errors: list[InboxError] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The refreshes to compute, as a run's config names them."""
        return [f"{manifest.client_id}/{manifest.refreshed_on}" for manifest in self.refreshes]


def plan_refreshes(
    workspace: Workspace,
    published: PublishedRefreshes,
    built: PublishedRefreshes,
    client_ids: Iterable[str] = (),
    on: date | None = None,
    is_mirrored: bool = False,
) -> Plan:
    """Decide what has to be computed.

    A refresh has work when it is not published, when its files changed since, when the working database does not hold
    it any more, or when `on` names it; with it every later refresh of its client, and the one before it where the panel
    changed in between.

    Args:
        workspace: Where to look.
        published: What the published file holds.
        built: The same for the working database.
        client_ids: Only these clients; all of them where empty.
        on: Run this date again with today's settings.
        is_mirrored: Take a remote inbox as it was mirrored last.
    """
    clients, client_errors = read_client_files(workspace.clients)
    errors = [] if is_mirrored else mirror_inbox(workspace)
    plan = Plan(clients=clients, client_errors=client_errors, inbox_errors=errors)
    wanted = set(client_ids) or set(clients)
    shared, shared_errors = inbox.dated_folders(workspace.inbox / inbox.SHARED, workspace)
    plan.inbox_errors.extend(shared_errors)
    if not set(client_ids):
        names = client_file_names(workspace.clients) | set(archived_clients(workspace))
        plan.inbox_errors.extend(inbox.stray_deliveries(workspace, clients, names))
    for client_id in sorted(wanted & set(clients)):
        settings = clients[client_id]
        archived = _archived(workspace, client_id, plan.inbox_errors)
        if archived is None:
            continue
        folders, errors = inbox.dated_folders(workspace.inbox / client_id, workspace)
        plan.inbox_errors.extend(errors)
        manifests = _manifests_of_client(
            workspace, settings, archived, folders, shared, on, published, plan.inbox_errors
        )
        changed = [
            day
            for day, manifest in manifests.items()
            if published.get((client_id, day)) != manifest.deliveries_hash
            or built.get((client_id, day)) != manifest.deliveries_hash
            or day == on
        ]
        start = _start_of_run(manifests, min(changed, default=date.max))
        for day, manifest in sorted(manifests.items()):
            (plan.refreshes if day >= start else plan.history).append(manifest)
    return plan


def _archived(workspace: Workspace, client_id: str, errors: list[InboxError]) -> dict[date, Manifest] | None:
    """The archived refreshes of a client; None, and an error, where one is damaged: a past is not guessed."""
    try:
        return read_manifests(workspace, client_id)
    except DamagedArchiveError as error:
        path, _, message = str(error).partition(": ")
        errors.append(InboxError(workspace.relative(Path(path)), message))
        return None


def _start_of_run(manifests: dict[date, Manifest], start: date) -> date:
    """The first refresh of a client to compute, so that `start` can be.

    Where two neighbours have different panels, the links of each are looked at under the panel of the other: both must
    be in the run.
    """
    panels = {day: ClientSettings.model_validate(manifest.settings).panel_hash for day, manifest in manifests.items()}
    for before, day in reversed(list(itertools.pairwise(sorted(manifests)))):
        if day == start and panels[before] != panels[day]:
            start = before
    return start


def restrict(plan: Plan, wanted: set[tuple[str, date]]) -> Plan:
    """The same plan for the wanted refreshes and the later ones of their clients; the earlier ones become history."""
    first: dict[str, date] = {}
    for client_id, day in wanted:
        first[client_id] = min(day, first.get(client_id, day))
    manifests = [*plan.refreshes, *plan.history]
    for client_id, day in first.items():
        of_client = {one.refreshed_on: one for one in manifests if one.client_id == client_id}
        first[client_id] = _start_of_run(of_client, day)
    return replace(
        plan,
        refreshes=[m for m in manifests if m.refreshed_on >= first.get(m.client_id, date.max)],
        history=[m for m in manifests if m.refreshed_on < first.get(m.client_id, date.max)],
    )


def plan_rebuild(workspace: Workspace) -> Plan:
    """Everything that was ever archived, with the settings that were in force."""
    clients, client_errors = read_client_files(workspace.clients)
    plan = Plan(clients=clients, client_errors=client_errors)
    for client_id in archived_clients(workspace):
        for _, manifest in sorted((_archived(workspace, client_id, plan.inbox_errors) or {}).items()):
            # an archive of before there were lists is read as it was: with an empty one
            is_without_list = manifest.is_first_published and manifest.ubiquitous is None
            plan.refreshes.append(replace(manifest, ubiquitous={}) if is_without_list else manifest)
    return plan


def _manifests_of_client(
    workspace: Workspace,
    today: ClientSettings,
    archived: dict[date, Manifest],
    folders: list[inbox.DatedFolder],
    shared: list[inbox.DatedFolder],
    on: date | None,
    published: PublishedRefreshes,
    errors: list[InboxError],
) -> dict[date, Manifest]:
    own = {folder.refreshed_on: folder for folder in folders}
    common = {folder.refreshed_on: folder for folder in shared}
    days = set(archived) | set(own)
    days |= {
        day for day, folder in common.items() if any(inbox.shared_files_for(today, folder.path, own_sites_only=True))
    }
    settled = {
        day: manifest
        for day, manifest in archived.items()
        if manifest.is_first_published or (today.client_id, day) in published
    }
    manifests = {}
    next_days = dict(itertools.pairwise(sorted(days)))
    for day in sorted(days):
        archive = _archive_in_force(day, settled, on)
        settings = archive.settings if archive else today.model_dump(mode="json")
        before = archived.get(day)
        known = {delivery.path: delivery for delivery in before.deliveries} if before else {}
        found = _deliveries_of_day(
            workspace, ClientSettings.model_validate(settings), own.get(day), common.get(day), known, errors
        )
        if all(is_people_list(path) for path in found):
            continue
        for name in DAY_HEADERS:
            path = workspace.inbox / today.client_id / name
            try:
                _take_rows_of_people(workspace, path, found, next_days.get(day))
            except OSError as error:
                errors.append(inbox.unreadable(path, workspace, error))
        manifests[day] = Manifest(
            client_id=today.client_id,
            refreshed_on=day,
            settings=settings,
            is_first_published=day in settled,
            ubiquitous=(archive.ubiquitous or {}) if archive else None,
            deliveries=tuple(sorted(found.values(), key=lambda delivery: delivery.path)),
        )
    return manifests


def _take_rows_of_people(
    workspace: Workspace, path: Path, deliveries: dict[str, Delivery], next_day: date | None
) -> None:
    """Add what people checked or decided before the next refresh."""
    name = workspace.relative(path)
    before = deliveries.get(name)
    content = rows_before(path, next_day) if path.is_file() else None
    if content is not None:
        taken = Delivery(name, rows_id(content), len(content), 0, until=next_day.isoformat() if next_day else None)
        if before is not None and before.file_id == taken.file_id:
            taken = replace(taken, facts=before.facts)
        deliveries[name] = taken
    elif path.is_file():
        # no row counts for this refresh
        deliveries.pop(name, None)
    elif before is not None and path.parent.is_dir():
        deliveries[name] = replace(before, is_withdrawn=True)


def _archive_in_force(day: date, settled: dict[date, Manifest], on: date | None) -> Manifest | None:
    """The refresh whose archived settings and lists count; None for today's.

    The contract's rule: a refresh keeps its own; one published late takes its neighbour's.
    """
    if day == on:
        return None
    if day in settled:
        return settled[day]
    if any(other > day for other in settled):
        earlier = [other for other in settled if other < day]
        return settled[max(earlier) if earlier else min(other for other in settled if other > day)]
    return None


def _deliveries_of_day(
    workspace: Workspace,
    settings: ClientSettings,
    own: inbox.DatedFolder | None,
    common: inbox.DatedFolder | None,
    known: dict[str, Delivery],
    errors: list[InboxError],
) -> dict[str, Delivery]:
    """Known deliveries brought up to date with what lies there.

    A folder that is gone as a whole changes nothing; a file that is gone from an existing folder is withdrawn.
    """
    deliveries = dict(known)
    for folder, files in (
        (own, inbox.delivered_files(own.path) if own else ()),
        (common, inbox.shared_files_for(settings, common.path) if common else ()),
    ):
        if folder is None:
            continue
        prefix = workspace.relative(folder.path) + "/"
        for path, delivery in known.items():
            if not path.startswith(prefix):
                continue
            if workspace.delivered(delivery.file).exists():
                # it lies there, but today's settings have no use for it
                del deliveries[path]
            else:
                deliveries[path] = replace(delivery, is_withdrawn=True)
        for file, site in files:
            try:
                taken = inbox.take_deliveries(file, site, workspace, known)
            except (OSError, UnicodeError) as error:
                errors.append(inbox.unreadable(file, workspace, error))
                continue
            for delivery in known.values():
                if delivery.member is not None and delivery.file == taken[0].file:
                    # what a changed container holds no more was withdrawn
                    deliveries[delivery.path] = replace(delivery, is_withdrawn=True)
            for delivery in taken:
                before = known.get(delivery.path)
                if before is not None and before.file_id == delivery.file_id:
                    deliveries[delivery.path] = replace(delivery, facts=before.facts)
                else:
                    deliveries[delivery.path] = delivery
    return deliveries
