"""What starts runs by itself, and what a run does when something goes wrong on the way."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import refresh_inputs
from pipelines.assets import writer
from pipelines.assets.client_partitions import CLIENTS
from pipelines.assets.due_check import check_windows
from pipelines.assets.writer import POOL, WorkspaceWriter, retrying
from pipelines.definitions import defs
from pipelines.run_story import halves_of
from pipelines.runs import PROCESS_TAG, close_dead_runs, refreshes_of, run_config_for
from pipelines.schedules import new_exports, refresh_due_clients, split_failed_runs
from tests.conftest import Sandbox
from tests.exports_made import ahrefs_backlinks
from tests.world import Deliveries, World
from warehouse.connections import writing

LAST = date(2026, 1, 1)
NEXT = date(2026, 3, 10)
SITES = ("acme.com", "rival.com")


def _deliver(sandbox: Sandbox, client_id: str, day: date, *sites: str) -> None:
    for path, content in _lists(client_id, day, *sites).items():
        sandbox.deliver(path, content)


def _lists(client_id: str, day: date, *sites: str) -> dict[str, str]:
    return {
        f"{client_id}/{day}/{site}-backlinks-subdomains.csv": ahrefs_backlinks(
            {"Referring page URL": f"https://links-to-{site}/", "Target URL": f"https://{site}/"}
        )
        for site in sites
    }


CLIENT = "sites: [acme.com]\ncompetitors: [rival.com]\n"


def deliver_stories(world: Deliveries) -> None:
    for client_id in ("one", "two", "half"):
        world.client(client_id, CLIENT)
        for path, content in _lists(client_id, LAST, *SITES).items():
            world.deliver(path, content)


@pytest.fixture(scope="module")
def waiting(world: World, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Three clients: for two the next exports lie there, for the third one half of them."""
    sandbox = world.extract(tmp_path_factory.mktemp("schedules"), "one", "two", "half")
    for client_id in ("one", "two"):
        _deliver(sandbox, client_id, NEXT, *SITES)
    _deliver(sandbox, "half", NEXT, "acme.com")
    return sandbox


