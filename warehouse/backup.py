"""A copy of a workspace in one file, and a workspace from such a copy.

In the copy is what cannot be made again (client files, deliveries, archive, Dagster's past, results of the gates) and
what saves computing it again (published files, reports, histories). Left out are landed exports, scratch space and what
dbt left, which the next refresh makes, and earlier published states, which `linkgap rollback` alone needs. The last
entry of the copy lists every file with its SHA-256; without it a copy was cut short.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from warehouse.archive import file_sha256
from warehouse.connections import writing
from warehouse.history import copy_histories
from warehouse.layout import Workspace
from warehouse.rewriting import sqlite_files

_LIST = "linkgap-backup.json"
_FORMAT = 1

_COMPRESSION = 3
"""Of gzip. Of the demo's workspace of 27 MB level 1 makes 2.2 MB, 3 makes 2.0 MB in the same time, 6 makes 1.7 MB in
twice and 9 in six times the time."""

_SCRATCH = ".linkgap-restore"

_UNFINISHED = (".partial", ".next", ".wal")
"""Endings of what a crash leaves in folders that linkgap writes."""


class BackupError(RuntimeError):
    """A copy cannot be written or restored; the message names the file and what to do."""


@dataclass(frozen=True)
class BackupSummary:
    """What a copy holds.

    Attributes:
        files: Number of files.
        bytes: Their size before compression.
        left_out: One line for what belongs to the workspace and lies elsewhere.
    """

    files: int
    bytes: int
    left_out: tuple[str, ...] = ()


def back_up(workspace: Workspace, target: Path) -> BackupSummary:
    """Copy a workspace into a new file, between two writers; the file appears whole or not at all.

    Raises:
        BackupError: The file exists already, or lies where it would hold itself.
    """
    target = target.resolve()
    if target.exists():
        raise BackupError(f"{target}: exists already; name another file or remove it first")
    if any(target.is_relative_to(folder.resolve()) for folder in _parts(workspace)):
        raise BackupError(f"{target}: lies inside what is copied; name a file elsewhere")
    if not target.parent.is_dir():
        raise BackupError(f"{target}: there is no folder {target.parent}; make it first")
    partial = target.with_name(f"{target.name}.part")
    with writing(workspace):
        scratch = workspace.temporary / "backup"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            with partial.open("wb") as file:
                summary = _write(workspace, file, scratch)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
            shutil.rmtree(scratch, ignore_errors=True)
    return summary


def restore(source: Path, workspace: Workspace) -> BackupSummary:
    """Make a workspace from a copy; it appears once every file of the copy was checked.

    Raises:
        BackupError: The copy is none, damaged or cut short, or there is a workspace already. Nothing was changed.
    """
    taken = next((folder for folder in _parts(workspace) if folder.is_dir() and any(folder.iterdir())), None)
    if taken is not None:
        raise BackupError(f"{workspace.home}: holds a workspace, {taken} is not empty; name an empty folder")
    scratch = workspace.home / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        summary = _extract(source, scratch)
        # client files come last: without their folder nothing is taken for a workspace
        for folder in _parts(workspace):
            extracted = scratch / folder.relative_to(workspace.home)
            if extracted.exists():
                # the folder itself may be a volume of its own, which nothing can take the place of
                folder.mkdir(parents=True, exist_ok=True)
                for path in sorted(extracted.iterdir()):
                    shutil.move(path, folder / path.name)
        workspace.clients.mkdir(exist_ok=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return summary


def _parts(workspace: Workspace) -> list[Path]:
    """The folders that a copy holds, those that people write last."""
    return [
        workspace.archived_files.parent,
        workspace.published,
        workspace.working_database.parent,
        workspace.checks,
        workspace.reports,
        workspace.forgetting,
        workspace.dagster_home,
        workspace.home / "inbox",
        workspace.clients,
    ]


def _write(workspace: Workspace, file: IO[bytes], scratch: Path) -> BackupSummary:
    listed: dict[str, str] = {}
    size = 0
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=_COMPRESSION, format=tarfile.PAX_FORMAT) as copy:
        for name, path in _files(workspace, scratch):
            if path.is_dir():
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                copy.addfile(entry)
                continue
            try:
                size += _add(copy, name, path, listed)
            except FileNotFoundError:
                # somebody moved a delivery meanwhile; it is not there
                continue
        text = json.dumps({"format": _FORMAT, "files": listed}).encode()
        entry = tarfile.TarInfo(_LIST)
        entry.size = len(text)
        copy.addfile(entry, io.BytesIO(text))
    left_out = []
    if workspace.inbox != workspace.home / "inbox":
        left_out.append(f"{workspace.inbox_source}: the inbox lies outside the workspace; copy it yourself")
    return BackupSummary(len(listed), size, tuple(left_out))


def _add(copy: tarfile.TarFile, name: str, path: Path, listed: dict[str, str]) -> int:
    digest = hashlib.sha256()

    class Digesting(io.RawIOBase):
        """What is read from the file, as it goes into the copy."""

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            chunk = file.read(size)
            digest.update(chunk)
            return chunk

    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime, entry.mode = status.st_size, status.st_mtime_ns / 1e9, 0o644
        try:
            copy.addfile(entry, Digesting())
        except OSError as error:
            if error.errno is None:
                raise BackupError(f"{path}: changed while it was copied; run the backup again") from error
            raise
    listed[name] = digest.hexdigest()
    return status.st_size


def _files(workspace: Workspace, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Every file and empty folder of the copy: its name in it, and where to read it."""
    databases = set(sqlite_files(workspace.dagster_home)) if workspace.dagster_home.is_dir() else set()
    companions = {path.with_name(path.name + suffix) for path in databases for suffix in ("-wal", "-shm", "-journal")}
    made = [folder for folder in _parts(workspace) if folder.is_relative_to(workspace.warehouse)]
    for folder in _parts(workspace):
        if folder == workspace.working_database.parent:
            if workspace.working_database.exists():
                copied = scratch / workspace.working_database.name
                copy_histories(workspace, copied)
                yield workspace.working_database.relative_to(workspace.home).as_posix(), copied
            continue
        for path in _walk(folder):
            name = path.relative_to(workspace.home).as_posix()
            if path in databases:
                # Dagster's daemon may write at any time
                yield name, _sqlite_copy(path, scratch / "dagster.db")
            elif path.parent == workspace.earlier_states:
                continue
            elif path not in companions and not (folder in made and path.name.endswith(_UNFINISHED)):
                yield name, path


