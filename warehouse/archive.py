"""Delivered files and the settings in force, kept so that everything else can be made again.

Files lie untouched under the SHA-256 of their bytes. A manifest per client and refresh says which settings were in
force and which files were delivered under which path. Nothing here knows what a file means.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from warehouse.layout import Workspace
from warehouse.replacing import copy_file, replaced, write_text

_CHUNK_BYTES = 4 << 20


class DamagedArchiveError(ValueError):
    """A manifest cannot be read; the message names its file and what to do."""


@dataclass(frozen=True)
class Delivery:
    """One file as delivered for one refresh.

    Attributes:
        path: Relative to the workspace, with `/`.
        file_id: SHA-256 of the bytes.
        bytes: Size.
        modified_ns: Modification time; with the size it saves hashing an unchanged file again.
        site_folder: The `<site>/` folder it lay in, if any.
        member: The file inside a zip or the sheet of a workbook; `path` then ends with `!` and its name.
        until: Of a list that people keep: rows of this day and later are left to the next refresh (ISO date).
        is_withdrawn: It lies there no more, though its folder does.
        facts: What reading it showed (provider, kind, site, rows, outcome …), as `export_files` tells it.
    """

    path: str
    file_id: str
    bytes: int
    modified_ns: int
    site_folder: str | None = None
    member: str | None = None
    until: str | None = None
    is_withdrawn: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The file that lies in the inbox: itself, or the container."""
        return self.path if self.member is None else self.path.removesuffix(f"!{self.member}")

    @property
    def file_names(self) -> list[str]:
        """Its names without folders, the innermost first."""
        inner = [] if self.member is None else [self.member.rsplit("/", 1)[-1]]
        return [*inner, self.file.rsplit("/", 1)[-1]]


@dataclass(frozen=True)
class Manifest:
    """One refresh of one client: settings and lists in force, and deliveries, by path.

    Attributes:
        client_id: Whose.
        refreshed_on: Its name.
        settings: The client file in force.
        is_first_published: Settings and lists stay as they are from now on.
        deliveries: What was delivered, by path.
        ubiquitous: Domain → how many sites in how many clients of the warehouse it links to, of the domains that link
            to very many; None until a run has settled it.
    """

    client_id: str
    refreshed_on: date
    settings: dict[str, Any]
    is_first_published: bool
    deliveries: tuple[Delivery, ...]
    ubiquitous: dict[str, list[int]] | None = None

    @property
    def deliveries_hash(self) -> str:
        """Changes when a file comes, goes or changes."""
        lines = [f"{d.path}\0{d.file_id}\0{d.is_withdrawn}" for d in self.deliveries]
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def archived_file(workspace: Workspace, file_id: str) -> Path:
    """Where the bytes with this SHA-256 are kept."""
    return workspace.archived_files / file_id[:2] / file_id


def archive_file(workspace: Workspace, source: Path, file_id: str) -> Path:
    """Keep a delivered file byte for byte; does nothing where it is kept already."""
    target = archived_file(workspace, file_id)
    if not target.exists():
        with replaced(target) as partial:
            copy_file(source, partial)
    return target


def manifest_path(workspace: Workspace, client_id: str, refreshed_on: date) -> Path:
    """Where the manifest of a refresh is kept."""
    return workspace.archived_refreshes / client_id / f"{refreshed_on.isoformat()}.json"


def read_manifests(workspace: Workspace, client_id: str) -> dict[date, Manifest]:
    """All refreshes of a client that were ever archived, by date.

    Raises:
        DamagedArchiveError: One of them cannot be read.
    """
    manifests = (_read_manifest(path) for path in _manifest_paths(workspace, client_id))
    return {manifest.refreshed_on: manifest for manifest in manifests}


def latest_manifest(workspace: Workspace, client_id: str) -> Manifest | None:
    """The last refresh of a client that was ever archived."""
    paths = _manifest_paths(workspace, client_id)
    return _read_manifest(paths[-1]) if paths else None


def _manifest_paths(workspace: Workspace, client_id: str) -> list[Path]:
    return sorted((workspace.archived_refreshes / client_id).glob("*.json"))


def _read_manifest(path: Path) -> Manifest:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        deliveries = tuple(Delivery(**delivery) for delivery in content.pop("deliveries"))
        refreshed_on = date.fromisoformat(content.pop("refreshed_on"))
        return Manifest(**content, refreshed_on=refreshed_on, deliveries=deliveries)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedArchiveError(
            f"{path}: cannot be read ({type(error).__name__}: {error}), this archive of a refresh is damaged; restore "
            "it from a backup, or delete it and the refresh is archived anew from the inbox with today's settings"
        ) from error


def archived_clients(workspace: Workspace) -> list[str]:
    """Every client of which a refresh was archived."""
    if not workspace.archived_refreshes.exists():
        return []
    return sorted(path.name for path in workspace.archived_refreshes.iterdir() if path.is_dir())


def archived_file_ids(workspace: Workspace, but_not_of: str) -> set[str]:
    """SHA-256 of every file that a manifest of some other client names.

    Raises:
        DamagedArchiveError: A manifest cannot be read, so that nobody knows which files it needs.
    """
    return {
        delivery.file_id
        for client_id in archived_clients(workspace)
        if client_id != but_not_of
        for path in _manifest_paths(workspace, client_id)
        for delivery in _read_manifest(path).deliveries
    }


def remove_unused_files(workspace: Workspace, used: set[str]) -> tuple[int, int]:
    """Remove archived and landed files of all bytes that are not used, and what crashes left between them.

    Args:
        workspace: Where.
        used: SHA-256 of the bytes to keep.

    Returns:
        Numbers of archived and of landed files removed.
    """
    removed = [0, 0]
    for number, folder in enumerate((workspace.archived_files, workspace.landed)):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (path.suffix == ".partial" or path.name.split(".")[0] not in used):
                path.unlink()
                removed[number] += 1
    return removed[0], removed[1]


def write_manifest(workspace: Workspace, manifest: Manifest) -> None:
    """Archive a manifest; it appears whole or not at all."""
    content = asdict(manifest) | {"refreshed_on": manifest.refreshed_on.isoformat()}
    write_text(
        manifest_path(workspace, manifest.client_id, manifest.refreshed_on),
        json.dumps(content, indent=1, ensure_ascii=False),
    )


def mark_published(workspace: Workspace, manifest: Manifest) -> None:
    """Remember that a refresh was published: its settings stay as they are from now on."""
    if not manifest.is_first_published:
        write_manifest(workspace, replace(manifest, is_first_published=True))
