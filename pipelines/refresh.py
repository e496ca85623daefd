"""Runs the refresh job in this process, on the workspace's Dagster instance, and says what came of it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from data_quality import expectations
from pipelines import notices
from pipelines.clients import client_file_names
from pipelines.instance import write_instance_settings
from pipelines.ledger import client_facts
from pipelines.planning import Plan
from pipelines.progress import tell
from pipelines.run_story import RunStory, halves_of, merged, read_story, slices_of
from warehouse.archive import read_manifests
from warehouse.connections import writing
from warehouse.layout import CHECKOUT, Workspace
from warehouse.postgresql import TargetError, configured_target, publish_to_postgresql
from warehouse.publication import follow_client_files, unusable_rows_of_people
from warehouse.working import is_static_built

if TYPE_CHECKING:
    import dagster as dg


@dataclass
class RefreshOutcome:
    """What a call of `linkgap refresh` did.

    Attributes:
        run_id: Of the Dagster run, the first where there were several; None where there was nothing to do.
        published: `client_id/YYYY-MM-DD` of every refresh that was computed and published.
        problems: One readable line for everything refused or failed.
        warnings: One line for what was published but should be looked at.
    """

    run_id: str | None = None
    published: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def prepare_environment(workspace: Workspace) -> None:
    """Point Dagster, dbt and Great Expectations at the workspace, and switch off what calls home."""
    write_instance_settings(workspace.dagster_home)
    os.environ["LINKGAP_HOME"] = str(workspace.home)
    os.environ["LINKGAP_INBOX"] = workspace.inbox_source or ""
    os.environ["DAGSTER_HOME"] = str(workspace.dagster_home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    # events that a run plans are written at once
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    # a look into an inbox of large files takes longer than Dagster's minute
    os.environ.setdefault("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "900")
    os.environ.setdefault("DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS", "900")


def run_refreshes(
    workspace: Workspace, plan: Plan, on: date | None = None, rebuild: bool = False, is_debug: bool = False
) -> RefreshOutcome:
    """Run the job for the refreshes of a plan.

    Args:
        workspace: Where.
        plan: What; nothing is run where it is empty.
        on: As in the plan: a date to run again with today's settings.
        rebuild: Everything from the archive.
        is_debug: Let Dagster log to standard error and tracebacks through.
    """
    outcome = RefreshOutcome(problems=[*map(str, plan.client_errors), *map(str, plan.inbox_errors)])
    if not plan.refreshes:
        with writing(workspace):
            facts = [client_facts(settings) for settings in plan.clients.values()]
            follow_client_files(workspace, client_file_names(workspace.clients), facts)
        _catch_up_elsewhere(workspace, outcome)
        outcome.warnings.extend(notices.tell_of_clients(workspace).warnings)
        return outcome
    prepare_environment(workspace)
    expectations.prepare()
    if not is_debug:
        logging.disable(logging.CRITICAL)
    stories: list[RunStory] = []
    try:
        stories = _run(workspace, plan.names, on, rebuild, is_debug, outcome)
    finally:
        logging.disable(logging.NOTSET)
    if slices := slices_of(outcome.published):
        outcome.warnings.extend(
            f"{path}:{row_number + 1}: not used: {problem}"
            for path, row_number, problem in unusable_rows_of_people(workspace, slices)
        )
    outcome.problems.extend(_refused_files(workspace, plan))
    for story in stories:
        outcome.warnings.extend(notices.tell_of_run(workspace, story, is_rebuild=rebuild).warnings)
    outcome.warnings.extend(notices.tell_of_clients(workspace).warnings)
    return outcome


def _catch_up_elsewhere(workspace: Workspace, outcome: RefreshOutcome) -> None:
    """Publish to the database of `LINKGAP_PUBLISH_TO` what could not be before, or what client files changed."""
    try:
        target = configured_target()
        if target is not None and workspace.published_database.exists():
            outcome.warnings.extend(publish_to_postgresql(workspace, target, tell).warnings)
    except TargetError as error:
        outcome.problems.append(str(error))


def _run(
    workspace: Workspace, names: list[str], on: date | None, rebuild: bool, is_debug: bool, outcome: RefreshOutcome
) -> list[RunStory]:
    """Run refreshes together; where the run fails, each half of its clients, until one that fails stands alone.

    Returns:
        The stories to tell: of all that went well one, and one of each that failed alone.
    """
    result = _execute(workspace, names, on, rebuild, is_debug)
    outcome.run_id = outcome.run_id or result.run_id
    # what a run was to do stands in its config, however early it failed
    story = replace(read_story(result.all_events, result.success), planned=slices_of(names))
    if story.failure and (halves := halves_of(names)):
        stories = [one for half in halves for one in _run(workspace, half, on, rebuild, is_debug, outcome)]
        return [merged([one for one in stories if not one.failure]), *(one for one in stories if one.failure)]
    outcome.warnings.extend(story.warnings)
    if story.failure:
        outcome.problems.append(f"{', '.join(names)}: {story.failure}")
        return [story]
    outcome.problems.extend(story.problems)
    outcome.published.extend(name for name in names if name.rpartition("/")[0] not in story.withheld)
    outcome.problems.extend(
        f"clients/{client_id}.yaml: not published, readers keep the state before: {reason}"
        for client_id, reason in sorted(story.withheld.items())
    )
    return [story]


def _execute(
    workspace: Workspace, names: list[str], on: date | None, rebuild: bool, is_debug: bool
) -> dg.ExecuteInProcessResult:
    import dagster as dg

    from pipelines.assets.dbt import static_keys
    from pipelines.assets.writer import keep_pool
    from pipelines.dbt_runs import parsed_project
    from pipelines.definitions import defs
    from pipelines.event_storage import held_open
    from pipelines.jobs import REBUILD, REFRESH
    from pipelines.runs import PROCESS_TAG, process_tag

    config = {"refreshes": names, "rebuild": rebuild}
    if on is not None:
        config["on"] = on.isoformat()
    job = defs.resolve_job_def(REBUILD if rebuild else REFRESH)
    unchanged = static_keys() if is_static_built(workspace, parsed_project().digest) else set()
    with dg.DagsterInstance.get() as instance, held_open(instance):
        keep_pool(instance)
        return job.execute_in_process(
            instance=instance,
            asset_selection=sorted(set(job.asset_layer.executable_asset_keys) - unchanged) if unchanged else None,
            run_config={
                "ops": {"landed_exports": {"config": config}},
                "loggers": {"console": {"config": {"log_level": "INFO" if is_debug else "CRITICAL"}}},
            },
            raise_on_error=is_debug,
            tags={
                "linkgap/clients": str(len({client_id for client_id, _ in slices_of(names)})),
                PROCESS_TAG: process_tag(),
            },
        )


def _refused_files(workspace: Workspace, plan: Plan) -> list[str]:
    lines: list[str] = []
    for client_id in sorted({manifest.client_id for manifest in plan.refreshes}):
        days = {manifest.refreshed_on for manifest in plan.refreshes if manifest.client_id == client_id}
        for day, manifest in read_manifests(workspace, client_id).items():
            lines.extend(
                f"{delivery.path}: refused: {delivery.facts['reason']}"
                for delivery in manifest.deliveries
                if day in days and delivery.facts.get("outcome") == "refused"
            )
    return lines


def dagster_command(workspace: Workspace, port: int) -> list[str]:
    """The command that starts the Dagster UI with its daemon on a workspace."""
    return ["dagster", "dev", "-w", str(CHECKOUT / "workspace.yaml"), "-p", str(port)]
