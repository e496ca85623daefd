"""The writer's lock as a resource, held from the first step of a run to its last, and what steps do about trouble."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.event_storage import held_open
from warehouse.connections import WAIT_SECONDS, may_pass, writing
from warehouse.layout import Workspace

POOL = "linkgap_writer"
"""Dagster pool of everything that writes to a workspace: runs that wait for it stay in the queue."""

RETRIES = 3
FIRST_RETRY_SECONDS = 5.0


def keep_pool(instance: dg.DagsterInstance) -> None:
    """Give the pool its one slot; a default limit alone was measured not to hold runs back."""
    storage = instance.event_log_storage
    if storage.supports_global_concurrency_limits and POOL not in {one.name for one in storage.get_pool_limits()}:
        storage.set_concurrency_slots(POOL, 1)


@contextmanager
def retrying(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Run a step again, each time after a longer pause, where its trouble may pass; other trouble ends it at once."""
    try:
        yield
    except Exception as error:
        if not may_pass(error):
            raise
        raise dg.RetryRequested(RETRIES, FIRST_RETRY_SECONDS * 2**context.retry_number) from error


class WorkspaceWriter(dg.ConfigurableResource):
    """One workspace, and the right to write to it while a run lasts.

    Attributes:
        wait_seconds: How long a run waits for another writer before it fails.
    """

    wait_seconds: float = WAIT_SECONDS

    @property
    def workspace(self) -> Workspace:
        return Workspace.from_environment()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["WorkspaceWriter"]:
        assert context.instance is not None
        with writing(self.workspace, self.wait_seconds), held_open(context.instance):
            yield self
