"""An inbox in a bucket or on another machine: `LINKGAP_INBOX` with any URL fsspec understands.

Its files are mirrored into the workspace before every plan: listed, and those downloaded whose size, time or tag has
changed. Everything after that sees a local folder; tables and messages still say `inbox/…`. Nothing is ever written to
the remote side.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines.inbox import InboxError
from warehouse.layout import Workspace
from warehouse.replacing import write_text

_BATCH_FILES = 64
_STATE = ".mirror.json"


class RemoteInboxError(Exception):
    """The remote inbox cannot be listed or downloaded; the message names it and the cause."""


def mirror_inbox(workspace: Workspace) -> list[InboxError]:
    """Bring the mirror of a remote inbox up to date; does nothing for a local one.

    Returns:
        Files that cannot lie in a folder of this machine.

    Raises:
        RemoteInboxError: The place cannot be reached or read. What was mirrored before is left as it is.
    """
    if workspace.remote_inbox is None:
        return []
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(workspace.remote_inbox)
        files.invalidate_cache()
        listing: dict[str, dict[str, Any]] = files.find(root, detail=True)
        wanted, errors = _wanted(listing, root)
        errors.extend(_download(files, workspace, wanted))
    except Exception as error:
        raise RemoteInboxError(
            f"{workspace.remote_inbox}: the inbox cannot be read ({type(error).__name__}: {error}); check "
            "LINKGAP_INBOX and the credentials in the environment"
        ) from error
    return errors


def forget_mirrored(workspace: Workspace, client_id: str) -> int:
    """Strike a client's files from the list of what was mirrored; gives their number.

    The mirrored files themselves are left to the caller, the remote ones to their owner.
    """
    state_file = workspace.inbox / _STATE
    if workspace.remote_inbox is None or not state_file.exists():
        return 0
    state: dict[str, list[str]] = json.loads(state_file.read_text(encoding="utf-8"))
    kept = {path: stamp for path, stamp in state.items() if PurePosixPath(path).parts[0] != client_id}
    if len(kept) < len(state):
        write_text(state_file, json.dumps(kept, indent=1, ensure_ascii=False))
    return len(state) - len(kept)


def _wanted(listing: dict[str, dict[str, Any]], root: str) -> tuple[dict[str, tuple[str, list[str]]], list[InboxError]]:
    """Relative path → remote path and what changes when the file does."""
    wanted: dict[str, tuple[str, list[str]]] = {}
    errors: list[InboxError] = []
    prefix = root.strip("/") + "/"
    for remote, facts in sorted(listing.items()):
        relative = remote.strip("/").removeprefix(prefix)
        if facts.get("type") == "directory" or remote.endswith("/"):
            continue
        parts = PurePosixPath(relative).parts
        if ".." in parts or "" in relative.split("/") or "\0" in relative:
            errors.append(InboxError(f"inbox/{relative}", "has a name that is no path; rename it"))
            continue
        stamp = [
            str(facts.get(name)) for name in ("size", "ETag", "LastModified", "etag", "mtime", "created", "updated")
        ]
        wanted[relative] = (remote, stamp)
    return wanted, errors


def _download(files: Any, workspace: Workspace, wanted: dict[str, tuple[str, list[str]]]) -> list[InboxError]:
    folder = workspace.inbox
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / _STATE
    state: dict[str, list[str]] = json.loads(state_file.read_text(encoding="utf-8")) if state_file.exists() else {}
    for relative in set(state) - set(wanted):
        (folder / relative).unlink(missing_ok=True)
        del state[relative]
    changed = [
        relative
        for relative, (_, stamp) in wanted.items()
        if state.get(relative) != stamp or not (folder / relative).exists()
    ]
    errors: list[InboxError] = []
    scratch = workspace.temporary / "mirror"
    for start in range(0, len(changed), _BATCH_FILES):
        batch = changed[start : start + _BATCH_FILES]
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        local = [scratch / str(number) for number in range(len(batch))]
        files.get([wanted[relative][0] for relative in batch], [str(path) for path in local])
        for relative, path in zip(batch, local, strict=True):
            target = folder / relative
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(path, target)
            except OSError as error:
                # a bucket may hold `a` and `a/b`, and names longer than a file's
                errors.append(InboxError(f"inbox/{relative}", f"cannot lie in a folder ({error.strerror}); rename it"))
                continue
            state[relative] = wanted[relative][1]
    shutil.rmtree(scratch, ignore_errors=True)
    _remove_empty_folders(folder)
    write_text(state_file, json.dumps(state, indent=1, ensure_ascii=False))
    return errors


def _remove_empty_folders(folder: Path) -> None:
    """A bucket has no empty folders: one whose files are all gone is gone as a whole."""
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
