"""The linkgap command: reads arguments, calls the modules that do the work, prints what a person or machine needs.

Errors are one line each on standard error. Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from warehouse.layout import Workspace
from warehouse.lazy_modules import load_later

if TYPE_CHECKING:
    from pipelines.refresh import RefreshOutcome

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Backlink-gap analysis, with its history.")


def _known_clients(incomplete: str) -> list[str]:
    """For shell completion."""
    from pipelines.clients import client_file_names

    names = client_file_names(Workspace.from_environment().clients)
    return sorted(name for name in names if name.startswith(incomplete))


ClientArguments = Annotated[
    list[str] | None,
    typer.Argument(help="Clients; all of them where none is named.", autocompletion=_known_clients),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show logs and tracebacks.")]


class Service(StrEnum):
    """What `linkgap serve` can become."""

    CODE = "code"
    DAEMON = "daemon"
    WEBSERVER = "webserver"


ALL_DONE, PARTLY_FAILED, NOT_STARTED = 0, 1, 2

UNUSED = ("daff", "alembic.ddl.mssql", "alembic.ddl.mysql", "alembic.ddl.oracle")
"""What dbt and Dagster import for unit tests and for databases that linkgap does not use."""


def main() -> None:
    """Entry point: nothing but `--debug` shows a traceback."""
    # a command lives for seconds, and what it imports stays: looking for garbage among millions of such objects takes a
    # fifth of a small refresh
    gc.set_threshold(200_000, 20, 20)
    load_later(*UNUSED)
    # the template engine of Dagster's migrations colours its error pages where it can
    sys.modules["mako.ext.pygmentplugin"] = None  # type: ignore[assignment]
    # taking every object apart at the end takes as long again; handlers of exit that imports add run before this one
    status = 0
    atexit.register(lambda: os._exit(status))
    try:
        app()
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        else:
            _complain(f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else 'no message'}")
        status = NOT_STARTED
    sys.stdout.flush()
    sys.stderr.flush()


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
    wanted = _named_clients(workspace, clients or [])
    day = on.date() if on else None
    if due:
        wanted = _due_clients(workspace, wanted, as_json)
        if not wanted:
            _, errors = read_client_files(workspace.clients)
            _print_outcome(RefreshOutcome(problems=[str(error) for error in errors]), as_json)
            raise typer.Exit(PARTLY_FAILED if errors else ALL_DONE)
    with _progress("looking into the inbox", as_json), writing(workspace):
        plan = plan_refreshes(
            workspace, published_deliveries(workspace), built_deliveries(workspace), client_ids=wanted, on=day
        )
    if day and not any(manifest.refreshed_on == day for manifest in plan.refreshes):
        for client_error in plan.client_errors:
            _complain(str(client_error))
        _complain(f"--on {day}: no client has files of this date in inbox/<client>/{day}/")
        raise typer.Exit(NOT_STARTED)
    names = f"{', '.join(plan.names[:3])}{' …' if len(plan.names) > 3 else ''}"
    with _progress(f"refreshing {names}" if plan.names else "", as_json):
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
    with _progress(f"rebuilding {len(plan.names)} refreshes", as_json):
        outcome = run_refreshes(workspace, plan, rebuild=True, is_debug=debug)
    _print_outcome(outcome, as_json)
    raise typer.Exit(PARTLY_FAILED if outcome.problems else ALL_DONE)


@app.command()
def publish(
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="URL",
            help="postgresql://user@host:5432/database; without it LINKGAP_PUBLISH_TO, which no process list shows.",
        ),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Copy the published tables into PostgreSQL, for BI servers: what changed since the last time."""
    from pipelines.progress import tell
    from warehouse.postgresql import PUBLISH_TO, Target, TargetError, configured_target, publish_to_postgresql

    workspace = _existing_workspace()
    try:
        target = Target.parse(to) if to else configured_target()
        if target is None:
            _complain(f"nothing says where to publish; name a database with --to URL or {PUBLISH_TO}")
            raise typer.Exit(NOT_STARTED)
        with _progress(f"publishing to {target.name}", as_json):
            tell(f"publishing to {target.name}")
            copy = publish_to_postgresql(workspace, target, tell)
    except TargetError as error:
        if debug:
            raise
        _complain(str(error))
        raise typer.Exit(NOT_STARTED) from error
    if as_json:
        print(json.dumps(asdict(copy), indent=2, ensure_ascii=False))
    else:
        for table, change in copy.changes.items():
            print(f"marts.{table}: {change.rows_written:,} rows written, {change.rows_removed:,} removed")
        print(f"{copy.target}: {len(copy.changes)} of {copy.tables} tables changed")
    for warning in copy.warnings:
        _complain(f"warning: {warning}")


