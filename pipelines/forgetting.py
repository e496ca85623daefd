"""`linkgap forget`: every trace of a client is removed, and told.

The order is such that a crash leaves nothing that could bring the client back: the client file and its deliveries go
first. A mark in `warehouse/forgetting/` stays until everything is gone, so that forgetting again finishes. What other
clients share with it (bytes delivered to both, exports in `inbox/_shared`) stays for them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.clients import ClientSettings, read_client_files
from pipelines.dagster_records import forget_in_dagster, is_known_to_dagster
from pipelines.inbox import SHARED, delivered_files
from pipelines.remote_inbox import forget_mirrored
from pipelines.report.page import write_checks, write_index
from pipelines.sites import find_site, parse_site
from warehouse.archive import archived_file_ids, read_manifests, remove_unused_files
from warehouse.checks import read_checks
from warehouse.connections import connect, writing
from warehouse.history import forget_histories
from warehouse.kept_states import kept_states, withdraw_from_kept_states
from warehouse.layout import Workspace
from warehouse.postgresql import configured_target, known_targets, withdraw_from_postgresql
from warehouse.publication import withdraw_client
from warehouse.replacing import write_text


class UnknownClientError(LookupError):
    """Nothing in the workspace is of this client; the message says so."""


@dataclass(frozen=True)
class Removal:
    """One thing that was removed.

    Attributes:
        path: Where, relative to the workspace.
        what: What the count counts, in the singular.
        count: How many.
    """

    path: str
    what: str
    count: int

    @property
    def line(self) -> str:
        return f"removed {self.path}: {self.count:,} {self.what}{'' if self.count == 1 else 's'}"


@dataclass
class Forgotten:
    """What forgetting a client did.

    Attributes:
        client_id: Who was forgotten.
        removed: What is gone, in the order in which it went.
        kept: One line for everything that stays although it may speak of the client, with the reason.
    """

    client_id: str
    removed: list[Removal] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def add(self, path: str, what: str, count: int) -> None:
        """Remember a removal, unless there was nothing to remove."""
        if count:
            self.removed.append(Removal(path, what, count))


def check_is_known(workspace: Workspace, client_id: str) -> None:
    """Make sure that something in the workspace is of this client; waits for a running refresh.

    Raises:
        UnknownClientError: Nothing is.
    """
    is_name = client_id == Path(client_id).name and client_id[:1] not in ("", ".", "_") and "\0" not in client_id
    with writing(workspace):
        if not is_name or not _is_known(workspace, client_id):
            raise UnknownClientError(
                f"{client_id}: no client file, delivery, archive or published row is of this client; "
                "`linkgap status` lists the clients"
            )


def forget_client(workspace: Workspace, forgotten: Forgotten) -> None:
    """Remove every trace of a client; does nothing where there is none.

    Args:
        workspace: Where.
        forgotten: Whom to forget; what was done is written into it, also where an error ends the work.

    Raises:
        DamagedArchiveError: Another client's manifest cannot be read; nothing was removed.
        DatabaseBusyError: The Dagster UI keeps its database; everything else is gone.
        TargetError: The database of `LINKGAP_PUBLISH_TO` keeps the client; everything else is gone.
    """
    client_id = forgotten.client_id
    with writing(workspace):
        used = archived_file_ids(workspace, but_not_of=client_id)
        forgotten.kept.extend(_shared_with_others(workspace, client_id))
        mark = workspace.forgetting / client_id
        write_text(mark, "")
        _forget_delivered(workspace, forgotten)
        _forget_published(workspace, forgotten)
        _forget_archived(workspace, forgotten, used)
        _forget_worked_on(workspace, forgotten)
        records = forget_in_dagster(workspace, client_id)
        place = workspace.relative(workspace.dagster_home)
        forgotten.add(place, "run", records.runs)
        forgotten.add(place, "partition", records.partitions)
        forgotten.add(place, "tick", records.ticks)
        _forget_elsewhere(workspace, forgotten)
        mark.unlink()
        if not any(workspace.forgetting.iterdir()):
            workspace.forgetting.rmdir()


def _is_known(workspace: Workspace, client_id: str) -> bool:
    places = (
        *_client_files(workspace, client_id),
        workspace.inbox / client_id,
        workspace.archived_refreshes / client_id,
        workspace.client_checks(client_id),
        workspace.client_notices(client_id),
        workspace.client_database(client_id),
        workspace.forgetting / client_id,
    )
    return (
        any(place.exists() or place.is_symlink() for place in places)
        or _has_rows(workspace, workspace.published_database, client_id)
        or _has_rows(workspace, workspace.working_database, client_id)
        or any(_has_rows(workspace, state.path, client_id) for state in kept_states(workspace))
        or is_known_to_dagster(workspace, client_id)
    )


def _client_files(workspace: Workspace, client_id: str) -> list[Path]:
    return [workspace.clients / f"{client_id}{suffix}" for suffix in (".yaml", ".yml")]


def _has_rows(workspace: Workspace, database: Path, client_id: str) -> bool:
    if not database.exists():
        return False
    with connect(database, workspace, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_columns() inner join duckdb_tables() "
            "using (database_name, schema_name, table_name) "
            "where column_name = 'client_id' and database_name = current_database()"
        ).fetchall()
        return any(
            connection.execute(
                f'select 1 from "{schema}"."{table}" where client_id = $client_id limit 1', {"client_id": client_id}
            ).fetchone()
            for schema, table in tables
        )


def _forget_delivered(workspace: Workspace, forgotten: Forgotten) -> None:
    """The client file and the client's inbox."""
    for path in _client_files(workspace, forgotten.client_id):
        forgotten.add(workspace.relative(path), "file", _remove(path))
    folder = workspace.inbox / forgotten.client_id
    if folder.is_symlink():
        forgotten.kept.append(
            f"{folder.resolve()}: the inbox of {forgotten.client_id} was a link to this folder; the link is removed, "
            "delete the files there"
        )
    forgotten.add(f"inbox/{forgotten.client_id}", "file", _remove(folder))
    if workspace.remote_inbox and forget_mirrored(workspace, forgotten.client_id):
        forgotten.kept.append(
            f"{workspace.remote_inbox.rstrip('/')}/{forgotten.client_id}/: a remote inbox is only ever read; delete "
            "the files there, or the next refresh mirrors them again"
        )


