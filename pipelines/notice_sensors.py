"""Notices of runs that the Dagster daemon or the UI started, and of clients that became overdue.

Shells over `pipelines.notices`. They run where notices were configured when the definitions were loaded, and do
nothing where they are not; runs of `linkgap refresh` tell of themselves, and what both see is told once.
"""

from __future__ import annotations

import dagster as dg

from pipelines.jobs import REBUILD, REFRESH
from pipelines.notice_targets import are_configured
from pipelines.notices import Told, tell_of_clients, tell_of_run
from pipelines.run_story import halves_of, read_story, slices_of
from pipelines.runs import refreshes_of
from warehouse.layout import Workspace

SECONDS_BETWEEN_LOOKS = 3600
"""A window ends with a day, so an hour is soon enough."""

_STATUS = (
    dg.DefaultSensorStatus.RUNNING if are_configured(Workspace.from_environment()) else dg.DefaultSensorStatus.STOPPED
)


def _tell(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Told:
    """Tell what came of a run; nothing for jobs that compute no refresh.

    Assets that somebody materialises by hand, in runs named `__ASSET_JOB`, do compute some.
    """
    if run.job_name not in (REFRESH, REBUILD) and not run.job_name.startswith("__ASSET_JOB"):
        return Told()
    names = refreshes_of(run)
    if not run.is_success and halves_of(names):
        # it is run again in halves, and the one that fails alone is told
        return Told()
    events = [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]
    story = read_story(events, run.is_success)
    if not story.planned:
        story.planned.extend(slices_of(names))
    return tell_of_run(Workspace.from_environment(), story, is_rebuild=run.job_name == REBUILD)


def _said(told: Told) -> dg.SkipReason:
    """What a tick shows in the UI; it names no address."""
    return dg.SkipReason("; ".join([*(f"told: {title}" for title in told.titles), *told.warnings]) or "nothing to tell")


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="notices_of_finished_refreshes",
    description="Tells what refreshes of a run changed, and which clients the gate held back; each once.",
    default_status=_STATUS,
)
def notices_of_finished_refreshes(context: dg.RunStatusSensorContext) -> dg.SkipReason:
    """Tell of a run that ended well."""
    return _said(_tell(context.instance, context.dagster_run))


@dg.run_failure_sensor(
    name="notices_of_failed_refreshes",
    description="Tells which refreshes failed, and why; each once.",
    default_status=_STATUS,
)
def notices_of_failed_refreshes(context: dg.RunFailureSensorContext) -> dg.SkipReason:
    """Tell of a run that failed."""
    return _said(_tell(context.instance, context.dagster_run))


@dg.sensor(
    name="notices_of_overdue_clients",
    description="Tells which clients missed their window, and whose client file cannot be read; each once.",
    minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
    default_status=_STATUS,
)
def notices_of_overdue_clients(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Tell of clients whom nobody refreshed."""
    return _said(tell_of_clients(Workspace.from_environment()))


notice_sensors = [notices_of_finished_refreshes, notices_of_failed_refreshes, notices_of_overdue_clients]
