"""Modules that libraries import and linkgap does not need: they are loaded when something of them is asked for."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from typing import Any


class _LoadLater(MetaPathFinder):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """The module's specification with a loader that waits; nothing for other modules."""
        spec = PathFinder.find_spec(name, path) if name in self._names else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def load_later(*names: str) -> None:
    """Let modules be loaded when the first of their attributes is read, and not where they are imported.

    `from module import name` reads an attribute, so this serves for `import module` alone.
    """
    sys.meta_path.insert(0, _LoadLater(frozenset(names)))
