"""The writer's lock as a resource: held from the first step of a run to its last."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from warehouse.connections import writing
from warehouse.layout import Workspace


class WorkspaceWriter(dg.ConfigurableResource):
    """One workspace, and the right to write to it while a run lasts.

    Attributes:
        wait_seconds: How long a run waits for another writer before it fails.
    """

    wait_seconds: float = 600.0

    @property
    def workspace(self) -> Workspace:
        return Workspace.from_environment()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["WorkspaceWriter"]:
        with writing(self.workspace, self.wait_seconds):
            yield self
