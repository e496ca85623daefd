"""Runs in PostgreSQL, on a real server, with the services of a deployment: what is kept, and who sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.generate import REFRESHED_ON, write_tiny
from tests.conftest import Sandbox
from tests.postgres_server import free_port, rows, running_server
from warehouse.layout import CHECKOUT, Workspace

pytestmark = pytest.mark.servers

PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.fixture(scope="module")
def deployment(postgres_url: str, make_sandbox: Callable[[str], Sandbox]) -> tuple[Sandbox, dict[str, str]]:
    """A workspace after one `linkgap refresh` of the first of two clients, and the environment of its processes."""
    sandbox = make_sandbox("deployment")
    write_tiny(sandbox.workspace.home, 2)
    environment = {
        **os.environ,
        "LINKGAP_HOME": str(sandbox.workspace.home),
        "LINKGAP_POSTGRES_URL": postgres_url,
        "LINKGAP_CODE_PORT": str(free_port()),
    }
    done = linkgap(environment, "refresh", "tiny-001", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["published"] == [f"tiny-001/{REFRESHED_ON}"]
    return sandbox, environment


def linkgap(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAMS / "linkgap"), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_a_refresh_is_kept_in_postgresql_and_nowhere_else(
    deployment: tuple[Sandbox, dict[str, str]], postgres_url: str
) -> None:
    """Else a deployment's runs would be scattered, or lost with a container."""
    sandbox, _ = deployment
    (run,) = rows(postgres_url, "select run_id, status from runs where pipeline_name = 'refresh'")
    assert run[1] == "SUCCESS"
    events = "select distinct asset_key from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION'"
    assert ('["published", "linkgap"]',) in rows(postgres_url, f"{events} and run_id = '{run[0]}'")
    assert rows(postgres_url, f"{events} and partition = 'tiny-001'") == [('["published", "client_refreshes"]',)]
    # one for each client file, refreshed or not
    assert rows(postgres_url, "select partitions_def_name, partition from dynamic_partitions order by partition") == [
        ("clients", "tiny-001"),
        ("clients", "tiny-002"),
    ]
    assert sandbox.query("select client_id from marts.refreshes") == [("tiny-001",)]
    assert [path.name for path in sandbox.workspace.dagster_home.rglob("*.db*")] == []
    settings = (sandbox.workspace.dagster_home / "dagster.yaml").read_text(encoding="utf-8")
    assert postgres_url not in settings, "the password stands in a file"


def test_a_command_that_lost_the_variable_starts_nothing(deployment: tuple[Sandbox, dict[str, str]]) -> None:
    """Else a refresh from another shell would begin a second history in SQLite."""
    sandbox, environment = deployment
    done = linkgap({**environment, "LINKGAP_POSTGRES_URL": ""}, "refresh", "tiny-002")
    assert done.returncode == 2
    assert "LINKGAP_POSTGRES_URL is not set" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in sandbox.workspace.dagster_home.rglob("*.db*")] == []


@contextmanager
def service(environment: dict[str, str], log: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [str(PROGRAMS / "linkgap"), "serve", *arguments],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


def ask(port: int, query: str, **variables: Any) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    assert "errors" not in found, found
    data: dict[str, Any] = found["data"]
    return data


def until(what: Callable[[], Any], seconds: float, log: Callable[[], str]) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.5)
    raise AssertionError(log())


def is_healthy(environment: dict[str, str], name: str, port: str) -> bool:
    """Ask as the containers' engine asks, at the port of this test."""
    compose = yaml.safe_load((CHECKOUT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    _, program, *arguments = compose["services"][name]["healthcheck"]["test"]
    command = [str(PROGRAMS / program), *(port if one == "4000" else one for one in arguments)]
    home = Workspace(Path(environment["LINKGAP_HOME"])).dagster_home
    asked = subprocess.run(command, env={**environment, "DAGSTER_HOME": str(home)}, capture_output=True, check=False)
    return asked.returncode == 0


def test_the_services_see_the_runs_of_others_and_run_jobs(
    deployment: tuple[Sandbox, dict[str, str]], postgres_url: str, tmp_path: Path
) -> None:
    """Else the UI of a deployment is empty, or what is started there never runs."""
    sandbox, environment = deployment
    port = free_port()

    def logs() -> str:
        return "\n".join(path.read_text(encoding="utf-8")[-4000:] for path in sorted(tmp_path.glob("*.log")))

    with (
        service(environment, tmp_path / "code.log", "code"),
        service(environment, tmp_path / "daemon.log", "daemon"),
        service(environment, tmp_path / "webserver.log", "webserver", "--port", str(port)),
    ):
        locations = (
            "{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename } } } } }"
        )
        loaded = {"name": "linkgap", "locationOrLoadError": {"__typename": "RepositoryLocation"}}
        reload = "mutation { reloadWorkspace { __typename } }"

        def is_loaded() -> bool:
            if ask(port, locations)["workspaceOrError"]["locationEntries"] == [loaded]:
                return True
            ask(port, reload)
            return False

        until(is_loaded, 120, logs)
        for name, number in (("code", environment["LINKGAP_CODE_PORT"]), ("daemon", "")):
            until(lambda: is_healthy(environment, name, number), 120, logs)  # noqa: B023
        seen = ask(port, "{ runsOrError { ... on Runs { results { jobName status } } } }")
        assert seen["runsOrError"]["results"] == [{"jobName": "refresh", "status": "SUCCESS"}]

        launch = """mutation ($config: RunConfigData!) { launchRun(executionParams: {
            selector: {
                repositoryLocationName: "linkgap", repositoryName: "__repository__", jobName: "refresh"
            }, runConfigData: $config
        }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
        config = {"ops": {"landed_exports": {"config": {"refreshes": [f"tiny-002/{REFRESHED_ON}"]}}}}
        launched = ask(port, launch, config=config)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        status = f"select status from runs where run_id = '{launched['run']['runId']}'"
        ended = ("SUCCESS", "FAILURE", "CANCELED")
        until(lambda: rows(postgres_url, status)[0][0] in ended, 240, logs)
        assert rows(postgres_url, status) == [("SUCCESS",)], logs()
    assert ("tiny-002",) in sandbox.query("select client_id from marts.refreshes")
    assert [path.name for path in sandbox.workspace.dagster_home.rglob("*.db*")] == []
