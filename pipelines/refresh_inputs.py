"""From a plan to the tables dbt reads: intake, gate, manifests, ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import duckdb

from data_quality import exports as gate
from data_quality.expectations import Question, SuiteResult, validate
from pipelines.exports.formats import ExportFormat, format_named
from pipelines.exports.store import LandedExport, land_file
from pipelines.exports.values import day_sql
from pipelines.intake import TakenFile, parquet_of, refuse, take_in
from pipelines.ledger import needed_files, write_ledger
from pipelines.planning import Plan
from pipelines.progress import tell
from pipelines.ubiquity import settle_ubiquity
from warehouse.archive import Manifest, archived_file, write_manifest
from warehouse.connections import connect, may_pass
from warehouse.history import forget_built
from warehouse.layout import Workspace


@dataclass
class GateReport:
    """What became of the files of one format ('' for files of no known one).

    Attributes:
        format_name: Name of the format.
        rows: Rows of accepted files.
        files_by_outcome: Outcome → files.
        result: What the gate asked of its files and found; None where it had none to ask.
    """

    format_name: str
    rows: int = 0
    files_by_outcome: dict[str, int] = field(default_factory=dict)
    result: SuiteResult | None = None


@dataclass(frozen=True)
class PreparedInputs:
    """What dbt can now read, and what not.

    Attributes:
        client_ids: The clients of the run.
        reports: One per format that occurred.
        taken_out: Clients whose files or archive could not be read at all, with the reason: they are not in the run.
    """

    client_ids: frozenset[str]
    reports: list[GateReport]
    taken_out: dict[str, str]


def prepare_inputs(workspace: Workspace, plan: Plan) -> PreparedInputs:
    """Take in the files of a plan, let the gate judge them, archive the manifests and write the ledger.

    A file that is no export is refused; where something unforeseen happens, its client is taken out of the run, and the
    others go on.

    Raises:
        Exception: Whatever happened, where it may pass by itself, or where no client is left.
    """
    taken: list[TakenFile] = []
    taken_out: dict[str, Exception] = {}
    with connect(None, workspace) as connection:
        for number, manifest in enumerate(plan.refreshes):
            tell("reading the files of refreshes", number, len(plan.refreshes))
            with _taking_out(manifest.client_id, taken_out):
                taken.extend(take_in(connection, workspace, manifest))
        plan = _without(plan, taken_out)
        taken = [file for file in taken if file.client_id not in taken_out]
        reports = {name: GateReport(name) for name in {_format_name(file) for file in taken}}
        taken = _pass_gate(connection, workspace, taken, reports)
        manifests = [_with_facts(manifest, taken) for manifest in plan.refreshes]
        # files of earlier refreshes land again only where their Parquet or their format's entry is gone
        landed: list[LandedExport] = []
        for client_id in sorted({manifest.client_id for manifest in manifests}):
            past = [one for one in plan.history if one.client_id == client_id]
            with _taking_out(client_id, taken_out):
                for delivery in needed_files([one for one in manifests if one.client_id == client_id], past):
                    source = archived_file(workspace, delivery.file_id)
                    landed.append(land_file(connection, workspace, source, delivery.file_id, delivery.member))
    plan = _without(plan, taken_out)
    manifests = [one for one in manifests if one.client_id not in taken_out]
    taken = [file for file in taken if file.client_id not in taken_out]
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
    return PreparedInputs(
        frozenset(manifest.client_id for manifest in manifests),
        list(reports.values()),
        {client_id: f"{type(error).__name__}: {error}" for client_id, error in taken_out.items()},
    )


@contextmanager
def _taking_out(client_id: str, taken_out: dict[str, Exception]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if may_pass(error):
            raise
        taken_out.setdefault(client_id, error)


def _without(plan: Plan, taken_out: dict[str, Exception]) -> Plan:
    """The plan of the clients that are left.

    Raises:
        Exception: Why the last client was taken out.
    """
    left = replace(
        plan,
        refreshes=[one for one in plan.refreshes if one.client_id not in taken_out],
        history=[one for one in plan.history if one.client_id not in taken_out],
    )
    if plan.refreshes and not left.refreshes:
        raise next(iter(taken_out.values()))
    return left


def _format_name(file: TakenFile) -> str:
    return file.landed.format_name if file.landed else ""


def _pass_gate(
    connection: duckdb.DuckDBPyConnection,
    workspace: Workspace,
    taken: list[TakenFile],
    reports: dict[str, GateReport],
) -> list[TakenFile]:
    """Refuse the files that fail a critical expectation of their kind."""
    questions: dict[str, Question] = {}
    for name in sorted({_format_name(file) for file in taken if file.is_accepted}):
        accepted = [file for file in taken if file.is_accepted and _format_name(file) == name]
        questions[name] = _question(connection, workspace, format_named(name), accepted)
    refused: dict[str, str] = {}
    for name, result in zip(questions, validate(*questions.values()), strict=True):
        reports[name].result = result
        for finding in result.critical:
            file_id = str(result.question.profile[finding.row]["file_id"])
            refused.setdefault(file_id, f"{finding.expectation.advice} ({finding.value:.0f} %)")
    return [
        refuse(file, refused[file.delivery.file_id]) if file.is_accepted and file.delivery.file_id in refused else file
        for file in taken
    ]


def _question(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, entry: ExportFormat, accepted: list[TakenFile]
) -> Question:
    """What the gate asks of the accepted files of a format."""
    types = {name: column.type for name, column in entry.columns.items()}
    landed_format = gate.LandedFormat(
        name=f"{entry.provider} {(entry.report or entry.export_kind).replace('_', ' ')}",
        describes=entry.describes,
        field_types=types,
        readable_days={
            name: day_sql(f'"{name}"', entry.date_order) for name, field_type in types.items() if field_type == "date"
        },
        row_site_field=entry.row_site_field,
    )
    profiles = gate.profile(connection, landed_format, sorted({parquet_of(workspace, file) for file in accepted}))
    deliveries = [
        gate.ProfiledDelivery(
            file.client_id,
            file.refreshed_on,
            file.delivery.path,
            file.delivery.file_id,
            file.earliest_days,
            file.landed.fields if file.landed else (),
        )
        for file in accepted
    ]
    return gate.question(landed_format, profiles, deliveries)


def _with_facts(manifest: Manifest, taken: Iterable[TakenFile]) -> Manifest:
    mine = [
        file.delivery
        for file in taken
        if (file.client_id, file.refreshed_on) == (manifest.client_id, manifest.refreshed_on)
    ]
    return replace(manifest, deliveries=tuple(mine))
