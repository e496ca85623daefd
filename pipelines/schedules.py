"""What starts runs by itself: a look at the inbox every day, and one whenever files came.

Both ask `pipelines.due` and request one run for all clients that are due together. A client that could not be refreshed
with the others stays due: the next look requests it again, alone if it is the only one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from datetime import date

import dagster as dg

from pipelines.assets.client_partitions import keep_partitions
from pipelines.assets.writer import keep_pool
from pipelines.clients import ClientSettings, client_file_names, read_client_files
from pipelines.due import Standing, inbox_state, standings
from pipelines.jobs import refresh_job, windows_job
from pipelines.run_story import halves_of
from pipelines.runs import PROCESS_TAG, clients_in_progress, close_dead_runs, refreshes_of, run_config_for
from warehouse.connections import WarehouseBusyError, writing
from warehouse.layout import Workspace

LOOK_AGAIN_SECONDS = 60
BUSY = "another linkgap process writes to the workspace; looked at again later"


@dg.schedule(
    cron_schedule="0 6 * * *",
    job=refresh_job,
    name="refresh_due_clients",
    description="Every morning: one run for all clients whose window is open and whose exports lie in the inbox.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def refresh_due_clients(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request a run for the clients that are due on the day of the tick."""
    workspace = Workspace.from_environment()
    today = context.scheduled_execution_time.date()
    try:
        with writing(workspace, timeout_seconds=0):
            clients = _clients_at_rest(context.instance, workspace)
            found = standings(workspace, clients, today)
    except WarehouseBusyError:
        yield dg.SkipReason(BUSY)
        return
    yield _request(found, inbox_state(workspace, clients)) or dg.SkipReason(_why_nobody(found))


@dg.schedule(
    cron_schedule="30 6 * * *",
    job=windows_job,
    name="check_windows",
    description="Every morning: is a client overdue, and which exports are missing?",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def check_windows_daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the check alone, so that it also speaks on days without a refresh."""
    keep_pool(context.instance)
    return dg.RunRequest()


@dg.sensor(
    job=refresh_job,
    name="new_exports",
    description="New files in the inbox: one run for all clients that are due now. A file counts once two looks in a "
    "row found it unchanged.",
    minimum_interval_seconds=LOOK_AGAIN_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def new_exports(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Judge the clients whose files have changed since they were judged last, or for the first time today."""
    workspace = Workspace.from_environment()
    memory = json.loads(context.cursor or "{}")
    seen, judged = memory.get("seen", {}), memory.get("judged", {})
    today = date.today()
    try:
        with writing(workspace, timeout_seconds=0):
            clients = _clients_at_rest(context.instance, workspace)
            state = inbox_state(workspace, clients)
            names = {client_id: hashlib.sha256(client_id.encode()).hexdigest()[:12] for client_id in clients}
            told = {client_id: f"{state[client_id]} {today}" for client_id in clients}
            unchanged = [client_id for client_id in clients if seen.get(names[client_id]) == state[client_id]]
            fresh = {client_id for client_id in unchanged if judged.get(names[client_id]) != told[client_id]}
            found = standings(workspace, {one: clients[one] for one in sorted(fresh)}, today)
    except WarehouseBusyError:
        return dg.SensorResult(skip_reason=BUSY)
    # a forgotten client leaves no name behind
    kept = {names[one]: judged[names[one]] for one in clients if names[one] in judged}
    judged = kept | {names[one]: told[one] for one in fresh}
    cursor = json.dumps({"seen": {names[one]: state[one] for one in clients}, "judged": judged})
    request = _request(found, state)
    if request is None:
        return dg.SensorResult(skip_reason=_why_nobody(found), cursor=cursor)
    return dg.SensorResult(run_requests=[request], cursor=cursor)


@dg.run_failure_sensor(
    name="split_failed_runs",
    monitored_jobs=[refresh_job],
    request_job=refresh_job,
    description="A failed run of many clients is run again in halves, so that the one at fault ends alone.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def split_failed_runs(context: dg.RunFailureSensorContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request both halves of a run's clients; `linkgap refresh` does so itself."""
    run = context.dagster_run
    halves = [] if PROCESS_TAG in run.tags else halves_of(refreshes_of(run))
    if not halves:
        yield dg.SkipReason(f"run {run.run_id} had one client, or is split by the command that started it")
    for number, half in enumerate(halves):
        yield dg.RunRequest(
            run_key=f"{run.run_id}-{number}",
            run_config=run_config_for(half),
            tags={"linkgap/half_of": run.run_id},
        )


def _clients_at_rest(instance: dg.DagsterInstance, workspace: Workspace) -> dict[str, ClientSettings]:
    """The clients of which no run is under way; on the way, what Dagster knows is brought up to the workspace."""
    keep_pool(instance)
    keep_partitions(instance, client_file_names(workspace.clients))
    close_dead_runs(instance)
    clients, _ = read_client_files(workspace.clients)
    busy = clients_in_progress(instance)
    return {client_id: settings for client_id, settings in clients.items() if client_id not in busy}


def _request(found: Collection[Standing], state: dict[str, str]) -> dg.RunRequest | None:
    """One run for all who are ready; None where nobody is.

    Its key is made of the refreshes and of what lies in the inbox, so that the same files are not run twice.
    """
    ready = [one for one in found if one.is_ready]
    if not ready:
        return None
    names = [name for one in ready for name in one.refreshes]
    files = [state[one.client_id] for one in ready]
    return dg.RunRequest(
        run_key=hashlib.sha256("\n".join([*names, *files]).encode()).hexdigest()[:24],
        run_config=run_config_for(names),
        tags={"linkgap/clients": str(len(ready))},
    )


def _why_nobody(found: Collection[Standing]) -> str:
    waiting = [f"{one.client_id} ({one.waits_for})" for one in found if one.waits_for]
    return f"no client is due: {'; '.join(waiting)}" if waiting else "no client is due"
