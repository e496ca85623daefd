"""Files appear whole: what is new is written beside the file and takes its place in one step.

Readers of a published database keep the state they opened; a crash leaves the old file and rubbish beside it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.layout import hide_from_others


def write_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one."""
    with replaced(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A place beside a file that takes the file's place once it is written, for owner and group alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    try:
        yield partial
        hide_from_others(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def place_beside(target: Path) -> Path:
    """Where the next state of a database is written; what a crash left there is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    following = target.with_name(target.name + ".next")
    following.unlink(missing_ok=True)
    following.with_name(following.name + ".wal").unlink(missing_ok=True)
    return following


def copy_beside(target: Path) -> Path:
    """The next state, as a copy of the one that is there; nothing where there is none."""
    following = place_beside(target)
    if target.exists():
        copy_file(target, following)
    return following


def copy_file(source: Path, target: Path) -> None:
    """Copy bytes; where the file system can share them (Btrfs, XFS), it does, and no byte is moved."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, target)
        return
    with source.open("rb") as read, target.open("wb") as written:
        left = os.fstat(read.fileno()).st_size
        try:
            while left and (copied := os.copy_file_range(read.fileno(), written.fileno(), left)):
                left -= copied
        except OSError:
            # not every file system can; what was copied so far is written over
            left = -1
    if left:
        shutil.copyfile(source, target)


def link_file(source: Path, target: Path) -> None:
    """Another name for the same file; a copy where the file system has no such names."""
    try:
        os.link(source, target)
    except OSError:
        copy_file(source, target)


def take_place(following: Path, target: Path) -> None:
    """Make the new state durable, then visible in one step."""
    with following.open("rb+") as file:
        os.fsync(file.fileno())
    hide_from_others(following)
    os.replace(following, target)
    # two names of one file stay both
    following.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
