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
from pipelines.ledger import client_facts
from pipelines.planning import Plan
from pipelines.run_story import read_story
from warehouse.archive import read_manifests
from warehouse.connections import writing
from warehouse.layout import CHECKOUT, Workspace
from warehouse.publication import follow_client_files, unusable_decisions

if TYPE_CHECKING:
    import dagster as dg

DAGSTER_SETTINGS = """\
# Written by linkgap. Nothing is sent anywhere.
telemetry:
  enabled: false
nux:
  enabled: false
"""


@dataclass
class RefreshOutcome:
    """What a call of `linkgap refresh` did.

    Attributes:
        run_id: Of the Dagster run; None where there was nothing to do.
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
    workspace.dagster_home.mkdir(parents=True, exist_ok=True)
    settings = workspace.dagster_home / "dagster.yaml"
    if not settings.exists():
        settings.write_text(DAGSTER_SETTINGS, encoding="utf-8")
    os.environ["LINKGAP_HOME"] = str(workspace.home)
    os.environ["LINKGAP_INBOX"] = workspace.inbox_source or ""
    os.environ["DAGSTER_HOME"] = str(workspace.dagster_home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    os.environ.setdefault("PYTHONWARNINGS", "ignore")


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
        outcome.warnings.extend(notices.tell_of_clients(workspace).warnings)
        return outcome
    prepare_environment(workspace)
    expectations.prepare()
    if not is_debug:
        logging.disable(logging.CRITICAL)
    try:
        result = _execute(plan, on, rebuild, is_debug)
    finally:
        logging.disable(logging.NOTSET)
    outcome.run_id = result.run_id
    story = read_story(result.all_events, result.success)
    withheld = story.withheld
    outcome.warnings = list(story.warnings)
    if story.failure is None:
        slices = [(manifest.client_id, manifest.refreshed_on) for manifest in plan.refreshes]
        outcome.warnings.extend(
            f"{path}:{row_number + 1}: not used: {problem}"
            for path, row_number, problem in unusable_decisions(workspace, slices)
        )
        outcome.published = [name for name in plan.names if name.rsplit("/", 1)[0] not in withheld]
    else:
        outcome.problems.append(story.failure)
    outcome.problems.extend(
        f"{workspace.relative(workspace.clients / f'{client_id}.yaml')}: not published, readers keep the state before: "
        f"{advice}"
        for client_id, advice in sorted(withheld.items())
    )
    outcome.problems.extend(_refused_files(workspace, plan))
    # what the run was to do stands in the plan, however early it failed
    planned = [(manifest.client_id, manifest.refreshed_on) for manifest in plan.refreshes]
    told = notices.tell_of_run(workspace, replace(story, planned=planned), is_rebuild=rebuild)
    outcome.warnings.extend([*told.warnings, *notices.tell_of_clients(workspace).warnings])
    return outcome


def _execute(plan: Plan, on: date | None, rebuild: bool, is_debug: bool) -> dg.ExecuteInProcessResult:
    import dagster as dg

    from pipelines.definitions import defs

    config = {"refreshes": plan.names, "rebuild": rebuild}
    if on is not None:
        config["on"] = on.isoformat()
    with dg.DagsterInstance.get() as instance:
        return defs.resolve_job_def("refresh").execute_in_process(
            instance=instance,
            run_config={
                "ops": {"landed_exports": {"config": config}},
                "loggers": {"console": {"config": {"log_level": "INFO" if is_debug else "CRITICAL"}}},
            },
            raise_on_error=is_debug,
            tags={"linkgap/clients": str(len({manifest.client_id for manifest in plan.refreshes}))},
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
