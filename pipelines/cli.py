"""The linkgap command: reads arguments, calls the modules that do the work, prints what a person or machine needs.

Errors are one line each on standard error. Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from warehouse.layout import Workspace

if TYPE_CHECKING:
    from pipelines.refresh import RefreshOutcome

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Backlink-gap analysis, with its history.")

ClientArguments = Annotated[list[str] | None, typer.Argument(help="Clients; all of them where none is named.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show logs and tracebacks.")]

ALL_DONE, PARTLY_FAILED, NOT_STARTED = 0, 1, 2


def main() -> None:
    """Entry point: nothing but `--debug` shows a traceback."""
    try:
        app()
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        _complain(f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else 'no message'}")
        sys.exit(NOT_STARTED)


@app.command()
def init(
    folder: Annotated[Path | None, typer.Argument(help="Where; LINKGAP_HOME, else here.", metavar="DIR")] = None,
) -> None:
    """Make a new workspace with one commented client file."""
    from pipelines.new_workspace import create_workspace

    home = folder or Path(os.environ.get("LINKGAP_HOME") or ".")
    for path in create_workspace(Workspace(home.resolve())):
        print(path)


@app.command()
def inspect(files: Annotated[list[Path], typer.Argument(metavar="FILE…")], as_json: JsonOption = False) -> None:
    """Tell what each file is, without loading it."""
    from pipelines.inspection import inspect_file

    found = [one for path in files for one in inspect_file(path)]
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for one in found:
            _print_inspection(one)
    raise typer.Exit(PARTLY_FAILED if any(one["rows"] is None for one in found) else ALL_DONE)


@app.command()
def refresh(
    clients: ClientArguments = None,
    due: Annotated[bool, typer.Option("--due", help="Only clients whose window is open.")] = False,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Run this date again.")] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Compute and publish every refresh in the inbox that is new or whose files changed."""
    from pipelines.clients import read_client_files
    from pipelines.planning import plan_refreshes
    from pipelines.refresh import RefreshOutcome, run_refreshes
    from warehouse.connections import writing
    from warehouse.history import built_deliveries
    from warehouse.publication import published_deliveries

    workspace = _existing_workspace()
    wanted = _wanted_clients(workspace, clients or [], due)
    if wanted is None:
        _, errors = read_client_files(workspace.clients)
        _print_outcome(RefreshOutcome(problems=[str(error) for error in errors]), as_json)
        raise typer.Exit(PARTLY_FAILED if errors else ALL_DONE)
    day = on.date() if on else None
    with _progress("looking into the inbox"), writing(workspace):
        plan = plan_refreshes(
            workspace, published_deliveries(workspace), built_deliveries(workspace), client_ids=wanted, on=day
        )
    if day and not any(manifest.refreshed_on == day for manifest in plan.refreshes):
        for client_error in plan.client_errors:
            _complain(str(client_error))
        _complain(f"--on {day}: no client has files of this date in inbox/<client>/{day}/")
        raise typer.Exit(NOT_STARTED)
    with _progress(
        f"refreshing {', '.join(plan.names[:3])}{' …' if len(plan.names) > 3 else ''}" if plan.names else ""
    ):
        outcome = run_refreshes(workspace, plan, on=day, is_debug=debug)
    _print_outcome(outcome, as_json)
    raise typer.Exit(PARTLY_FAILED if outcome.problems else ALL_DONE)