@pytest.fixture
def instance(waiting: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A Dagster storage that knows of no run yet."""
    monkeypatch.setenv("LINKGAP_HOME", str(waiting.workspace.home))
    with dg.DagsterInstance.local_temp(str(tmp_path)) as empty:
        yield empty


def _tick(instance: dg.DagsterInstance, day: date) -> list[dg.RunRequest | dg.SkipReason]:
    now = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    return list(refresh_due_clients(dg.build_schedule_context(instance=instance, scheduled_execution_time=now)))


def test_the_schedule_requests_one_run_for_all_who_are_due(instance: dg.DagsterInstance) -> None:
    (request,) = _tick(instance, date(2026, 3, 15))
    assert isinstance(request, dg.RunRequest)
    assert request.run_config == run_config_for(["one/2026-03-10", "two/2026-03-10"])


def test_the_schedule_waits_for_the_window(instance: dg.DagsterInstance) -> None:
    (answer,) = _tick(instance, LAST + timedelta(days=59))
    assert isinstance(answer, dg.SkipReason)


def test_missed_ticks_catch_up_once(instance: dg.DagsterInstance) -> None:
    """Three days of downtime: whichever tick comes first requests the run, the others find it in the queue."""
    requests = []
    for day in (13, 14, 15):
        (answer,) = _tick(instance, date(2026, 3, day))
        if isinstance(answer, dg.RunRequest):
            requests.append(answer)
            _created(instance, answer)
    assert len(requests) == 1


def test_the_schedule_leaves_the_inbox_alone_while_somebody_writes(
    instance: dg.DagsterInstance, waiting: Sandbox
) -> None:
    with writing(waiting.workspace):
        (answer,) = _tick(instance, date(2026, 3, 15))
    assert isinstance(answer, dg.SkipReason)
    assert "writes to the workspace" in str(answer.skip_message)


def _look(instance: dg.DagsterInstance, cursor: str | None) -> Any:
    return new_exports(dg.build_sensor_context(instance=instance, cursor=cursor))


def test_the_sensor_takes_files_that_two_looks_found_unchanged(instance: dg.DagsterInstance, waiting: Sandbox) -> None:
    first = _look(instance, None)
    assert not first.run_requests
    second = _look(instance, first.cursor)
    (request,) = second.run_requests
    # today is past the window of all three
    assert refreshes_of(_created(instance, request)) == ["one/2026-03-10", "two/2026-03-10"]
    # while that run is under way, and as long as nothing changes, nobody asks again
    third = _look(instance, second.cursor)
    assert not third.run_requests
    # the missing half arrives: the first look sees it, the second takes it
    _deliver(waiting, "half", NEXT, "rival.com")
    fourth = _look(instance, third.cursor)
    assert not fourth.run_requests
    (late,) = _look(instance, fourth.cursor).run_requests
    assert late.run_config == run_config_for(["half/2026-03-10"])
    (waiting.workspace.inbox / f"half/{NEXT}/rival.com-backlinks-subdomains.csv").unlink()


def _created(instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.DagsterRun:
    return instance.create_run_for_job(defs.resolve_job_def("refresh"), run_config=request.run_config)


def test_partitions_follow_the_client_files(instance: dg.DagsterInstance, waiting: Sandbox) -> None:
    assert CLIENTS.name
    instance.add_dynamic_partitions(CLIENTS.name, ["gone"])
    _tick(instance, LAST)
    assert set(instance.get_dynamic_partitions(CLIENTS.name)) == {"one", "two", "half"}


def test_an_overdue_client_fails_the_check_which_names_what_is_missing(instance: dg.DagsterInstance) -> None:
    assert check_windows(WorkspaceWriter(), LAST + timedelta(days=90)).passed
    late = check_windows(WorkspaceWriter(), LAST + timedelta(days=91))
    assert not late.passed
    overdue = late.metadata["overdue"].value
    assert isinstance(overdue, dict)
    assert overdue["half/2026-01-01"]["missing"] == ["ahrefs backlinks of rival.com"]
    assert late.metadata["ready"].value == ["one/2026-03-10", "two/2026-03-10"]


def test_a_run_whose_process_is_gone_is_closed(instance: dg.DagsterInstance) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    tag = f"{socket.gethostname()}:{gone.pid}"
    job = defs.resolve_job_def("refresh")
    dead = instance.create_run_for_job(job, tags={PROCESS_TAG: tag}, status=dg.DagsterRunStatus.STARTED)
    alive = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    close_dead_runs(instance, second_look_seconds=0)
    found = {run.run_id: run.status for run in instance.get_runs()}
    assert found[dead.run_id] == dg.DagsterRunStatus.FAILURE
    assert found[alive.run_id] == dg.DagsterRunStatus.STARTED


def test_writers_wait_in_one_pool(instance: dg.DagsterInstance) -> None:
    _tick(instance, LAST)
    (pool,) = [one for one in instance.event_log_storage.get_pool_limits() if one.name == POOL]
    assert pool.limit == 1
    steps = {node.name: node.definition.pool for node in defs.resolve_job_def("refresh").nodes}  # type: ignore[union-attr]
    assert set(steps.values()) == {POOL}


@pytest.mark.parametrize(
    ("names", "halves"),
    [
        (["a/2026-01-01", "a/2026-03-01"], []),
        (["a/2026-01-01", "a/2026-03-01", "b/2026-01-01"], [["a/2026-01-01", "a/2026-03-01"], ["b/2026-01-01"]]),
        (["c/2026-01-01", "a/2026-01-01", "b/2026-01-01"], [["a/2026-01-01"], ["c/2026-01-01", "b/2026-01-01"]]),
    ],
)
def test_halves_keep_clients_whole(names: list[str], halves: list[list[str]]) -> None:
    assert halves_of(names) == halves


@pytest.mark.parametrize(
    ("names", "tags", "requested"),
    [
        (["a/2026-01-01", "b/2026-01-01"], {}, [["a/2026-01-01"], ["b/2026-01-01"]]),
        (["a/2026-01-01"], {}, []),
        # `linkgap refresh` splits its runs itself
        (["a/2026-01-01", "b/2026-01-01"], {PROCESS_TAG: "host:1"}, []),
    ],
)
def test_a_failed_run_of_a_daemon_is_split(
    instance: dg.DagsterInstance, names: list[str], tags: dict[str, str], requested: list[list[str]]
) -> None:
    job = defs.resolve_job_def("refresh")
    run = instance.create_run_for_job(job, run_config=run_config_for(names), tags=tags)
    event = dg.DagsterEvent(event_type_value="PIPELINE_FAILURE", job_name="refresh", message="failed")
    context = dg.build_run_status_sensor_context(
        "split_failed_runs", event, instance, run, repository_def=defs.get_repository_def()
    ).for_run_failure()
    answers = [one for one in split_failed_runs(context) if isinstance(one, dg.RunRequest)]
    assert [one.run_config for one in answers] == [run_config_for(half) for half in requested]


@pytest.fixture
def clients_to_run(sandbox: Sandbox) -> Sandbox:
    for client_id in ("bad", "fine", "good"):
        sandbox.client(client_id, CLIENT)
        _deliver(sandbox, client_id, LAST, *SITES)
    return sandbox


def test_a_client_that_cannot_be_taken_in_is_reported_alone_and_run_again_alone(
    clients_to_run: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_in = refresh_inputs.take_in

    def take_in(connection: Any, workspace: Any, manifest: Any) -> Any:
        if manifest.client_id == "bad":
            raise RuntimeError("the disk of this client is upside down")
        return taken_in(connection, workspace, manifest)

    monkeypatch.setattr(refresh_inputs, "take_in", take_in)
    outcome = clients_to_run.refresh()
    assert outcome.published == ["fine/2026-01-01", "good/2026-01-01"]
    (problem,) = outcome.problems
    assert problem.startswith("clients/bad.yaml: not published, readers keep the state before: ")
    assert "upside down" in problem
    monkeypatch.undo()
    assert clients_to_run.refresh().published == ["bad/2026-01-01"]


def test_a_run_that_fails_is_split_until_the_client_at_fault_stands_alone(
    clients_to_run: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = refresh_inputs.settle_ubiquity

    def settle(connection: Any, workspace: Any, manifests: Any, history: Any) -> Any:
        if "bad" in {one.client_id for one in manifests}:
            raise ValueError("nobody foresaw this")
        return settled(connection, workspace, manifests, history)

    monkeypatch.setattr(refresh_inputs, "settle_ubiquity", settle)
    outcome = clients_to_run.refresh()
    assert outcome.published == ["fine/2026-01-01", "good/2026-01-01"]
    (problem,) = outcome.problems
    assert problem.startswith("bad/2026-01-01: step landed_exports failed: ")
    assert "nobody foresaw this" in problem


def _run(home: Path, step: Callable[[dg.AssetExecutionContext], None]) -> dg.ExecuteInProcessResult:
    """Run one step that writes to the workspace."""

    @dg.asset
    def written(context: dg.AssetExecutionContext, writer: WorkspaceWriter) -> None:
        with retrying(context):
            step(context)

    with dg.DagsterInstance.local_temp(str(home)) as instance:
        return dg.materialize(
            [written], instance=instance, resources={"writer": WorkspaceWriter()}, raise_on_error=False
        )


def test_what_may_pass_is_tried_again_and_bad_input_is_not(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKGAP_HOME", str(sandbox.workspace.home))
    monkeypatch.setattr(writer, "FIRST_RETRY_SECONDS", 0.01)
    troubles: list[Exception] = [ValueError("bad input"), ConnectionError("away"), TimeoutError("still away")]

    def step(_: dg.AssetExecutionContext) -> None:
        if troubles:
            raise troubles.pop(0)

    assert not _run(tmp_path_factory.mktemp("first"), step).success
    assert len(troubles) == 2
    assert _run(tmp_path_factory.mktemp("second"), step).success
    assert troubles == []


def test_a_second_writer_waits_for_the_first(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKGAP_HOME", str(sandbox.workspace.home))
    has_started, released_at, began_at = threading.Event(), [], []

    def write() -> None:
        with writing(sandbox.workspace):
            has_started.set()
            time.sleep(3)
            released_at.append(time.monotonic())

    first = threading.Thread(target=write)
    first.start()
    has_started.wait()
    (tmp_path / "storage").mkdir()
    assert _run(tmp_path / "storage", lambda _: began_at.append(time.monotonic())).success
    first.join()
    assert began_at[0] > released_at[0]


def test_every_step_of_a_refresh_holds_the_writers_lock() -> None:
    """Else the two tests above would say nothing of a refresh."""
    steps = defs.resolve_job_def("refresh").nodes
    assert {
        node.name
        for node in steps
        if "writer" not in node.definition.required_resource_keys  # type: ignore[attr-defined]
    } == set()
