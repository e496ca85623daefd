"""Runs the refresh job in this process, on the workspace's Dagster instance, and says what came of it."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from data_quality import expectations
from pipelines.clients import client_file_names
from pipelines.instance import write_instance_settings
from pipelines.ledger import client_facts
from pipelines.planning import Plan
from warehouse.archive import read_manifests
from warehouse.connections import writing
from warehouse.layout import CHECKOUT, Workspace
from warehouse.publication import follow_client_files, unusable_decisions

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
        return outcome
    prepare_environment(workspace)
    expectations.prepare()
    if not is_debug:
        logging.disable(logging.CRITICAL)
    try:
        _run(workspace, plan.names, on, rebuild, is_debug, outcome)
    finally:
        logging.disable(logging.NOTSET)
    slices = [(client_id, date.fromisoformat(day)) for client_id, day in map(_client_and_day, outcome.published)]
    if slices:
        outcome.warnings.extend(
            f"{path}:{row_number + 1}: not used: {problem}"
            for path, row_number, problem in unusable_decisions(workspace, slices)
        )
    outcome.problems.extend(_refused_files(workspace, plan))
    return outcome


def _client_and_day(name: str) -> tuple[str, str]:
    client_id, _, day = name.rpartition("/")
    return client_id, day


def _run(
    workspace: Workspace, names: list[str], on: date | None, rebuild: bool, is_debug: bool, outcome: RefreshOutcome
) -> None:
    """Run refreshes together; where the run fails, each half of its clients, until one that fails stands alone."""
    result = _execute(names, on, rebuild, is_debug)
    outcome.run_id = outcome.run_id or result.run_id
    if result.success:
        withheld = _clients_told_by(result, "publishable", "withheld")
        taken_out = _clients_told_by(result, "all_clients_taken_in", "taken_out")
        outcome.warnings.extend(_warnings(result))
        outcome.published.extend(
            name for name in names if _client_and_day(name)[0] not in withheld.keys() | taken_out.keys()
        )
        outcome.problems.extend(
            f"{workspace.relative(workspace.clients / f'{client_id}.yaml')}: not published, readers keep the state "
            f"before: {reason}"
            for client_id, reason in sorted((withheld | taken_out).items())
        )
        return
    halves = halves_of(names)
    if not halves:
        outcome.problems.append(f"{', '.join(names)}: {_explain_failure(result)}")
    for half in halves:
        _run(workspace, half, on, rebuild, is_debug, outcome)


def halves_of(names: list[str]) -> list[list[str]]:
    """The refreshes of a failed run in two parts, each client whole; nothing where it had one client."""
    clients = sorted({_client_and_day(name)[0] for name in names})
    if len(clients) < 2:
        return []
    first = set(clients[: len(clients) // 2])
    return [[name for name in names if (_client_and_day(name)[0] in first) == is_first] for is_first in (True, False)]


def _execute(names: list[str], on: date | None, rebuild: bool, is_debug: bool) -> dg.ExecuteInProcessResult:
    import dagster as dg

    from pipelines.assets.writer import keep_pool
    from pipelines.definitions import defs
    from pipelines.jobs import REBUILD, REFRESH
    from pipelines.runs import PROCESS_TAG, process_tag

    config = {"refreshes": names, "rebuild": rebuild}
    if on is not None:
        config["on"] = on.isoformat()
    with dg.DagsterInstance.get() as instance:
        keep_pool(instance)
        return defs.resolve_job_def(REBUILD if rebuild else REFRESH).execute_in_process(
            instance=instance,
            run_config={
                "ops": {"landed_exports": {"config": config}},
                "loggers": {"console": {"config": {"log_level": "INFO" if is_debug else "CRITICAL"}}},
            },
            raise_on_error=is_debug,
            tags={
                "linkgap/clients": str(len({_client_and_day(name)[0] for name in names})),
                PROCESS_TAG: process_tag(),
            },
        )


def _clients_told_by(result: dg.ExecuteInProcessResult, check: str, metadata: str) -> dict[str, str]:
    """Clients that a failed check names, with the reason."""
    for evaluation in result.get_asset_check_evaluations():
        if evaluation.check_name == check and not evaluation.passed:
            value = evaluation.metadata[metadata].value
            return dict(value) if isinstance(value, dict) else {}
    return {}


def _warnings(result: dg.ExecuteInProcessResult) -> list[str]:
    """What the gates found unusual, in the order in which they were asked."""
    lines: list[str] = []
    for evaluation in result.get_asset_check_evaluations():
        value = evaluation.metadata["warnings"].value if "warnings" in evaluation.metadata else None
        if isinstance(value, list):
            lines.extend(str(one) for one in value)
    return lines


def _explain_failure(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            reason = (error.message if error else "unknown").strip().split("\n")[0]
            return f"step {event.step_key} failed: {reason}; `linkgap refresh --debug` shows more"
    return "the run failed; `linkgap refresh --debug` shows more"


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
