"""From a plan to the tables dbt reads: intake, gate, manifests, ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import duckdb

from data_quality import exports as gate
from pipelines.exports.formats import format_named
from pipelines.exports.store import land_file
from pipelines.exports.values import day_sql
from pipelines.intake import TakenFile, parquet_of, refuse, take_in
from pipelines.ledger import needed_files, write_ledger
from pipelines.planning import Plan
from pipelines.ubiquity import settle_ubiquity
from warehouse.archive import Manifest, archived_file, write_manifest
from warehouse.connections import connect
from warehouse.history import forget_built
from warehouse.layout import Workspace


@dataclass
class GateReport:
    """What became of the files of one format ('' for files of no known one)."""

    format_name: str
    rows: int = 0
    files_by_outcome: dict[str, int] = field(default_factory=dict)
    files_checked: int = 0
    expectations: int = 0
    findings: list[str] = field(default_factory=list)


def prepare_inputs(workspace: Workspace, plan: Plan) -> list[GateReport]:
    """Take in the files of a plan, let the gate judge them, archive the manifests and write the ledger.

    Returns:
        One report per format that occurred.
    """
    with connect(None, workspace) as connection:
        taken = [file for manifest in plan.refreshes for file in take_in(connection, workspace, manifest)]
        reports = {name: GateReport(name) for name in {_format_name(file) for file in taken}}
        taken = _pass_gate(connection, workspace, taken, reports)
        manifests = [_with_facts(manifest, taken) for manifest in plan.refreshes]
        # files of earlier refreshes land again only where their Parquet or their format's entry is gone
        landed = [
            land_file(
                connection, workspace, archived_file(workspace, delivery.file_id), delivery.file_id, delivery.member
            )
            for delivery in needed_files(manifests, plan.history)
        ]
    for file in taken:
        report = reports[_format_name(file)]
        outcome = file.delivery.facts["outcome"]
        report.files_by_outcome[outcome] = report.files_by_outcome.get(outcome, 0) + 1
        if outcome == "accepted":
            report.rows += file.delivery.facts["rows_read"]
    with connect(workspace.working_database, workspace) as connection:
        manifests = settle_ubiquity(connection, workspace, manifests, plan.history)
    for manifest in manifests:
        write_manifest(workspace, manifest)
    forget_built(workspace, manifests)
    with connect(workspace.working_database, workspace) as connection:
        write_ledger(connection, workspace, manifests, plan.history, plan.clients, landed)
    return list(reports.values())


def _format_name(file: TakenFile) -> str:
    return file.landed.format_name if file.landed else ""


def _pass_gate(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    taken: list[TakenFile],
    reports: dict[str, GateReport],
) -> list[TakenFile]:
    """Refuse the files that fail a critical expectation of their kind."""
    refused: dict[str, str] = {}
    for name in sorted({_format_name(file) for file in taken if file.is_accepted}):
        entry = format_named(name)
        accepted = [file for file in taken if file.is_accepted and _format_name(file) == name]
        with_rows = sorted({parquet_of(workspace, file) for file in accepted if file.delivery.facts["rows_read"]})
        if not with_rows:
            continue
        types = {field_name: column.type for field_name, column in entry.columns.items()}
        days = {
            field_name: day_sql(f'"{field_name}"', entry.date_order)
            for field_name, field_type in types.items()
            if field_type == "date"
        }
        frame = gate.profile(connection, types, days, with_rows)
        result = gate.validate_profile(f"{entry.provider} {entry.export_kind}", types, frame)
        reports[name].files_checked = len(frame)
        reports[name].expectations = result.expectations
        for finding in result.critical:
            paths = [file.delivery.path for file in accepted if file.delivery.file_id == finding.row]
            reason = refused.setdefault(str(finding.row), f"{finding.expectation.advice} ({finding.value:.0f} %)")
            reports[name].findings.extend(f"{path}: {reason}" for path in paths)
    return [
        refuse(file, refused[file.delivery.file_id]) if file.is_accepted and file.delivery.file_id in refused else file
        for file in taken
    ]


def _with_facts(manifest: Manifest, taken: Iterable[TakenFile]) -> Manifest:
    mine = [
        file.delivery
        for file in taken
        if (file.client_id, file.refreshed_on) == (manifest.client_id, manifest.refreshed_on)
    ]
    return replace(manifest, deliveries=tuple(mine))
