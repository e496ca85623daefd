"""The Dagster UI in a real browser: its pages load without an error, and nothing in them is red.

`LINKGAP_SCREENSHOTS` names a folder for pictures of what was seen.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.browser import errors_in_console, headless_chromium
from tests.conftest import Sandbox
from tests.exports_made import ahrefs_backlinks

pytestmark = pytest.mark.servers

LINKGAP = Path(sys.executable).parent / "linkgap"
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def refreshed(make_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    """Two clients, refreshed so lately that nobody is due."""
    sandbox = make_sandbox("ui")
    day = date.today() - timedelta(days=10)
    for client_id in ("acme", "beta"):
        sandbox.client(client_id, "sites: [acme.com]\ncompetitors: [rival.com]\n")
        for site in ("acme.com", "rival.com"):
            row = {
                "Referring page URL": f"https://links-to-{site}/",
                "Target URL": f"https://{site}/",
                "Last seen": f"{day} 08:00:00",
            }
            sandbox.deliver(f"{client_id}/{day}/{site}-backlinks-subdomains.csv", ahrefs_backlinks(row))
    assert sandbox.refresh().problems == []
    return sandbox


@pytest.fixture(scope="module")
def address(refreshed: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`linkgap ui` on that workspace."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("ui") / "log"
    environment = {**os.environ, "LINKGAP_HOME": str(refreshed.workspace.home)}
    with log.open("wb") as sink, _started([str(LINKGAP), "ui", "--port", str(port)], environment, sink):
        address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + PATIENCE_SECONDS
        while not _is_loaded(address):
            assert time.monotonic() < end, log.read_text(encoding="utf-8")[-3000:]
            time.sleep(1)
        yield address


@contextmanager
def _started(command: list[str], environment: dict[str, str], sink: Any) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=sink, stderr=sink, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _ask(address: str, query: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{address}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
        return data


def _is_loaded(address: str) -> bool:
    try:
        return bool(_ask(address, "{ assetNodes { id } }")["assetNodes"])
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chrome:
        chrome.set_window_size(1600, 1000)
        yield chrome


def test_no_asset_and_no_check_is_red(address: str) -> None:
    nodes = _ask(
        address,
        "{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId } assetChecksOrError { "
        "... on AssetChecks { checks { name executionForLatestMaterialization { status } } } } } }",
    )["assetNodes"]
    statuses = {
        (*node["assetKey"]["path"], check["name"]): (check["executionForLatestMaterialization"] or {}).get("status")
        for node in nodes
        for check in node["assetChecksOrError"].get("checks", [])
    }
    assert statuses
    # windows are looked at every morning, not by a refresh
    assert statuses.pop(("published", "client_refreshes", "refreshed_in_time")) is None
    assert {check: status for check, status in statuses.items() if status != "SUCCEEDED"} == {}
    # a dashboard is started by people, not by runs; no copy in PostgreSQL is asked for here
    assert sorted(node["assetKey"]["path"] for node in nodes if not node["assetMaterializations"]) == [
        ["published", "gap_dashboard"],
        ["published", "postgresql"],
    ]


def _pages(address: str) -> dict[str, tuple[str, str]]:
    """Name → path, and a word that stands there once the page is whole."""
    (run,) = _ask(address, "{ runsOrError { ... on Runs { results { runId } } } }")["runsOrError"]["results"]
    return {
        "asset-graph": ("/asset-groups", "priorities"),
        "run": (f"/runs/{run['runId']}", "landed_exports"),
        "client-partition": ("/assets/published/client_refreshes?view=partitions&partition=acme", "next_window_on"),
        "checks": ("/assets/published/linkgap?view=checks", "usual_rejections"),
        "automation": ("/automation", "new_exports"),
    }


@pytest.mark.parametrize("page", ["asset-graph", "run", "client-partition", "checks", "automation"])
def test_a_page_loads_without_an_error(browser: webdriver.Chrome, address: str, page: str, tmp_path: Path) -> None:
    path, word = _pages(address)[page]
    browser.get(address + path)
    end = time.monotonic() + PATIENCE_SECONDS
    while word not in (text := browser.find_element(By.TAG_NAME, "body").text):
        assert time.monotonic() < end, text
        time.sleep(0.5)
    time.sleep(3)  # what moves comes to rest before the picture is taken
    pictures = Path(os.environ.get("LINKGAP_SCREENSHOTS") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    assert browser.save_screenshot(str(pictures / f"{page}.png"))
    assert errors_in_console(browser) == []
    assert "Failed (0)" in text or "Failed" not in text