@app.command()
def rollback(
    state: Annotated[
        str | None, typer.Argument(metavar="STATE", help="A state that is kept; without it they are listed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Publish a state that was published before once more; without STATE, list those that are kept."""
    from pipelines.rollback import describe, go_back, named, states_to_go_back_to
    from warehouse.kept_states import KEEP_STATES, UnknownStateError

    workspace = _existing_workspace()
    if state is None:
        states = states_to_go_back_to(workspace)
        if as_json:
            print(
                json.dumps([{"state": one.name, "changes": named(difference)} for one, difference in states], indent=2)
            )
        else:
            for one, difference in states:
                print(f"{one.name}  published {one.published_at:%Y-%m-%d %H:%M} UTC  {describe(difference)}")
            if not states:
                print(f"no earlier state is kept; {KEEP_STATES} says how many are")
        return
    try:
        done = go_back(workspace, state)
    except UnknownStateError as error:
        _complain(str(error))
        raise typer.Exit(NOT_STARTED) from error
    if as_json:
        print(json.dumps({"changes": named(done.difference), "problems": done.problems}, indent=2))
    else:
        print(f"published {state} again: {describe(done.difference)}")
        print("the next `linkgap refresh` computes again what is missing; stop schedules until the cause is mended")
    for problem in done.problems:
        _complain(problem)
    raise typer.Exit(PARTLY_FAILED if done.problems else ALL_DONE)


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
    """Write the report pages and hand-over files, and name them."""
    from pipelines.report.pages import write_reports
    from warehouse.publication import published_deliveries

    workspace = _existing_workspace()
    published = sorted({client_id for client_id, _ in published_deliveries(workspace)})
    unknown = sorted(set(clients or []) - set(published))
    for client_id in unknown:
        _complain(f"{client_id}: nothing is published for this client; run `linkgap refresh {client_id}` first")
    reports = write_reports(workspace, [c for c in published if not clients or c in clients])
    for path in (*reports.files, *reports.pages):
        print(path)
    for line in (*reports.notes, *reports.problems):
        _complain(line)
    raise typer.Exit(PARTLY_FAILED if unknown or reports.problems else ALL_DONE)


@app.command()
def notify(
    is_test: Annotated[bool, typer.Option("--test", help="Send a test message to every target.")] = False,
) -> None:
    """Tell now which clients are overdue, where that was not told; or try the targets out."""
    from pipelines.notice_targets import are_configured
    from pipelines.notices import send_test, tell_of_clients

    workspace = _existing_workspace()
    if not are_configured(workspace):
        _complain("no notices are configured; set LINKGAP_NOTIFY or write notify.yaml, see docs/notices.md")
        raise typer.Exit(NOT_STARTED)
    told = send_test(workspace) if is_test else tell_of_clients(workspace)
    for title in told.titles:
        print(title)
    if not told.titles and not told.warnings:
        print("nothing to tell: no client is newly overdue")
    for warning in told.warnings:
        _complain(warning)
    raise typer.Exit(PARTLY_FAILED if told.warnings else ALL_DONE)


@app.command()
def forget(
    client: Annotated[str, typer.Argument(metavar="CLIENT")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Remove every trace of a client, and list what was removed."""
    from pipelines.forgetting import Forgotten, UnknownClientError, check_is_known, forget_client
    from warehouse.archive import DamagedArchiveError
    from warehouse.postgresql import TargetError
    from warehouse.rewriting import DatabaseBusyError

    workspace = _existing_workspace()
    forgotten = Forgotten(client)
    problem = None
    try:
        with _progress(f"looking for {client}", as_json):
            check_is_known(workspace, client)
        question = f"Remove {client}: client file, deliveries, archive, published history and reports, for good?"
        if not yes and _is_terminal() and not typer.confirm(question, err=True):
            _complain(f"{client}: nothing was removed")
            raise typer.Exit(NOT_STARTED)
        with _progress(f"forgetting {client}", as_json):
            forget_client(workspace, forgotten)
    except (UnknownClientError, DamagedArchiveError) as error:
        _complain(str(error))
        raise typer.Exit(NOT_STARTED) from error
    except (OSError, DatabaseBusyError, TargetError) as error:
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


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def serve(
    context: typer.Context,
    service: Annotated[
        Service, typer.Argument(help="code: runs execute here; daemon: starts them; webserver: the UI.")
    ],
) -> None:
    """Become one service of a deployment; further options go to its Dagster command. See docs/deployment.md."""
    from pipelines.instance import code_server, service_command
    from pipelines.refresh import prepare_environment

    prepare_environment(_existing_workspace())
    os.environ.update(code_server())
    command = [*service_command(service.value), *context.args]
    # Dagster ends on SIGTERM as on SIGINT, which shells let their background jobs ignore
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.execv(command[0], command)


def _existing_workspace() -> Workspace:
    workspace = Workspace.from_environment()
    if not workspace.clients.is_dir():
        _complain(f"{workspace.home}: no workspace, it has no folder clients/; run `linkgap init` or set LINKGAP_HOME")
        raise typer.Exit(NOT_STARTED)
    return workspace


def _named_clients(workspace: Workspace, named: list[str]) -> list[str]:
    """The clients that arguments name; an empty list for all."""
    from pipelines.clients import client_file_names

    known = client_file_names(workspace.clients)
    unknown = [client_id for client_id in named if client_id not in known]
    for client_id in unknown:
        _complain(f"{client_id}: no client file {workspace.relative(workspace.clients)}/{client_id}.yaml")
    if unknown:
        raise typer.Exit(NOT_STARTED)
    return named


def _due_clients(workspace: Workspace, named: list[str], is_quiet: bool) -> list[str]:
    """Those of the named clients, or of all, that are due; says what keeps the others whose window is open."""
    from pipelines.clients import read_client_files
    from pipelines.due import standings
    from warehouse.connections import writing

    clients, _ = read_client_files(workspace.clients)
    chosen = {client_id: settings for client_id, settings in clients.items() if not named or client_id in named}
    with _progress("looking who is due", is_quiet), writing(workspace):
        found = standings(workspace, chosen, date.today())
    for one in found:
        if one.waits_for:
            _complain(f"warning: {one.client_id}: not refreshed yet, {one.waits_for}")
    return [one.client_id for one in found if one.is_ready]


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
    for title in ("client", "last refresh", "next window", "latest", "state", "open gaps", "truncated", "stale"):
        justify: Literal["left", "right"] = "right" if title in ("open gaps", "truncated", "stale") else "left"
        table.add_column(title, justify=justify, no_wrap=True)
    for one in statuses:
        table.add_row(
            one["client_id"],
            one["last_refreshed_on"] or "–",
            one["next_window_on"] or "–",
            one["latest_on"] or "–",
            f"{one['state']}, ready" if one["is_ready"] else one["state"],
            "–" if one["open_gaps"] is None else f"{one['open_gaps']:,}",
            str(one["truncated"]),
            str(one["stale"]),
        )
    # a pipe has no width to save
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    for one in statuses:
        for line in _shopping_lines(one):
            console.print(f"{one['client_id']}: {line}", markup=False, highlight=False, soft_wrap=True)


def _shopping_lines(status: dict[str, Any]) -> list[str]:
    """What to fetch for a client: in its window all that the next refresh waits for, before it what was wanting."""
    lines = []
    for one in status["shopping_list"]:
        is_awaited = one["is_required"] and status["state"] not in ("waiting", "never refreshed")
        if one["is_delivered"] or not (is_awaited or one["last_export"] in ("truncated", "stale")):
            continue
        what = (
            f"{one['provider']} {one['export_kind'].replace('_', ' ')} of {one['site']}"
            if one["provider"]
            else f"a list of links to {one['site']}"
        )
        why = {"truncated": "the last one was cut off", "stale": "the last refresh had none"}.get(one["last_export"])
        settles = f"settles up to {one['settles']:,} gaps" if one["settles"] else None
        lines.append(f"fetch {'; '.join(part for part in (what, why, settles) if part)}")
    lines.extend(f"{path}: cannot be used: {reason}" for path, reason in status["refused"].items())
    lines.extend(f"{path}: is still being copied" for path in status["growing"])
    return lines


@contextmanager
def _progress(text: str, is_quiet: bool = False) -> Iterator[None]:
    """A bar on a terminal, a line for each stage elsewhere, nothing where machines read."""
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from pipelines.progress import Progress, watched_by

    if not text or is_quiet:
        yield
    elif sys.stderr.isatty():
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(text, total=None)
            with watched_by(
                lambda at: bar.update(task, description=at.stage, completed=at.done, total=at.total or None)
            ):
                yield
    else:
        told: set[str] = set()

        def tell_stage(at: Progress) -> None:
            if at.stage not in told:
                told.add(at.stage)
                print(f"{datetime.now():%H:%M:%S} {at.stage}{f', {at.total}' if at.total else ''}", flush=True)

        with watched_by(tell_stage):
            yield


def _is_terminal() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin.isatty()


def _complain(message: str) -> None:
    """One line on standard error."""
    print(f"linkgap: {' '.join(message.split())}", file=sys.stderr)


if __name__ == "__main__":
    main()
