"""Asset group "exports": files of the inbox, archived, landed and through the gate."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import dagster as dg
from pydantic import Field

from data_quality.answers import answers_by_client
from pipelines.assets.checks import check_metadata
from pipelines.assets.client_partitions import keep_partitions
from pipelines.assets.writer import POOL, WorkspaceWriter, retrying
from pipelines.clients import client_file_names
from pipelines.exports.formats import ExportFormat, catalogue
from pipelines.planning import Plan, plan_rebuild, plan_refreshes, restrict
from pipelines.refresh_inputs import prepare_inputs
from pipelines.run_story import slices_of
from warehouse.checks import begin_checks
from warehouse.history import built_deliveries
from warehouse.publication import published_deliveries

GATE = "sound_exports"
ALL_TAKEN_IN = "all_clients_taken_in"


class RefreshConfig(dg.Config):
    """What a run shall do.

    Attributes:
        refreshes: `client_id/YYYY-MM-DD` each; empty: every refresh of the inbox that has work.
        on: Date to run again with today's settings.
        rebuild: Compute everything that was ever archived again.
    """

    refreshes: list[str] = Field(default_factory=list)
    on: str | None = None
    rebuild: bool = False


def _specs() -> list[dg.AssetSpec]:
    landed = [
        dg.AssetSpec(
            ["landed", provider],
            group_name="exports",
            kinds={"python", "parquet", provider},
            owners=["team:data"],
            description=f"One row per data row of a delivered {provider} file, with file_id and row_number, in a table "
            f"for each report: {', '.join(entry.report or entry.export_kind for entry in entries)}.",
        )
        for provider, entries in _formats_by_provider().items()
    ]
    ledger = dg.AssetSpec(
        ["ledger", "export_files"],
        group_name="exports",
        kinds={"python", "duckdb"},
        owners=["team:data"],
        description="One row per client, refresh and delivered file: what it is, which site it speaks of, its outcome.",
    )
    return [*landed, ledger]


def _check_specs() -> list[dg.AssetCheckSpec]:
    taken_in = dg.AssetCheckSpec(
        ALL_TAKEN_IN,
        asset=["ledger", "export_files"],
        description="The files of every client could be read; a client where something unforeseen happens is taken "
        "out of the run, and the others go on.",
    )
    gates = [
        dg.AssetCheckSpec(
            GATE,
            asset=["landed", provider],
            description="Great Expectations over a profile of each file: a file that cannot be read as what it says is "
            "refused, no other; what is old, empty or repeated warns.",
        )
        for provider in _formats_by_provider()
    ]
    return [taken_in, *gates]


def _formats_by_provider() -> dict[str, list[ExportFormat]]:
    formats: dict[str, list[ExportFormat]] = {}
    for entry in catalogue():
        formats.setdefault(entry.provider, []).append(entry)
    return formats


@dg.multi_asset(name="landed_exports", specs=_specs(), check_specs=_check_specs(), pool=POOL)
def landed_exports(
    context: dg.AssetExecutionContext, config: RefreshConfig, writer: WorkspaceWriter
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Archive, recognise, land, attribute and gate the files of the planned refreshes."""
    with retrying(context):
        plan = _plan(config, writer)
        context.log.info("refreshes of this run: %s", ", ".join(plan.names) or "none")
        inputs = prepare_inputs(writer.workspace, plan)
    keep_partitions(context.instance, client_file_names(writer.workspace.clients))
    for client_id, reason in inputs.taken_out.items():
        context.log.error("%s is taken out of the run: %s", client_id, reason)
    reports = {report.format_name: report for report in inputs.reports}
    results = [report.result for report in reports.values() if report.result]
    begin_checks(writer.workspace, inputs.client_ids, answers_by_client(results))
    files_by_outcome: Counter[str] = Counter()
    for report in reports.values():
        files_by_outcome.update(report.files_by_outcome)
    for provider, entries in _formats_by_provider().items():
        mine = [reports[entry.name] for entry in entries if entry.name in reports]
        metadata = check_metadata([report.result for report in mine if report.result])
        yield dg.MaterializeResult(
            asset_key=["landed", provider],
            metadata={
                "dagster/row_count": sum(report.rows for report in mine),
                "rows": {report.format_name: report.rows for report in mine},
                "files": {report.format_name: report.files_by_outcome for report in mine},
            },
        )
        yield dg.AssetCheckResult(
            asset_key=["landed", provider],
            check_name=GATE,
            passed=not metadata["failed"],
            severity=dg.AssetCheckSeverity.WARN,
            metadata=metadata,
        )
    yield dg.MaterializeResult(
        asset_key=["ledger", "export_files"],
        metadata={
            "refreshes": [name for name in plan.names if name.rsplit("/", 1)[0] in inputs.client_ids],
            "files": dict(files_by_outcome),
            "dagster/row_count": sum(files_by_outcome.values()),
        },
    )
    yield dg.AssetCheckResult(
        asset_key=["ledger", "export_files"],
        check_name=ALL_TAKEN_IN,
        passed=not inputs.taken_out,
        metadata={"taken_out": inputs.taken_out},
    )


def _plan(config: RefreshConfig, writer: WorkspaceWriter) -> Plan:
    slices = slices_of(config.refreshes)
    client_ids = {client_id for client_id, _ in slices}
    if config.rebuild:
        plan = plan_rebuild(writer.workspace)
        return replace(plan, refreshes=[one for one in plan.refreshes if not slices or one.client_id in client_ids])
    published = published_deliveries(writer.workspace)
    built = built_deliveries(writer.workspace)
    plan = plan_refreshes(
        writer.workspace,
        published,
        built,
        client_ids=sorted(client_ids),
        on=date.fromisoformat(config.on) if config.on else None,
    )
    return restrict(plan, set(slices)) if slices else plan
