"""Asset group "published": audit, publish, report."""

import os
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from data_quality import publication as gate
from data_quality.answers import answers_by_client
from data_quality.expectations import SuiteResult, validate
from pipelines.assets.checks import check_metadata
from pipelines.assets.client_partitions import PUBLISHED, client_refreshes
from pipelines.assets.writer import POOL, WorkspaceWriter, retrying
from pipelines.clients import RefreshWindow, client_file_names, read_client_files
from pipelines.dbt_runs import parsed_project
from pipelines.ledger import client_facts
from pipelines.progress import tell
from pipelines.run_story import COPY_IS_UP_TO_DATE
from warehouse.archive import mark_published, read_manifests
from warehouse.checks import add_checks
from warehouse.connections import connect
from warehouse.history import remember_built
from warehouse.layout import Workspace
from warehouse.postgresql import PUBLISH_TO, TargetError, configured_target, publish_to_postgresql
from warehouse.publication import (
    publish,
    published_deliveries,
    published_facts,
    published_refreshes,
    published_rejections,
)


def build_published(tables: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The published file as an asset that depends on every table that it holds."""

    @dg.asset(
        key=PUBLISHED,
        deps=tables,
        group_name="published",
        kinds={"duckdb"},
        owners=["team:data"],
        pool=POOL,
        freshness_policy=dg.FreshnessPolicy.time_window(
            fail_window=timedelta(days=RefreshWindow().latest_days),
            warn_window=timedelta(days=RefreshWindow().every_days),
        ),
        description="One DuckDB file for all clients and one for each, which BI tools open at any time.",
        check_specs=[
            dg.AssetCheckSpec(
                "publishable",
                asset=PUBLISHED,
                description="Great Expectations: the contract's laws hold; a client that breaks one stays unpublished.",
            ),
            dg.AssetCheckSpec(
                "plausible",
                asset=PUBLISHED,
                description="Great Expectations: volume, files and ranges are as they should be; only warns.",
            ),
            dg.AssetCheckSpec(
                "usual_rejections",
                asset=PUBLISHED,
                description="Great Expectations: every reason sets aside about the share of rows that it usually does, "
                "against the client's earlier refreshes; only warns.",
            ),
        ],
    )
    def published(context: dg.AssetExecutionContext, writer: WorkspaceWriter) -> Iterator[dg.MaterializeResult]:
        workspace = writer.workspace
        tell("auditing and publishing")
        with retrying(context):
            slices = remember_built(workspace)
            published_tables, rejections = _ask(workspace, slices)
        withheld = {
            finding.client_id: f"{finding.expectation.advice}: {finding.detail}"
            for finding in published_tables.critical
        }
        for client_id, advice in withheld.items():
            context.log.error("%s is not published: %s", client_id, advice)
        to_publish = [one for one in slices if one[0] not in withheld]
        clients, _ = read_client_files(workspace.clients)
        with retrying(context):
            rows = publish(
                workspace,
                to_publish,
                client_file_names(workspace.clients),
                [client_facts(settings) for settings in clients.values()],
            )
        _settle_archives(workspace, to_publish)
        _show_clients(context, workspace, to_publish, withheld)
        yield dg.MaterializeResult(
            asset_key=PUBLISHED,
            metadata={
                "refreshes": len(to_publish),
                "withheld_clients": withheld,
                "rows": rows.rows_by_table,
                "dagster/row_count": sum(rows.rows_by_table.values()),
                "file": dg.MetadataValue.path(str(workspace.published_database)),
            },
            check_results=[
                dg.AssetCheckResult(
                    check_name="publishable",
                    passed=not withheld,
                    metadata={
                        "rows": published_tables.rows,
                        "failed": len(published_tables.critical),
                        "findings": [finding.line for finding in published_tables.critical],
                        "withheld": withheld,
                    },
                ),
                dg.AssetCheckResult(
                    check_name="plausible",
                    passed=not published_tables.warnings,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata=check_metadata([published_tables]),
                ),
                dg.AssetCheckResult(
                    check_name="usual_rejections",
                    passed=not rejections.findings,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata=check_metadata([rejections]),
                ),
            ],
        )

    return published


def _ask(workspace: Workspace, slices: list[tuple[str, date]]) -> tuple[SuiteResult, SuiteResult]:
    """Hold what is about to be published against the laws, and against what is published."""
    earlier = published_refreshes(workspace)
    set_aside = published_rejections(workspace, {client_id for client_id, _ in slices})
    with connect(workspace.working_database, workspace, read_only=True) as connection:
        questions = (
            gate.question(connection, earlier),
            gate.rejections_question(connection, set_aside),
        )
    published_tables, rejections = validate(*questions)
    add_checks(workspace, answers_by_client([published_tables, rejections]))
    return published_tables, rejections


def _settle_archives(workspace: Workspace, slices: list[tuple[str, date]]) -> None:
    """The settings of a published refresh stay as they are from now on."""
    for client_id, days in _days_by_client(slices).items():
        manifests = read_manifests(workspace, client_id)
        for day in days:
            mark_published(workspace, manifests[day])


def _show_clients(
    context: dg.AssetExecutionContext, workspace: Workspace, slices: list[tuple[str, date]], withheld: dict[str, str]
) -> None:
    """Show each client of the run in its partition: materialised, or observed with the reason why it was not."""
    days = _days_by_client(slices)
    facts = published_facts(workspace, days)
    for client_id in sorted(days):
        open_gaps, next_window_on = facts[client_id]
        context.log_event(
            dg.AssetMaterialization(
                asset_key=client_refreshes.key,
                partition=client_id,
                metadata={
                    "refreshes": [str(day) for day in sorted(days[client_id])],
                    "open_gaps": open_gaps,
                    "next_window_on": str(next_window_on),
                    "report": report_link(workspace, f"{client_id}.html"),
                },
            )
        )
    for client_id, advice in sorted(withheld.items()):
        context.log_event(
            dg.AssetObservation(asset_key=client_refreshes.key, partition=client_id, metadata={"not_published": advice})
        )


def _days_by_client(slices: list[tuple[str, date]]) -> dict[str, list[date]]:
    by_client: dict[str, list[date]] = {}
    for client_id, refreshed_on in slices:
        by_client.setdefault(client_id, []).append(refreshed_on)
    return by_client


def report_link(workspace: Workspace, page: str) -> dg.MetadataValue:
    """A page of the report: its address where `LINKGAP_REPORTS_URL` says where pages are served, else its path."""
    address = os.environ.get("LINKGAP_REPORTS_URL")
    if address:
        return dg.MetadataValue.url(f"{address.rstrip('/')}/{page}")
    return dg.MetadataValue.path(str(workspace.reports / page))


def build_dashboards() -> list[dg.AssetSpec]:
    """The dashboards that dbt's exposures name, at the end of the lineage; they are started by people, not by runs."""
    return [
        dg.AssetSpec(
            ["published", exposure["name"]],
            deps=[PUBLISHED],
            group_name="published",
            kinds={"superset"},
            owners=["team:data"],
            description=exposure["description"],
            metadata={"reads": sorted(node.split(".")[-1] for node in exposure["depends_on"]["nodes"])},
        )
        for exposure in parsed_project().manifest["exposures"].values()
        if exposure["type"] == "dashboard"
    ]


@dg.asset(
    key=["published", "postgresql"],
    pool=POOL,
    deps=[PUBLISHED],
    group_name="published",
    kinds={"postgres"},
    owners=["team:data"],
    output_required=False,
    description=f"The published tables in the database of {PUBLISH_TO}, where one is set; BI servers read them there.",
    check_specs=[
        dg.AssetCheckSpec(
            COPY_IS_UP_TO_DATE,
            asset=["published", "postgresql"],
            description=f"The database of {PUBLISH_TO} holds what is published. A failure leaves the state before "
            "there; the next publication makes up for it.",
        )
    ],
)
def postgresql_copy(writer: WorkspaceWriter) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Copy what changed to PostgreSQL; trouble there is told and fails no refresh."""
    try:
        target = configured_target()
        if target is None:
            yield dg.AssetCheckResult(passed=True, metadata={"database": f"none, {PUBLISH_TO} is not set"})
            return
        tell("publishing to PostgreSQL")
        copy = publish_to_postgresql(writer.workspace, target, tell)
    except TargetError as error:
        # the check tells why; a traceback would tell no more
        yield dg.AssetCheckResult(passed=False, metadata={"problem": str(error)})
        return
    rows = {table: change.rows_written for table, change in copy.changes.items()}
    yield dg.MaterializeResult(
        metadata={"database": copy.target, "rows": rows, "dagster/row_count": sum(rows.values())},
        check_results=[dg.AssetCheckResult(passed=True, metadata={"warnings": copy.warnings})],
    )


@dg.asset(
    key=["published", "reports"],
    pool=POOL,
    deps=[PUBLISHED],
    group_name="published",
    kinds={"html"},
    owners=["team:data"],
    description="A self-contained HTML page and hand-over files per client of the run, and an index of all clients.",
)
def reports(context: dg.AssetExecutionContext, writer: WorkspaceWriter) -> dg.MaterializeResult:
    """Write the pages and hand-over files of the clients that the run published."""
    from pipelines.report.pages import write_reports

    tell("writing reports")
    workspace = writer.workspace
    with connect(workspace.working_database, workspace, read_only=True) as connection:
        clients = connection.execute("select distinct client_id from ledger.refreshes where is_in_run").fetchall()
    published = {client_id for client_id, _ in published_deliveries(workspace)}
    written = write_reports(workspace, sorted(client_id for (client_id,) in clients if client_id in published))
    for line in (*written.notes, *written.problems):
        context.log.warning(line)
    return dg.MaterializeResult(
        metadata={
            "index": report_link(workspace, "index.html"),
            "pages": [str(page) for page in written.pages],
            "hand_over_files": [str(file) for file in written.files],
            "dagster/row_count": len(written.pages),
        }
    )
