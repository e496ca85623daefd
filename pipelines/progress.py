"""What a run is at, told to whoever watches: a terminal, a log, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        stage: What is being done, as a phrase.
        done: Parts of it that are done.
        total: All its parts; 0 where that is not known.
    """

    stage: str
    done: int = 0
    total: int = 0


Watcher = Callable[[Progress], None]

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def tell(stage: str, done: int = 0, total: int = 0) -> None:
    """Say where the run stands."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(Progress(stage, done, total))


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Tell this watcher for as long as the block lasts."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
