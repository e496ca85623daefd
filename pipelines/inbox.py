"""What lies in the inbox: refreshes by client and date, and their files.

Looks at names and bytes only. Whether a file is an export is asked at intake; which refreshes have work is decided in
`pipelines.planning`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.clients import ClientSettings
from pipelines.exports.containers import members
from pipelines.sites import find_site
from warehouse.archive import Delivery
from warehouse.layout import Workspace

SHARED = "_shared"
_FILES_OF_PEOPLE = ("outreach.csv", "overrides.csv", "verified.csv")
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp")


@dataclass(frozen=True)
class InboxError:
    """A folder or file of the inbox that cannot be taken: where, and what to do."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True)
class DatedFolder:
    """`inbox/<client_id>/<YYYY-MM-DD>`, or its shared counterpart."""

    path: Path
    refreshed_on: date


def dated_folders(folder: Path, workspace: Workspace) -> tuple[list[DatedFolder], list[InboxError]]:
    """The refresh dates below a client's inbox, and the folders that are no dates."""
    found: list[DatedFolder] = []
    errors: list[InboxError] = []
    if not folder.is_dir():
        return found, errors
    for path in sorted(folder.iterdir()):
        if not path.is_dir() or path.name.startswith("."):
            continue
        refreshed_on = _read_date(path.name)
        if refreshed_on is None:
            errors.append(InboxError(workspace.relative(path), "is no date; name the folder like 2026-01-31"))
            continue
        found.append(DatedFolder(path, refreshed_on))
    return found, errors


def stray_deliveries(workspace: Workspace, clients: dict[str, ClientSettings], known: set[str]) -> list[InboxError]:
    """Deliveries that no refresh takes because they lie in the wrong place.

    Args:
        workspace: Where to look.
        clients: The readable client files.
        known: Names of all client files, readable or not.
    """
    errors: list[InboxError] = []
    if not workspace.inbox.is_dir():
        return errors
    for folder in sorted(path for path in workspace.inbox.iterdir() if path.is_dir() and path.name[0] not in "._"):
        if folder.name not in known and next(delivered_files(folder), None):
            errors.append(
                InboxError(
                    workspace.relative(folder), f"belongs to no client; write clients/{folder.name}.yaml or rename it"
                )
            )
        errors.extend(
            InboxError(workspace.relative(path), f"lies in no dated folder; move it to {folder.name}/<YYYY-MM-DD>/")
            for path, _ in delivered_files(folder)
            if path.parent == folder and path.name not in _FILES_OF_PEOPLE
        )
    sites = [site for settings in clients.values() for site in settings.panel]
    for path, site in delivered_files(workspace.inbox / SHARED):
        _, _, site_folder = (site or "").partition("/")
        if find_site(site_folder, sites) is None:
            errors.append(
                InboxError(
                    workspace.relative(path),
                    "serves no client; lay it into _shared/<YYYY-MM-DD>/<site>/ with a site of some client's panel",
                )
            )
    return errors


def _read_date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def delivered_files(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """The files of a dated folder with the `<site>/` folder each lies in, by path.

    Hidden files and unfinished downloads are no deliveries. A site with a path (`bar.co.uk/shoes/`) is a folder in a
    folder.
    """
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if not path.is_file() or any(part.startswith((".", "~$")) for part in relative.parts):
            continue
        if path.suffix.lower() in _UNFINISHED or path.name.lower() == "thumbs.db":
            continue
        site = "/".join(relative.parts[:-1])
        yield path, site or None


def take_deliveries(
    path: Path, site_folder: str | None, workspace: Workspace, known: dict[str, Delivery]
) -> list[Delivery]:
    """Describe a delivered file, member by member where it is a container.

    Unchanged files (same size and time as known) are not hashed again.
    """
    name = workspace.relative(path)
    name.encode("utf-8")  # manifests and tables could not hold another name
    status = path.stat()
    size_and_time = (status.st_size, status.st_mtime_ns)
    before = [one for one in known.values() if one.file == name and not one.is_withdrawn]
    # a refused file is looked into again: a newer linkgap may open what an older one could not
    is_settled = not any(one.facts.get("outcome") == "refused" for one in before)
    if before and is_settled and all((one.bytes, one.modified_ns) == size_and_time for one in before):
        return [
            Delivery(one.path, one.file_id, *size_and_time, site_folder=site_folder, member=one.member)
            for one in before
        ]
    return [
        Delivery(
            name if member.name is None else f"{name}!{member.name}",
            member.file_id,
            *size_and_time,
            site_folder=site_folder,
            member=member.name,
        )
        for member in members(path)
    ]


def unreadable(path: Path, workspace: Workspace, error: Exception) -> InboxError:
    """The error for a file that cannot even be looked at."""
    name = workspace.relative(path).encode("utf-8", "replace").decode("utf-8")
    if isinstance(error, UnicodeError):
        return InboxError(name, "has a name that is no valid Unicode; rename the file")
    return InboxError(name, f"cannot be read ({getattr(error, 'strerror', None) or error}); mend its permissions")


def shared_files_for(
    settings: ClientSettings, folder: Path, *, own_sites_only: bool = False
) -> Iterator[tuple[Path, str | None]]:
    """The files of a shared dated folder that serve a client: those of the sites of its panel."""
    sites = settings.sites if own_sites_only else settings.panel
    for path, site in delivered_files(folder):
        if site is not None and find_site(site, sites) is not None:
            yield path, site
