"""Asset group "published": audit, publish, report."""

import json
from collections.abc import Iterator
from datetime import date

import dagster as dg
import pandas as pd

from data_quality import publication as gate
from pipelines.assets.dbt import failing_tests, parsed_project
from pipelines.assets.writer import WorkspaceWriter
from pipelines.clients import client_file_names, read_client_files
from pipelines.ledger import client_facts
from warehouse.archive import mark_published, read_manifests
from warehouse.connections import connect
from warehouse.history import remember_built
from warehouse.layout import Workspace
from warehouse.publication import publish, published_deliveries, published_refreshes

CLIENT_PARTITIONS = dg.DynamicPartitionsDefinition(name="clients")
PUBLISHED = dg.AssetKey(["published", "linkgap"])

client_refreshes = dg.AssetSpec(
    ["published", "client_refreshes"],
    group_name="published",
    kinds={"duckdb"},
    owners=["team:data"],
    partitions_def=CLIENT_PARTITIONS,
    deps=[PUBLISHED],
    description="One partition per client, materialised by every run that publishes a refresh of it.",
)


def build_published(marts: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The published file as an asset that depends on all marts."""

    @dg.asset(
        key=PUBLISHED,
        deps=marts,
        group_name="published",
        kinds={"duckdb"},
        owners=["team:data"],
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
                description="Great Expectations: volume, files and shares are as usual; only warns.",
            ),
        ],
    )
    def published(context: dg.AssetExecutionContext, writer: WorkspaceWriter) -> Iterator[dg.MaterializeResult]:
        workspace = writer.workspace
        slices = remember_built(workspace)
        earlier = pd.DataFrame(published_refreshes(workspace), columns=["client_id", "refreshed_on", "rows_read"])
        with connect(workspace.working_database, workspace, read_only=True) as connection:
            frame = gate.profile(connection, failing_tests(workspace), earlier)
        result = gate.validate_profile(frame)
        withheld = {str(frame.loc[finding.row, "client_id"]): finding.expectation.advice for finding in result.critical}
        for client_id, advice in withheld.items():
            context.log.error("%s is not published: %s", client_id, advice)
        to_publish = [one for one in slices if one[0] not in withheld]
        clients, _ = read_client_files(workspace.clients)
        rows = publish(
            workspace,
            to_publish,
            client_file_names(workspace.clients),
            [client_facts(settings) for settings in clients.values()],
            _comments(),
        )
        _log_clients(context, workspace, to_publish)
        warnings = [
            f"{frame.loc[one.row, 'client_id']} {frame.loc[one.row, 'refreshed_on']:%Y-%m-%d}: "
            f"{one.expectation.advice} ({one.value:g})"
            for one in result.findings
            if not one.expectation.is_critical
        ]
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
                    metadata={"refreshes": result.rows, "expectations": result.expectations, "withheld": withheld},
                ),
                dg.AssetCheckResult(
                    check_name="plausible",
                    passed=not warnings,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"refreshes": result.rows, "warnings": warnings},
                ),
            ],
        )

    return published


def _log_clients(context: dg.AssetExecutionContext, workspace: Workspace, slices: list[tuple[str, date]]) -> None:
    """Settle the archive of each published refresh and show its client as materialised."""
    by_client: dict[str, list[date]] = {}
    for client_id, refreshed_on in slices:
        by_client.setdefault(client_id, []).append(refreshed_on)
    context.instance.add_dynamic_partitions("clients", sorted(by_client))
    for client_id, days in sorted(by_client.items()):
        manifests = read_manifests(workspace, client_id)
        for day in days:
            mark_published(workspace, manifests[day])
        context.log_event(
            dg.AssetMaterialization(
                asset_key=client_refreshes.key,
                partition=client_id,
                metadata={
                    "refreshes": [str(day) for day in sorted(days)],
                    "report": dg.MetadataValue.path(str(workspace.reports / f"{client_id}.html")),
                },
            )
        )


def _comments() -> dict[str, dict[str, str]]:
    """Table and column descriptions of the marts, from dbt's manifest."""
    manifest = json.loads(parsed_project().manifest.read_text(encoding="utf-8"))
    comments: dict[str, dict[str, str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] == "marts":
            columns = {name: column["description"].strip() for name, column in node["columns"].items()}
            texts = {"": node["description"].strip(), **columns}
            comments[node["name"]] = {name: text for name, text in texts.items() if text}
    return comments


@dg.asset(
    key=["published", "reports"],
    deps=[PUBLISHED],
    group_name="published",
    kinds={"html"},
    owners=["team:data"],
    description="One self-contained HTML page per client of the run, and an index of all clients.",
)
def reports(context: dg.AssetExecutionContext, writer: WorkspaceWriter) -> dg.MaterializeResult:
    """Write the pages of the clients that the run published."""
    from pipelines.report.pages import write_reports

    workspace = writer.workspace
    with connect(workspace.working_database, workspace, read_only=True) as connection:
        clients = connection.execute("select distinct client_id from ledger.refreshes where is_in_run").fetchall()
    published = {client_id for client_id, _ in published_deliveries(workspace)}
    pages = write_reports(workspace, sorted(client_id for (client_id,) in clients if client_id in published))
    return dg.MaterializeResult(metadata={"pages": [str(page) for page in pages], "dagster/row_count": len(pages)})
