"""What Dagster's storage knows of runs that are under way."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import dagster as dg

from pipelines.jobs import REBUILD, REFRESH
from pipelines.run_story import slices_of

PROCESS_TAG = "linkgap/process"
"""Host and process of a run that no daemon watches."""

_STARTED_LONG_AGO_SECONDS = 600

_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def process_tag() -> str:
    """This process, as `PROCESS_TAG` names it."""
    return f"{socket.gethostname()}:{os.getpid()}"


def close_dead_runs(instance: dg.DagsterInstance, second_look_seconds: float = 5.0) -> None:
    """Call runs failed that ended without a word, so that nobody waits for them; hold the writer's lock.

    A run of this machine is dead when its process is gone. One that was launched by a daemon is dead when it started
    long ago and yet does not hold the lock, twice in a row.
    """
    if not _dead_runs(instance):
        return
    time.sleep(second_look_seconds)
    for run in _dead_runs(instance):
        instance.report_run_failed(run, "the run ended without a word; its refreshes are run again")


def _dead_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    dead = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        host, _, process = record.dagster_run.tags.get(PROCESS_TAG, "").rpartition(":")
        if host == socket.gethostname():
            is_dead = not _is_alive(int(process))
        else:
            is_dead = not host and time.time() - (record.start_time or time.time()) > _STARTED_LONG_AGO_SECONDS
        if is_dead:
            dead.append(record.dagster_run)
    return dead


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def clients_in_progress(instance: dg.DagsterInstance) -> set[str]:
    """The clients of refreshes that are queued or running."""
    return {
        client_id
        for job in (REFRESH, REBUILD)
        for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=_UNDER_WAY))
        for client_id, _ in slices_of(refreshes_of(run))
    }


def run_config_for(names: list[str]) -> dict[str, Any]:
    """The run config that asks for refreshes, `client_id/YYYY-MM-DD` each."""
    return {"ops": {"landed_exports": {"config": {"refreshes": names}}}}


def refreshes_of(run: dg.DagsterRun) -> list[str]:
    """The refreshes that a run was asked for."""
    config: Any = run.run_config
    return config.get("ops", {}).get("landed_exports", {}).get("config", {}).get("refreshes", [])