def _forget_published(workspace: Workspace, forgotten: Forgotten) -> None:
    """Its published rows, also earlier ones, its own file, page and hand-over files, and its part of shared pages."""
    client_id = forgotten.client_id
    rows = withdraw_client(workspace, client_id)
    forgotten.add(workspace.relative(workspace.published_database), "row", sum(rows.values()))
    for state, count in withdraw_from_kept_states(workspace, client_id).items():
        forgotten.add(f"{workspace.relative(workspace.earlier_states)}/{state}.duckdb", "row", count)
    database = workspace.client_database(client_id)
    for path in (database, *(database.with_name(f"{database.name}{rest}") for rest in (".wal", ".next", ".next.wal"))):
        forgotten.add(workspace.relative(path), "file", _remove(path))
    told = (workspace.client_checks(client_id), workspace.client_notices(client_id))
    for path in (*told, workspace.reports / f"{client_id}.html"):
        for one in (path, path.with_name(f"{path.name}.partial")):
            forgotten.add(workspace.relative(one), "file", _remove(one))
    handed_over = workspace.hand_over(client_id)
    forgotten.add(workspace.relative(handed_over), "file", _remove(handed_over))
    if workspace.reports.is_dir() and workspace.published_database.exists():
        write_checks(read_checks(workspace), workspace.reports)
        write_index(workspace.published_database, workspace.reports)


def _forget_archived(workspace: Workspace, forgotten: Forgotten, used: set[str]) -> None:
    """The client's manifests, and all archived and landed bytes that no manifest names any more."""
    manifests = workspace.archived_refreshes / forgotten.client_id
    forgotten.add(workspace.relative(manifests), "manifest", _remove(manifests))
    archived, landed = remove_unused_files(workspace, used)
    forgotten.add(workspace.relative(workspace.archived_files), "file", archived)
    forgotten.add(workspace.relative(workspace.landed), "file", landed)


def _forget_worked_on(workspace: Workspace, forgotten: Forgotten) -> None:
    """The working database, what DuckDB spilled beside it, and what running commands and dbt left."""
    database = workspace.working_database
    rows = forget_histories(workspace, forgotten.client_id)
    forgotten.add(workspace.relative(database), "row", sum(rows.values()))
    spilled = [*database.parent.glob("*.tmp"), *database.parent.glob("*.next*")]
    for path in (*spilled, *_content(workspace.temporary), *_content(workspace.dbt_target)):
        forgotten.add(workspace.relative(path), "file", _remove(path))


def _forget_elsewhere(workspace: Workspace, forgotten: Forgotten) -> None:
    """The client's rows in the database that is published to; what to do about others."""
    target = configured_target()
    for name in known_targets(workspace):
        if target is None or name != target.name:
            forgotten.kept.append(
                f"{name}: the published tables were copied there; `linkgap publish --to` this database takes "
                f"{forgotten.client_id} out of it"
            )
    if target is not None:
        rows = withdraw_from_postgresql(target, forgotten.client_id)
        forgotten.add(target.name, "row", sum(rows.values()))


def _shared_with_others(workspace: Workspace, client_id: str) -> Iterator[str]:
    """What stays because it is, or may be, of other clients, too."""
    clients, _ = read_client_files(workspace.clients)
    panels = {one: settings.panel for one, settings in clients.items() if one != client_id}
    own, panel = _sites_of(workspace, clients, client_id)
    addresses = {str(parse_site(site)): site for site in own}
    for other, sites in sorted(panels.items()):
        for site in sorted({addresses[address] for one in sites if (address := str(parse_site(one))) in addresses}):
            yield f"clients/{other}.yaml: {site} stands in this client's panel, too; what it has of that site stays"
    remaining = [site for sites in panels.values() for site in sites]
    for path, folder in delivered_files(workspace.inbox / SHARED):
        _, _, site_folder = (folder or "").partition("/")
        if find_site(site_folder, panel) is not None and find_site(site_folder, remaining) is None:
            yield f"{workspace.relative(path)}: a shared export that serves no other client; delete it there"


def _sites_of(workspace: Workspace, clients: dict[str, ClientSettings], client_id: str) -> tuple[list[str], list[str]]:
    """Own sites and panel of a client, as its file and its archive tell them; nothing where neither can be read."""
    known = [clients[client_id]] if client_id in clients else []
    try:
        manifests = read_manifests(workspace, client_id).values()
        known.extend(ClientSettings.model_validate(manifest.settings) for manifest in manifests)
    except (ValueError, KeyError, TypeError):
        # a damaged archive is forgotten like any other
        pass
    return _distinct(one.sites for one in known), _distinct(one.panel for one in known)


def _distinct(lists: Iterable[list[str]]) -> list[str]:
    return sorted({site for sites in lists for site in sites})


def _content(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _remove(path: Path) -> int:
    """Remove a file, a link, or a folder with everything in it; gives the number of files."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return 1
    if not path.is_dir():
        return 0
    count = sum(not one.is_dir() or one.is_symlink() for one in path.rglob("*"))
    shutil.rmtree(path)
    return max(count, 1)