def _walk(folder: Path) -> Iterator[Path]:
    """The files and empty folders below a folder; links are followed, also to folders, but not in circles."""
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = Path(place).resolve()
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        if not folders and not names:
            # an empty folder of the inbox says that its files were withdrawn
            yield Path(place)
        yield from (path for name in sorted(names) if (path := Path(place) / name).is_file())


def _sqlite_copy(path: Path, target: Path) -> Path:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, timeout=30.0)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def _extract(source: Path, folder: Path) -> BackupSummary:
    """Unpack a copy into a folder and hold every file against the list in it."""
    try:
        with tarfile.open(source, "r:gz") as copy:
            copy.extractall(folder, filter="data")
    except FileNotFoundError as error:
        raise BackupError(f"{source}: there is no such file") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupError(f"{source}: is no whole backup ({error}); use another copy") from error
    listed = _read_list(source, folder / _LIST)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {_LIST}
    strange = sorted(found.symmetric_difference(listed))
    if strange:
        raise BackupError(f"{source}: {strange[0]} is missing or too much; use another copy")
    for name, digest in listed.items():
        if file_sha256(folder / name) != digest:
            raise BackupError(f"{source}: {name} is damaged; use another copy")
    return BackupSummary(len(listed), sum((folder / name).stat().st_size for name in listed))


def _read_list(source: Path, path: Path) -> dict[str, str]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        listed = dict(content["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{source}: is no backup of linkgap, or was cut short; use another copy") from error
    if content.get("format") != _FORMAT:
        raise BackupError(f"{source}: was written by a newer linkgap; update linkgap and restore again")
    if any(".." in PurePosixPath(name).parts for name in listed):
        raise BackupError(f"{source}: names files outside the workspace; use another copy")
    return listed