@app.command()
def rebuild(as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Build the whole warehouse again from the archived exports and settings."""
    from pipelines.planning import plan_rebuild
    from pipelines.refresh import run_refreshes

    workspace = _existing_workspace()
    plan = plan_rebuild(workspace)
    with _progress(f"rebuilding {len(plan.names)} refreshes"):
        outcome = run_refreshes(workspace, plan, rebuild=True, is_debug=debug)
    _print_outcome(outcome, as_json)
    raise typer.Exit(PARTLY_FAILED if outcome.problems else ALL_DONE)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show each client: last refresh, next window, due or overdue, coverage, open gaps."""
    from pipelines.clients import read_client_files
    from pipelines.status import client_statuses

    workspace = _existing_workspace()
    clients, errors = read_client_files(workspace.clients)
    statuses = client_statuses(workspace, clients, date.today())
    if as_json:
        print(json.dumps(statuses, indent=2))
    else:
        _print_statuses(statuses)
    for error in errors:
        _complain(str(error))
    raise typer.Exit(PARTLY_FAILED if errors else ALL_DONE)


@app.command()
def report(clients: ClientArguments = None) -> None:
    """Write the report pages and name them."""
    from pipelines.report.pages import write_reports
    from warehouse.publication import published_deliveries

    workspace = _existing_workspace()
    published = sorted({client_id for client_id, _ in published_deliveries(workspace)})
    unknown = sorted(set(clients or []) - set(published))
    for client_id in unknown:
        _complain(f"{client_id}: nothing is published for this client; run `linkgap refresh {client_id}` first")
    for page in write_reports(workspace, [c for c in published if not clients or c in clients]):
        print(page)
    raise typer.Exit(PARTLY_FAILED if unknown else ALL_DONE)


@app.command()
def forget(
    client: Annotated[str, typer.Argument(metavar="CLIENT")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove every trace of a client, and list what was removed."""
    from pipelines.forgetting import Forgotten, UnknownClientError, check_is_known, forget_client
    from warehouse.archive import ArchiveError
    from warehouse.rewriting import DatabaseBusyError

    workspace = _existing_workspace()
    forgotten = Forgotten(client)
    problem = None
    try:
        with _progress(f"looking for {client}"):
            check_is_known(workspace, client)
        question = f"Remove {client}: client file, deliveries, archive, published history and reports, for good?"
        if not yes and _is_terminal() and not typer.confirm(question, err=True):
            _complain(f"{client}: nothing was removed")
            raise typer.Exit(NOT_STARTED)
        with _progress(f"forgetting {client}"):
            forget_client(workspace, forgotten)
    except (UnknownClientError, ArchiveError) as error:
        _complain(str(error))
        raise typer.Exit(NOT_STARTED) from error
    except (OSError, DatabaseBusyError) as error:
        if debug:
            raise
        problem = f"{error}; when that is mended, `linkgap forget {client}` removes the rest"
    if as_json:
        print(json.dumps(asdict(forgotten), indent=2, ensure_ascii=False))
    else:
        for removal in forgotten.removed:
            print(removal.line)
        for line in forgotten.kept:
            print(f"kept {line}")
    if problem:
        _complain(problem)
        raise typer.Exit(PARTLY_FAILED)


@app.command()
def backup(file: Annotated[Path, typer.Argument(metavar="FILE", help="A new .tar.gz file.")]) -> None:
    """Copy the workspace into one file, while nothing writes to it."""
    from warehouse.backup import BackupError, back_up

    workspace = _existing_workspace()
    try:
        with _progress(f"writing {file}"):
            summary = back_up(workspace, file)
    except BackupError as error:
        _complain(str(error))
        raise typer.Exit(NOT_STARTED) from error
    print(f"{file}: {summary.files:,} files, {summary.bytes / 1e6:,.1f} MB before compression")
    for line in summary.left_out:
        _complain(f"warning: {line}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `linkgap backup` wrote.")],
    folder: Annotated[Path | None, typer.Argument(help="Where; LINKGAP_HOME, else here.", metavar="DIR")] = None,
) -> None:
    """Make a workspace from a backup, in a folder that holds none."""
    from warehouse.backup import BackupError
    from warehouse.backup import restore as restore_workspace

    workspace = Workspace((folder or Path(os.environ.get("LINKGAP_HOME") or ".")).resolve())
    try:
        with _progress(f"restoring {workspace.home}"):
            summary = restore_workspace(file, workspace)
    except BackupError as error:
        _complain(str(error))
        raise typer.Exit(NOT_STARTED) from error
    print(f"{workspace.home}: {summary.files:,} files, {summary.bytes / 1e6:,.1f} MB")


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000) -> None:
    """Start the Dagster UI with its daemon, on this workspace."""
    from pipelines.refresh import dagster_command, prepare_environment

    workspace = _existing_workspace()
    prepare_environment(workspace)
    command = dagster_command(workspace, port)
    command[0] = str(Path(sys.executable).parent / command[0])
    raise typer.Exit(subprocess.call(command))


def _existing_workspace() -> Workspace:
    workspace = Workspace.from_environment()
    if not workspace.clients.is_dir():
        _complain(f"{workspace.home}: no workspace, it has no folder clients/; run `linkgap init` or set LINKGAP_HOME")
        raise typer.Exit(NOT_STARTED)
    return workspace


def _wanted_clients(workspace: Workspace, named: list[str], due_only: bool) -> list[str] | None:
    """The clients to look at; an empty list for all; None for nobody."""
    from pipelines.clients import client_file_names, read_client_files
    from pipelines.status import client_statuses

    clients, _ = read_client_files(workspace.clients)
    known = client_file_names(workspace.clients)
    unknown = [client_id for client_id in named if client_id not in known]
    for client_id in unknown:
        _complain(f"{client_id}: no client file {workspace.relative(workspace.clients)}/{client_id}.yaml")
    if unknown:
        raise typer.Exit(NOT_STARTED)
    if not due_only:
        return named
    due = [one["client_id"] for one in client_statuses(workspace, clients, date.today()) if one["state"] != "waiting"]
    chosen = [client_id for client_id in due if not named or client_id in named]
    return chosen or None


def _print_outcome(outcome: RefreshOutcome, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(outcome), indent=2))
    else:
        for name in outcome.published:
            print(f"published {name}")
        if not outcome.published and not outcome.problems:
            print("nothing to do: every refresh in the inbox is published")
    for warning in outcome.warnings:
        _complain(f"warning: {warning}")
    for problem in outcome.problems:
        _complain(problem)


def _print_inspection(found: dict[str, Any]) -> None:
    if found["provider"] is None:
        print(f"{found['path']}: no export")
    else:
        sites = found["site"] or ", ".join(found["sites"]) or "not told by the file name"
        report = "" if found["report"] == found["export_kind"] else f" ({found['report']})"
        total = f" of {found['provider_total']}" if found["provider_total"] else ""
        scope = f", scope {found['scope']}" if found["scope"] else ""
        print(
            f"{found['path']}: {found['provider']} {found['export_kind']}{report}, vintage {found['vintage']}, "
            f"{found['encoding']}, site {sites}{scope}, {found['rows']}{total} rows"
        )
    if found["ignored_headers"]:
        print(f"  not used: {', '.join(found['ignored_headers'])}")
    for problem in found["problems"]:
        _complain(f"{found['path']}: {problem}")


def _print_statuses(statuses: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("client", "last refresh", "next window", "state", "open gaps", "truncated", "stale"):
        table.add_column(title, justify="right" if title in ("open gaps", "truncated", "stale") else "left")
    for one in statuses:
        table.add_row(
            one["client_id"],
            one["last_refreshed_on"] or "–",
            one["next_window_on"] or "–",
            one["state"],
            "–" if one["open_gaps"] is None else f"{one['open_gaps']:,}",
            str(one["truncated"]),
            str(one["stale"]),
        )
    Console().print(table)


def _is_terminal() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin.isatty()


def _progress(text: str) -> Any:
    """A spinner on a terminal, nothing elsewhere."""
    if not (text and sys.stderr.isatty()):
        return nullcontext()
    return Console(stderr=True).status(text)


def _complain(message: str) -> None:
    """One line on standard error."""
    print(f"linkgap: {' '.join(message.split())}", file=sys.stderr)


if __name__ == "__main__":
    main()
